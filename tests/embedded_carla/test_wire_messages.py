"""Packed layouts, framing and queues, without a client."""

from __future__ import annotations

import socket
import struct

import msgpack
import pytest

from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.wire.outbox import Outbox, Overflow, ReaderTooSlowError
from embedded_carla.wire.pacing import TickGate
from embedded_carla.wire.rpc import ProtocolError, RpcConnection
from embedded_carla.wire.streams import StreamHub, Subscriber, stream_of, token


def test_packed_sizes_are_those_of_the_protocol() -> None:
    assert tables.SENSOR_HEADER.size == 48
    assert tables.EPISODE_STATE_HEADER.size == 36
    assert tables.ACTOR_KINEMATICS.size == 65
    assert tables.VEHICLE_UNION.size == len(tables.EMPTY_UNION) == 54
    assert tables.IMAGE_HEADER.size == 12
    assert tables.TOKEN.size == 24


def test_vehicle_fields_lie_at_their_offsets() -> None:
    record = tables.ACTOR_KINEMATICS.pack(7, 1, *range(15)) + tables.VEHICLE_UNION.pack(
        0.5, -0.25, 0.75, True, False, True, 3, 30.0, 2, False, 9, 0
    )
    assert len(record) == 119
    assert struct.unpack_from("<f", record, 69) == (-0.25,)
    assert struct.unpack_from("<i", record, 80) == (3,)
    assert struct.unpack_from("<f", record, 84) == (30.0,)
    assert struct.unpack_from("<I", record, 90) == (9,)


def test_token_names_stream_and_port_without_an_address() -> None:
    packed = token(77, 2001)
    assert stream_of(packed) == 77
    assert struct.unpack("<IHBB16s", packed) == (77, 2001, 1, 0, bytes(16))


def _pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(2.0)
    return ours, theirs


def _read(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += sock.recv(count - len(data))
    return data


def test_outbox_keeps_order_and_content_when_the_reader_is_slow() -> None:
    ours, theirs = _pair()
    outbox = Outbox(ours, 1 << 30, Overflow.DROP_OLDEST, lambda _on: None)
    messages = [bytes([k]) * 300_000 for k in range(8)]
    for message in messages:
        buffer = bytearray(message)
        outbox.send((b"head", buffer))
        buffer[:] = bytes(len(buffer))  # painted over, as a renderer does with its next picture
    for message in messages:
        outbox.flush()
        got = b""
        while len(got) < len(message) + 4:
            got += theirs.recv(len(message) + 4 - len(got))
            outbox.flush()
        assert got == b"head" + message


def test_outbox_gives_a_late_reader_whole_messages_and_the_latest() -> None:
    ours, theirs = _pair()
    outbox = Outbox(ours, 1_000_000, Overflow.DROP_OLDEST, lambda _on: None)
    size = 400_000
    for k in range(20):
        outbox.send((bytes([k]) * size,))
    ours.setblocking(True)
    seen = []
    theirs.settimeout(0.2)
    while True:
        outbox._sock.setblocking(False)
        outbox.flush()
        try:
            message = _read_slowly(theirs, outbox, size)
        except TimeoutError:
            break
        assert len(set(message)) == 1
        seen.append(message[0])
    assert seen == sorted(seen)
    assert seen[0] == 0 and seen[-1] == 19 and len(seen) < 20


def _read_slowly(sock: socket.socket, outbox: Outbox, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += sock.recv(count - len(data))
        outbox.flush()
    return data


def test_outbox_of_replies_refuses_a_peer_that_never_reads() -> None:
    ours, theirs = _pair()
    outbox = Outbox(ours, 1_000_000, Overflow.DISCONNECT, lambda _on: None)
    with pytest.raises(ReaderTooSlowError):
        for _ in range(20):
            outbox.send((bytes(400_000),))
    theirs.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        bytes(range(256)) * 16,
        msgpack.packb([1, 2, None, None]),
        msgpack.packb([0, "id", "version", []]),
        msgpack.packb([0, 1, "version", "arguments"]),
        b"\xdd\xff\xff\xff\xff",  # an array of four billion items
    ],
)
def test_garbage_is_a_protocol_error(garbage: bytes) -> None:
    ours, theirs = _pair()
    connection = RpcConnection(ours, lambda _on: None)
    theirs.sendall(garbage)
    with pytest.raises(ProtocolError):
        connection.receive()


def test_requests_may_arrive_in_pieces() -> None:
    ours, theirs = _pair()
    connection = RpcConnection(ours, lambda _on: None)
    wire = msgpack.packb([0, 5, "destroy_actor", [[True], 12]])
    for k in range(len(wire)):
        assert not connection.requests
        theirs.sendall(wire[k : k + 1])
        connection.receive()
    request = connection.requests.popleft()
    assert (request.message_id, request.method, request.arguments) == (5, "destroy_actor", [12])
    assert request.reply_ignored


def test_hub_counts_announced_subscriptions() -> None:
    hub = StreamHub(lambda _subscriber: None)
    ours, theirs = _pair()
    subscriber = Subscriber(ours, lambda _on: None)
    hub.announce(9)
    assert hub.subscriptions_pending
    theirs.sendall((9).to_bytes(4, "little"))
    assert subscriber.receive()
    hub.add(subscriber)
    assert not hub.subscriptions_pending
    hub.publish(9, (b"abc", b"de"))
    assert _read(theirs, 9) == (5).to_bytes(4, "little") + b"abcde"
    hub.remove(subscriber)
    assert not hub.has_listener(9)


def test_gate_holds_ticks_for_subscriptions_and_after_a_change_of_world() -> None:
    hub = StreamHub(lambda _subscriber: None)
    gate = TickGate(hub)
    assert not gate.must_hold(10.0) and gate.next_change_s() is None
    hub.announce(4)
    assert gate.must_hold(10.0) and gate.must_hold(10.9)
    assert not gate.must_hold(11.1), "it must not wait for ever"
    assert not gate.must_hold(11.2)
    gate.begin_silence(20.0)
    assert gate.is_silent(20.5) and gate.must_hold(20.5)
    gate.end_silence()
    assert not gate.must_hold(20.6)
    gate.begin_silence(30.0)
    assert gate.next_change_s() == pytest.approx(33.0)
    assert not gate.is_silent(33.1) and not gate.must_hold(33.1)


def test_gate_gives_each_wait_its_full_time() -> None:
    hub = StreamHub(lambda _subscriber: None)
    gate = TickGate(hub)
    hub.announce(4)
    assert gate.must_hold(0.0)
    gate.release()  # the client that waited has gone
    assert gate.must_hold(5.0) and gate.must_hold(5.5)
