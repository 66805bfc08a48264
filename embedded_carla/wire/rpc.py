"""msgpack-rpc over TCP, server side: requests in, replies out, and the three shapes of a CARLA reply.

request  [0, id, method, [metadata, arguments...]]      metadata = [True]: the client ignores the reply
response [1, id, error or nil, result]
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack

from embedded_carla.wire.outbox import Outbox, Overflow

RECEIVE_BYTES = 1 << 18
LARGEST_MESSAGE_BYTES = 256 << 20
LARGEST_COUNT = 100_000
"""Most items of one array: a few bytes of rubbish must not make the decoder reserve gigabytes."""
REPLY_QUEUE_BYTES = 256 << 20


class CallFailedError(Exception):
    """Answered as CARLA's own failure: the client raises ``RuntimeError`` with this text."""


class ProtocolError(ConnectionError):
    """The peer does not speak msgpack-rpc."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a client."""

    message_id: int
    method: str
    arguments: list[Any]
    reply_ignored: bool


def value_reply(value: object) -> list[object]:
    """Success of a call that returns a value."""
    return [[1, value]]


def value_failure(message: str) -> list[object]:
    """Failure of a call that returns a value."""
    return [[0, [message]]]


def void_reply() -> list[object]:
    """Success of a call that returns nothing."""
    return [[False]]


def void_failure(message: str) -> list[object]:
    """Failure of a call that returns nothing."""
    return [[True, [message]]]


class RpcConnection:
    """One client connection: strict order of requests, replies by id."""

    def __init__(self, sock: socket.socket, watch_writable: Callable[[bool], None]) -> None:
        self.sock = sock
        self.requests: deque[Request] = deque()
        self.open = True
        self._outbox = Outbox(sock, REPLY_QUEUE_BYTES, Overflow.DISCONNECT, watch_writable)
        self._packer = msgpack.Packer(unicode_errors="surrogateescape")
        self._unpacker = msgpack.Unpacker(
            raw=False,
            unicode_errors="surrogateescape",
            strict_map_key=False,
            max_buffer_size=LARGEST_MESSAGE_BYTES,
            max_array_len=LARGEST_COUNT,
            max_map_len=LARGEST_COUNT,
        )

    def receive(self) -> None:
        """Read what has arrived and queue the complete requests.

        Raises:
            ConnectionError: the peer has closed, or sent something that is not msgpack-rpc.
        """
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        if not data:
            raise ConnectionResetError("closed by the client")
        try:
            self._unpacker.feed(data)
            for message in self._unpacker:
                self.requests.append(parse_request(message))
        except ProtocolError:
            raise
        except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as error:
            raise ProtocolError(f"not msgpack-rpc: {error!r}") from error

    def reply(self, request: Request, result: object) -> None:
        """Send the result of a call.

        Raises:
            ConnectionError: the peer is gone or does not read.
        """
        self._outbox.send((self._packer.pack((1, request.message_id, None, result)),))

    def reply_error(self, request: Request, message: str) -> None:
        """Send an rpc-level error."""
        self._outbox.send((self._packer.pack((1, request.message_id, message, None)),))

    def flush(self) -> None:
        """Send replies that waited for the socket."""
        self._outbox.flush()


def parse_request(message: object) -> Request:
    """Check the frame of one decoded message.

    Raises:
        ProtocolError: it is not a request with CARLA's metadata in front of its arguments.
    """
    if not (isinstance(message, list) and len(message) == 4 and message[0] == 0):
        raise ProtocolError("a request is [0, id, method, arguments]")
    _, message_id, method, arguments = message
    if not (isinstance(message_id, int) and isinstance(method, str) and isinstance(arguments, list)):
        raise ProtocolError("a request is [0, integer id, method name, list of arguments]")
    reply_ignored = False
    if arguments:
        metadata = arguments[0]
        if isinstance(metadata, list) and len(metadata) == 1 and isinstance(metadata[0], bool):
            reply_ignored = metadata[0]
            arguments = arguments[1:]
    return Request(message_id, method, arguments, reply_ignored)
