"""When a tick must wait: the two rules without which a quick server loses first frames and crashes clients.

1. ``sensor.listen()`` returns before its connection exists. A tick waits for such announced subscriptions.
2. After a change of world the client's episode is gone until it has subscribed to the world stream again; a
   state that arrives in between crashes it. Nothing ticks in this silence.
"""

from __future__ import annotations

from embedded_carla.wire.streams import StreamHub

LONGEST_HOLD_S = 1.0
"""How long a tick waits. Subscriptions take a millisecond; on a crowded machine hundreds of them."""
LONGEST_SILENCE_S = 3.0
"""How long the world waits for a client that has loaded it and never came back."""


class TickGate:
    """Opens and closes for ticks. All times are of one monotonic clock, s."""

    def __init__(self, hub: StreamHub) -> None:
        self._hub = hub
        self._hold_until_s: float | None = None
        self._silent_until_s: float | None = None

    def begin_silence(self, now_s: float) -> None:
        """The world has changed."""
        self._hub.forget_announcements()
        self._silent_until_s = now_s + LONGEST_SILENCE_S

    def end_silence(self) -> None:
        """A client has subscribed to the world stream."""
        self._silent_until_s = None

    def is_silent(self, now_s: float) -> bool:
        """True after a change of world."""
        if self._silent_until_s is not None and now_s >= self._silent_until_s:
            self._silent_until_s = None
        return self._silent_until_s is not None

    def must_hold(self, now_s: float) -> bool:
        """True while a client's tick must wait; each wait ends by itself."""
        if self.is_silent(now_s):
            return True
        if not self._hub.subscriptions_pending:
            self._hold_until_s = None
            return False
        if self._hold_until_s is None:
            self._hold_until_s = now_s + LONGEST_HOLD_S
        if now_s < self._hold_until_s:
            return True
        self._hub.forget_announcements()
        self._hold_until_s = None
        return False

    def release(self) -> None:
        """Nobody waits any more: the next wait has its full time."""
        self._hold_until_s = None

    def next_change_s(self) -> float | None:
        """When the gate opens at the latest, None if it is open."""
        times = [t for t in (self._hold_until_s, self._silent_until_s) if t is not None]
        return min(times) if times else None
