"""Twenty cars under the client library's traffic manager; a process of its own, because the client may hang.

Usage: ``python -m tests.embedded_carla.traffic_run PORT TM_PORT MAP CARS TICKS``; prints one JSON line.
"""

from __future__ import annotations

import json
import sys

import carla

RED_CREEP_M = 12.0
"""Further than a trigger volume is long and a car with it: whoever goes this far on red has not stopped."""


def _set_options(manager: carla.TrafficManager, vehicles: list[carla.Vehicle]) -> None:
    """A bit of everything that a user sets."""
    manager.global_percentage_speed_difference(10.0)
    manager.set_global_distance_to_leading_vehicle(2.5)
    manager.set_hybrid_physics_mode(False)
    for index, vehicle in enumerate(vehicles):
        manager.auto_lane_change(vehicle, index % 2 == 0)
        manager.vehicle_percentage_speed_difference(vehicle, 20.0 * (index % 3))
        manager.distance_to_leading_vehicle(vehicle, 3.0)
        manager.update_vehicle_lights(vehicle, index % 2 == 0)
        manager.ignore_lights_percentage(vehicle, 0.0)
        manager.ignore_signs_percentage(vehicle, 50.0)


def _red_ahead(vehicle: carla.Vehicle) -> bool:
    return bool(vehicle.is_at_traffic_light() and vehicle.get_traffic_light_state() == carla.TrafficLightState.Red)


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
    _set_options(manager, vehicles)
    start = [vehicle.get_location() for vehicle in vehicles]
    driven_m = [0.0] * len(vehicles)
    off_lane = ran_red = 0
    crept_m = [0.0] * len(vehicles)
    road = world.get_map()
    for tick in range(ticks):
        world.tick()
        for index, vehicle in enumerate(vehicles):
            location = vehicle.get_location()
            moved_m = location.distance(start[index])
            driven_m[index] += moved_m
            crept_m[index] = crept_m[index] + moved_m if _red_ahead(vehicle) else 0.0
            ran_red += crept_m[index] > RED_CREEP_M and crept_m[index] - moved_m <= RED_CREEP_M
            start[index] = location
            if tick % 20 == 0 and road.get_waypoint(location, project_to_road=False) is None:
                off_lane += 1
    manager.shut_down()
    report = {"cars": len(vehicles), "driven_m": driven_m, "off_lane": off_lane, "ran_red": ran_red}
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
