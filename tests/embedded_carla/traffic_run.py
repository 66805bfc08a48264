"""Twenty cars under the client library's traffic manager; a process of its own, because the client may hang.

Usage: ``python -m tests.embedded_carla.traffic_run PORT TM_PORT MAP CARS TICKS``; prints one JSON line.
"""

from __future__ import annotations

import json
import sys

import carla


def main() -> None:
    """Drive and report."""
    port, manager_port, map_name, cars, ticks = *map(int, sys.argv[1:3]), sys.argv[3], *map(int, sys.argv[4:6])
    client = carla.Client("127.0.0.1", port)
    client.set_timeout(60.0)
    world = client.load_world(map_name)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    manager = client.get_trafficmanager(manager_port)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(7)
    blueprint = world.get_blueprint_library().find("vehicle.audi.a2")
    autopilot = carla.command.SetAutopilot(carla.command.FutureActor, True, manager_port)
    places = world.get_map().get_spawn_points()
    places = places[:: max(len(places) // cars, 1)][:cars]
    spawned = client.apply_batch_sync([carla.command.SpawnActor(blueprint, p).then(autopilot) for p in places], True)
    vehicles = list(world.get_actors([result.actor_id for result in spawned if not result.error]))
    start = [vehicle.get_location() for vehicle in vehicles]
    driven_m = [0.0] * len(vehicles)
    off_lane = 0
    road = world.get_map()
    for tick in range(ticks):
        world.tick()
        for index, vehicle in enumerate(vehicles):
            location = vehicle.get_location()
            driven_m[index] += location.distance(start[index])
            start[index] = location
            if tick % 20 == 0 and road.get_waypoint(location, project_to_road=False) is None:
                off_lane += 1
    manager.shut_down()
    print(json.dumps({"cars": len(vehicles), "driven_m": driven_m, "off_lane": off_lane}), flush=True)


if __name__ == "__main__":
    main()
