"""Seeded nonsense for a server: wrong arguments, wrong frames, half messages, strange streams, sudden ends."""

from __future__ import annotations

import contextlib
import copy
import os
import socket
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from embedded_carla.world.calls import call_table
from embedded_carla.world.world import World

BATCH = 100
_REST = 0.0
_POSE = [[20.0, 1.75, 0.3], [0.0, 0.0, 0.0]]
_CAR = [1, "vehicle.tesla.model3", [["color", 5, "1,2,3"]]]
_PLAUSIBLE: list[tuple[str, list[Any]]] = [
    ("spawn_actor", [_CAR, _POSE]),
    ("spawn_actor", [[2, "sensor.camera.rgb", [["image_size_x", 2, "32"], ["image_size_y", 2, "18"]]], _POSE]),
    ("spawn_actor", [[3, "sensor.lidar.ray_cast", [["points_per_second", 2, "2000"]]], _POSE]),
    ("spawn_actor", [[4, "walker.pedestrian.0001", []], _POSE]),
    ("spawn_actor_with_parent", [[5, "sensor.other.imu", []], _POSE, 2, 0, ""]),
    ("destroy_actor", [3]),
    ("apply_control_to_vehicle", [2, [0.5, 0.1, _REST, False, False, False, 0]]),
    ("apply_ackermann_control_to_vehicle", [2, [0.1, _REST, 5.0, 1.0, _REST]]),
    ("apply_control_to_walker", [2, [[1.0, 0.0, 0.0], 1.0, False]]),
    ("set_actor_transform", [2, _POSE]),
    ("set_actor_target_velocity", [2, [5.0, 0.0, 0.0]]),
    ("add_actor_impulse", [2, [500.0, 0.0, 0.0]]),
    ("enable_actor_constant_velocity", [2, [5.0, 0.0, 0.0]]),
    ("set_weather_parameters", [[10.0] * 14]),
    ("set_episode_settings", [[True, False, [True, 0.05], True, 0.01, 10, 0.0, True, 3000.0, 2000.0, True]]),
    ("cast_ray", [[0.0, 0.0, 5.0], [10.0, 0.0, -5.0]]),
    ("get_actors_by_id", [[1, 2, 3]]),
    ("add_traffic_manager_running", [["127.0.0.1", 8000]]),
    ("apply_batch", [[[[0, [_CAR, _POSE, [False], 0, "", []]]], [[2, [2, [0.1] * 3 + [False] * 3 + [0]]]]], False]),
    ("apply_batch", [[[[6, [2, _POSE]]], [[18, [2, 7]]], [[1, [9]]]], True]),
    ("load_map_layer", [7]),
    ("start_recorder", ["/etc/passwd", True]),
    ("request_file", ["/etc/passwd"]),
    ("copy_opendrive_to_file", ["<OpenDRIVE><road/></OpenDRIVE>", [2.0, 50.0, 1.0, 0.6, True, True, True]]),
]


class Nonsense:
    """Draws messages; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._methods = [*sorted(call_table(World(1))), "version", "tick_cue", "get_episode_info", "no_such_method"]
        self._next_id = 0

    def leaf(self) -> Any:
        """A value of any type."""
        r = self._random
        kind = int(r.integers(12))
        simple: list[Any] = [None, True, False, 0, -1, float("nan"), float("inf"), 1e308, "", "x" * 300]
        if kind < len(simple):
            return simple[kind]
        return int(r.integers(-(1 << 62), 1 << 62)) if kind == 10 else r.bytes(int(r.integers(1, 40)))

    def value(self, depth: int = 0) -> Any:
        """A leaf, a list or a map."""
        kind = int(self._random.integers(6))
        if depth > 3 or kind < 3:
            return self.leaf()
        items = [self.value(depth + 1) for _ in range(int(self._random.integers(5)))]
        return items if kind < 5 else {str(index): item for index, item in enumerate(items)}

    def _bent(self, arguments: list[Any]) -> list[Any]:
        """Plausible arguments, with a few places replaced."""
        bent = copy.deepcopy(arguments)
        for _ in range(int(self._random.integers(3))):
            place: Any = bent
            while isinstance(place, list) and place:
                index = int(self._random.integers(len(place)))
                if not isinstance(place[index], list) or self._random.random() < 0.2:
                    place[index] = self.value()
                    break
                place = place[index]
        return bent

    def request(self) -> bytes:
        """A well-framed request that deserves exactly one reply."""
        self._next_id = (self._next_id + 1) % (1 << 31)
        if self._random.random() < 0.5:
            method, arguments = _PLAUSIBLE[int(self._random.integers(len(_PLAUSIBLE)))]
            arguments = self._bent(arguments)
        else:
            method = self._methods[int(self._random.integers(len(self._methods)))]
            arguments = [self.value() for _ in range(int(self._random.integers(4)))]
        packed: bytes = msgpack.packb([0, self._next_id, method, [[False], *arguments]])
        return packed

    def garbage(self) -> bytes:
        """Bytes that are no request, or only the beginning of one."""
        r = self._random
        kind = int(r.integers(4))
        if kind == 0:
            return r.bytes(int(r.integers(1, 4000)))
        if kind == 1:
            return self.request()[:-1]
        if kind == 2:
            packed: bytes = msgpack.packb(self.value())
            return packed
        return bytes([int(r.choice([0xDD, 0xDF, 0xC6, 0xDB]))]) + r.bytes(4)

    def greeting(self) -> bytes:
        """What a strange subscriber says."""
        stream = int(self._random.integers(1, 50))
        return stream.to_bytes(4, "little") if self._random.random() < 0.7 else self._random.bytes(3)


def flood(host: str, port: int, stream_port: int, seed: int, messages: int) -> int:
    """Send at least ``messages`` requests and as much rubbish beside them.

    Returns:
        Requests that were answered: all of those in connections that sent requests only.

    Raises:
        AssertionError: a request was not answered, or was answered twice.
    """
    nonsense = Nonsense(seed)
    answered = 0
    silent: list[socket.socket] = []
    with socket.create_connection((host, port), timeout=120.0) as fair:
        for round_number in range(-(-messages // BATCH)):
            requests = [nonsense.request() for _ in range(BATCH)]
            fair.sendall(b"".join(requests))
            with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=5.0) as rude:
                rude.sendall(nonsense.garbage())
            subscriber = socket.create_connection((host, stream_port), timeout=5.0)
            with contextlib.suppress(OSError):
                subscriber.sendall(nonsense.greeting())
            silent.append(subscriber)  # never reads
            if len(silent) > 20:
                silent.pop(0).close()
            answered += replies(fair, {msgpack.unpackb(r, strict_map_key=False)[1] for r in requests})
            if round_number % 50 == 49:
                _fresh_start(fair)
    for subscriber in silent:
        subscriber.close()
    return answered


def replies(sock: socket.socket, expected: set[int]) -> int:
    """Read until every expected request is answered, by their ids; returns how many.

    Raises:
        AssertionError: an answer is missing, or nobody waits for it.
    """
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=1 << 28)
    missing = set(expected)
    while missing:
        data = sock.recv(1 << 18)
        assert data, f"the server closed the connection; {len(missing)} requests unanswered"
        unpacker.feed(data)
        for kind, message_id, _error, _result in unpacker:
            assert kind == 1 and message_id in missing, "an answer that nobody waits for"
            missing.remove(message_id)
    return len(expected)


def _fresh_start(sock: socket.socket) -> None:
    """Load the world again: what the nonsense has spawned is gone."""
    sock.sendall(msgpack.packb([0, 1 << 31, "load_new_episode", [[False], "", False, 0]]))
    replies(sock, {1 << 31})


def resident_mb(process_id: int) -> float:
    """Memory that a process occupies."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
