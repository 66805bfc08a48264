"""Streams: who listens to which sensor, and sending to them.

A client asks for a stream's token, then connects in the background and sends the stream's number; from then
on it receives ``u32 length`` + payload. Between the two it believes that it listens already: such *announced*
subscriptions are counted, so that the world can wait for them and no first frame is lost.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.wire.outbox import Outbox, Overflow, Part

STREAM_QUEUE_BYTES = 64 << 20
"""Most bytes that wait for one slow reader; beyond that it gets the latest messages only."""
_LENGTH_BYTES = 4
_TCP = 1


def token(stream_id: int, port: int) -> bytes:
    """24 bytes by which a client finds a stream. No address: the client uses the host it used for its
    calls."""
    return tables.TOKEN.pack(stream_id, port, _TCP, 0, b"")


def stream_of(token_bytes: bytes) -> int:
    """Stream number inside a token."""
    return int(tables.TOKEN.unpack(token_bytes)[0])


class Subscriber:
    """One connection to one stream, or one that has not yet said to which."""

    def __init__(self, sock: socket.socket, watch_writable: Callable[[bool], None]) -> None:
        self.sock = sock
        self.stream_id: int | None = None
        self.outbox = Outbox(sock, STREAM_QUEUE_BYTES, Overflow.DROP_OLDEST, watch_writable)
        self._greeting = b""

    def receive(self) -> bool:
        """Read from the client.

        Returns:
            True once, when the stream's number is complete.

        Raises:
            ConnectionError: the client has unsubscribed.
        """
        try:
            data = self.sock.recv(64)
        except (BlockingIOError, InterruptedError):
            return False
        if not data:
            raise ConnectionResetError("unsubscribed")
        if self.stream_id is not None:
            return False
        self._greeting += data
        if len(self._greeting) < _LENGTH_BYTES:
            return False
        self.stream_id = int.from_bytes(self._greeting[:_LENGTH_BYTES], "little")
        return True


class StreamHub:
    """All subscriptions.

    Args:
        drop: called with a subscriber whose connection has failed.
    """

    def __init__(self, drop: Callable[[Subscriber], None]) -> None:
        self._drop = drop
        self._subscribers: dict[int, list[Subscriber]] = {}
        self._announced: dict[int, int] = {}

    def announce(self, stream_id: int) -> None:
        """A client will subscribe to this stream in a moment."""
        self._announced[stream_id] = self._announced.get(stream_id, 0) + 1

    def add(self, subscriber: Subscriber) -> None:
        """A subscription has arrived."""
        assert subscriber.stream_id is not None
        self._subscribers.setdefault(subscriber.stream_id, []).append(subscriber)
        left = self._announced.pop(subscriber.stream_id, 0) - 1
        if left > 0:
            self._announced[subscriber.stream_id] = left

    def remove(self, subscriber: Subscriber) -> None:
        """A subscription has ended."""
        if subscriber.stream_id is None:
            return
        listeners = self._subscribers.get(subscriber.stream_id, [])
        if subscriber in listeners:
            listeners.remove(subscriber)
        if not listeners:
            self._subscribers.pop(subscriber.stream_id, None)

    @property
    def subscriptions_pending(self) -> bool:
        """True while an announced subscription has not arrived."""
        return bool(self._announced)

    def forget_announcements(self) -> None:
        """Stop waiting for clients that announced a subscription and never came."""
        self._announced.clear()

    def has_listener(self, stream_id: int) -> bool:
        """True if anybody listens."""
        return stream_id in self._subscribers

    def publish(self, stream_id: int, parts: Sequence[Part]) -> None:
        """Send one message to every listener of a stream; none of them can hold the others up."""
        listeners = self._subscribers.get(stream_id)
        if listeners is None:
            return
        message = framed(parts)
        for subscriber in tuple(listeners):
            self._send(subscriber, message)

    def send_to(self, subscriber: Subscriber, parts: Sequence[Part]) -> None:
        """Send one message to one listener."""
        self._send(subscriber, framed(parts))

    def _send(self, subscriber: Subscriber, message: Sequence[Part]) -> None:
        try:
            subscriber.outbox.send(message)
        except OSError:
            self._drop(subscriber)


def framed(parts: Sequence[Part]) -> list[Part]:
    """Put the length in front of a message."""
    return [sum(map(len, parts)).to_bytes(_LENGTH_BYTES, "little"), *parts]
