"""Ticks per second of the embedded server without cameras, and whether replayed controls end bit-identical.

One car on the oval, synchronous mode, real client on the same machine. Speeds are medians over ticks and rounds. The
processor time shows whose a tick is: the client spins while it waits.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import carla

from embedded_carla.world.calls.spawn import spawn
from embedded_carla.world.vehicle import Control, Vehicle
from embedded_carla.world.world import World

REPOSITORY = Path(__file__).resolve().parents[1]
START_TIMEOUT_S = 280.0
BLUEPRINT = "vehicle.tesla.model3"
GOALS = {"tick": 3000.0, "replay": 2000.0}
"""Ticks per second: the car only, and with a recorded control before every tick."""


def recorded_control(tick: int) -> carla.VehicleControl:
    """A drive round the oval that never stands still."""
    return carla.VehicleControl(throttle=0.25 + 0.1 * math.sin(tick / 50.0), steer=0.02 * math.sin(tick / 23.0))


def start_server(*flags: str) -> tuple[subprocess.Popen[str], int]:
    """A server of its own, and its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "embedded_carla", "-carla-rpc-port=0", *flags],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], START_TIMEOUT_S)[0]:
        process.kill()
        raise TimeoutError(f"the server said nothing for {START_TIMEOUT_S:g} s")
    return process, int(process.stdout.readline().rsplit(":", 1)[1])


def fresh_car(client: carla.Client) -> tuple[carla.World, carla.Vehicle]:
    """A new synchronous episode with one car at its start."""
    world = client.reload_world(False)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    blueprint = world.get_blueprint_library().find(BLUEPRINT)
    car = world.spawn_actor(blueprint, carla.Transform(carla.Location(x=20.0, y=1.75, z=0.3)))
    world.tick()
    return world, car


class Round(NamedTuple):
    """One round of one path: median time of a tick, and processor time per tick of both ends, µs."""

    tick_us: float
    server_cpu_us: float
    client_cpu_us: float


def cpu_s(process_id: int) -> float:
    """Processor time that a process has used, s (proc(5), fields utime and stime)."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def one_round(drive: Callable[[int], object], ticks: int, server_id: int) -> Round:
    """Time ``ticks`` calls."""
    server_s, client_s = cpu_s(server_id), time.process_time()
    times_s = []
    for tick in range(ticks):
        started = time.perf_counter()
        drive(tick)
        times_s.append(time.perf_counter() - started)
    server_s, client_s = cpu_s(server_id) - server_s, time.process_time() - client_s
    return Round(1e6 * statistics.median(times_s), 1e6 * server_s / ticks, 1e6 * client_s / ticks)


def client_paths(client: carla.Client, ticks: int, server_id: int) -> dict[str, Round]:
    """One round of every way to tick."""
    controls = [recorded_control(tick) for tick in range(ticks)]

    def tick_only(world: carla.World, _car: carla.Vehicle) -> Callable[[int], object]:
        return lambda _tick: world.tick()

    def control_and_tick(world: carla.World, car: carla.Vehicle) -> Callable[[int], object]:
        def drive(tick: int) -> None:
            car.apply_control(controls[tick])
            world.tick()

        return drive

    def batch(_world: carla.World, car: carla.Vehicle) -> Callable[[int], object]:
        command = carla.command.ApplyVehicleControl
        return lambda tick: client.apply_batch_sync([command(car.id, controls[tick])], True)

    paths = {"tick": tick_only, "replay": control_and_tick, "replay_batch": batch}
    return {name: one_round(make(*fresh_car(client)), ticks, server_id) for name, make in paths.items()}


def server_alone_us(ticks: int) -> float:
    """Median time of one tick inside the server, without network and client, µs."""
    world = World(stream_port=0)
    car = spawn(world, [0, BLUEPRINT, []], [[20.0, 1.75, 0.3], [0.0, 0.0, 0.0]])
    assert isinstance(car, Vehicle)
    times_s = []
    for tick in range(ticks):
        control = recorded_control(tick)
        started = time.perf_counter()
        car.control = Control(throttle=control.throttle, steer=control.steer)
        world.tick()
        times_s.append(time.perf_counter() - started)
    return 1e6 * statistics.median(times_s)


def replayed_states(client: carla.Client, ticks: int, batched: bool) -> list[tuple[float, ...]]:
    """Poses and velocities of every tick of a replay."""
    world, car = fresh_car(client)
    states: list[tuple[float, ...]] = []
    for tick in range(ticks):
        if batched:
            client.apply_batch_sync([carla.command.ApplyVehicleControl(car.id, recorded_control(tick))], True)
        else:
            car.apply_control(recorded_control(tick))
            world.tick()
        snapshot = world.get_snapshot().find(car.id)
        pose, velocity = snapshot.get_transform(), snapshot.get_velocity()
        place, turn = pose.location, pose.rotation
        states.append((place.x, place.y, place.z, turn.pitch, turn.yaw, turn.roll, velocity.x, velocity.y, velocity.z))
    return states


def measure(ticks: int, rounds: int) -> dict[str, Any]:
    """All of it.

    Args:
        ticks: of every round of every path. rounds: medians are taken over them.
    """
    process, port = start_server()
    try:
        client = carla.Client("127.0.0.1", port)
        client.set_timeout(20.0)
        client_paths(client, 200, process.pid)
        measured = [client_paths(client, ticks, process.pid) for _ in range(rounds)]
        replays = [replayed_states(client, ticks, batched) for batched in (False, False, True)]
    finally:
        process.kill()
        process.wait()
    medians = {
        name: Round(*(statistics.median(column) for column in zip(*(one[name] for one in measured), strict=True)))
        for name in measured[0]
    }
    return {
        "schema_version": 1,
        "benchmark": "replay",
        "ticks_per_round": ticks,
        "rounds": rounds,
        "ticks_per_s": {name: round(1e6 / one.tick_us, 1) for name, one in medians.items()},
        "goal_ticks_per_s": GOALS,
        "server_tick_us": round(server_alone_us(ticks), 1),
        "server_cpu_us": {name: round(one.server_cpu_us, 1) for name, one in medians.items()},
        "client_cpu_us": {name: round(one.client_cpu_us, 1) for name, one in medians.items()},
        "replays_bit_identical": all(replay == replays[0] for replay in replays),
        "replayed_ticks": len(replays[0]),
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "load_1min": os.getloadavg()[0]},
    }


def main() -> None:
    """Measure, print, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=3000, help="ticks of every round (default 3000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every path (default 5)")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args()
    result = measure(options.ticks, options.rounds)
    for name, value in result["ticks_per_s"].items():
        goal = f"(goal {GOALS[name]:g})" if name in GOALS else ""
        server_us, client_us = result["server_cpu_us"][name], result["client_cpu_us"][name]
        cpu = f"processor: server {server_us:.0f} µs, client {client_us:.0f} µs"
        print(f"{name:13s} {value:7.0f} ticks/s {goal:12s}; {cpu}")
    print(f"the world alone: {result['server_tick_us']:.0f} µs per tick; load {result['machine']['load_1min']:.1f}")
    print(f"replays of {result['replayed_ticks']} ticks bit-identical: {result['replays_bit_identical']}")
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
