"""Walkers under the client library's navigation; a process of its own, because a bad mesh would end it.

Usage: ``python -m tests.embedded_carla.walker_run PORT WALKERS TICKS``; prints one JSON line.
"""

from __future__ import annotations

import json
import sys

import carla


def main() -> None:
    """Walk and report."""
    port, walkers, ticks = map(int, sys.argv[1:4])
    client = carla.Client("127.0.0.1", port)
    client.set_timeout(60.0)
    world = client.load_world("Block")
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    world.tick()
    world.set_pedestrians_seed(3)
    library = world.get_blueprint_library()
    people: list[carla.Actor] = []
    while len(people) < walkers:
        place = world.get_random_location_from_navigation()
        place.z += 1.0
        person = world.try_spawn_actor(library.find("walker.pedestrian.0001"), carla.Transform(place))
        if person is not None:
            people.append(person)
    world.tick()
    guides = [world.spawn_actor(library.find("controller.ai.walker"), carla.Transform(), person) for person in people]
    world.tick()
    for guide in guides:
        guide.start()
        guide.go_to_location(world.get_random_location_from_navigation())
        guide.set_max_speed(1.4)
    start = [person.get_location() for person in people]
    road, looks, on_sidewalk = world.get_map(), 0, 0
    for tick in range(ticks):
        world.tick()
        for person in people if tick % 20 == 19 else ():
            lane = road.get_waypoint(person.get_location(), False, carla.LaneType.Any)
            looks += 1
            on_sidewalk += lane is None or lane.lane_type == carla.LaneType.Sidewalk
    gone_m = [person.get_location().distance(place) for person, place in zip(people, start, strict=True)]
    origin_z_m = [person.get_location().z for person in people]
    for guide in guides:
        guide.stop()
    client.load_world("Oval")
    report = {"walkers": len(people), "gone_m": gone_m, "looks": looks, "on_sidewalk": on_sidewalk,
              "origin_z_m": origin_z_m}  # fmt: skip
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
