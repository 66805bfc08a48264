"""A non-blocking socket with a bounded queue of what it could not send yet."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum

Part = bytes | bytearray | memoryview


class Overflow(Enum):
    """What to do when a reader is slower than the world."""

    DROP_OLDEST = "drop oldest"
    """Pictures: a late reader gets the latest ones."""
    DISCONNECT = "disconnect"
    """Replies: every one counts, so a reader that never reads loses the connection."""


class ReaderTooSlowError(ConnectionError):
    """The peer has let more than the permitted number of bytes pile up."""


class Outbox:
    """Sends whole messages in order, at once where the socket takes them, from a queue where it does not.

    Args:
        sock: non-blocking stream socket.
        byte_limit: most bytes that may wait; the message being sent does not count.
        overflow: what happens beyond that.
        watch_writable: called with True when bytes start to wait and with False when none wait any more.
    """

    def __init__(
        self, sock: socket.socket, byte_limit: int, overflow: Overflow, watch_writable: Callable[[bool], None]
    ) -> None:
        self._sock = sock
        self._byte_limit = byte_limit
        self._overflow = overflow
        self._watch_writable = watch_writable
        self._waiting: deque[memoryview] = deque()
        self._waiting_bytes = 0
        self._head_started = False

    def send(self, parts: Sequence[Part]) -> None:
        """Send one message given in parts, without joining them; what the socket does not take is copied.

        Raises:
            ConnectionError: the peer is gone, or too slow under ``Overflow.DISCONNECT``.
        """
        if self._waiting:
            self._enqueue(memoryview(b"".join(parts)), started=False)
            return
        sent = self._send_now(parts)
        total = sum(map(len, parts))
        if sent < total:
            # The copy frees the caller's buffer: it may be painted over while these bytes wait.
            rest: list[Part] = []
            for part in parts:
                if sent < len(part):
                    rest.append(memoryview(part)[sent:])
                    sent = 0
                else:
                    sent -= len(part)
            self._enqueue(memoryview(b"".join(rest)), started=True)
            self._watch_writable(True)

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it."""
        while self._waiting:
            head = self._waiting[0]
            sent = self._send_now((head,))
            self._waiting_bytes -= sent
            if sent < len(head):
                self._waiting[0] = head[sent:]
                self._head_started = self._head_started or sent > 0
                return
            self._waiting.popleft()
            self._head_started = False
        self._watch_writable(False)

    def _send_now(self, parts: Sequence[Part]) -> int:
        try:
            return self._sock.sendmsg(parts)
        except (BlockingIOError, InterruptedError):
            return 0

    def _enqueue(self, message: memoryview, started: bool) -> None:
        if self._waiting_bytes + len(message) > self._byte_limit and self._waiting:
            if self._overflow is Overflow.DISCONNECT:
                raise ReaderTooSlowError(f"{self._waiting_bytes} bytes wait for a peer that does not read")
            self._drop_oldest(len(message))
        if not self._waiting:
            self._head_started = started
        self._waiting.append(message)
        self._waiting_bytes += len(message)

    def _drop_oldest(self, needed: int) -> None:
        """Make room; a message of which a part has left must be finished or the stream loses its framing."""
        kept = [self._waiting.popleft()] if self._head_started else []
        while self._waiting and self._waiting_bytes + needed > self._byte_limit:
            self._waiting_bytes -= len(self._waiting.popleft())
        self._waiting.extendleft(kept)
