"""Crashes as a client hears of them."""

from __future__ import annotations

import math

import carla
import pytest

from embedded_carla.world.actors import Actor
from embedded_carla.world.map_library import GENERATED_MAP, read_map
from embedded_carla.world.obstacles import BUILDING, TREE, Obstacle
from embedded_carla.world.scenery import Scenery
from tests.embedded_carla.conftest import fresh_world
from tests.embedded_carla.helpers import SMALL_PICTURE, drained, spawn_car, spawn_sensor


def test_both_partners_hear_of_a_crash_and_the_impulse_is_the_momentum_exchanged(world: carla.World) -> None:
    rear, front = spawn_car(world, 20.0), spawn_car(world, 40.0)
    rear_sensor, rear_events = spawn_sensor(world, rear, "other.collision")
    front_sensor, front_events = spawn_sensor(world, front, "other.collision")
    world.tick()
    rear.set_target_velocity(carla.Vector3D(x=10.0))
    mass_kg = rear.get_physics_control().mass
    before_mps = 0.0
    for _ in range(60):
        world.tick()
        if front.get_velocity().x > 0.1:
            break
        before_mps = rear.get_velocity().x
    after_rear_mps, after_front_mps = rear.get_velocity().x, front.get_velocity().x
    first, second = rear_events.get(timeout=5.0), front_events.get(timeout=5.0)
    assert (first.actor.id, first.other_actor.id) == (rear.id, front.id)
    assert (second.actor.id, second.other_actor.id) == (front.id, rear.id)
    assert first.frame == second.frame
    assert first.normal_impulse.x == pytest.approx(-second.normal_impulse.x)
    # Equal masses: one's loss is the other's gain, and the event tells how much.
    assert second.normal_impulse.x == pytest.approx(mass_kg * after_front_mps, rel=1e-3)
    assert mass_kg * (before_mps - after_rear_mps) == pytest.approx(second.normal_impulse.x, rel=0.03)
    assert after_front_mps - after_rear_mps == pytest.approx(0.1 * before_mps, rel=0.1)
    rear_sensor.stop()
    front_sensor.stop()


@pytest.mark.parametrize("prop", ["static.prop.streetbarrier", "static.prop.trafficcone01"])
def test_a_barrier_stops_a_car_and_is_named(world: carla.World, prop: str) -> None:
    blueprint = world.get_blueprint_library().find(prop)
    barrier = world.spawn_actor(blueprint, carla.Transform(carla.Location(x=40.0, y=1.75), carla.Rotation(yaw=90.0)))
    car = spawn_car(world)
    sensor, events = spawn_sensor(world, car, "other.collision")
    world.tick()
    car.set_target_velocity(carla.Vector3D(x=12.0))
    for _ in range(60):
        world.tick()
    hits = drained(events)
    assert {hit.other_actor.id for hit in hits} == {barrier.id}
    strongest = max(abs(hit.normal_impulse.x) for hit in hits)
    assert strongest == pytest.approx(1.1 * 12.0 * car.get_physics_control().mass, rel=0.1)
    assert car.get_location().x < 40.0
    assert barrier.get_location().x == pytest.approx(40.0)
    sensor.stop()


def crash(client: carla.Client, xodr: str, obstacle: Obstacle, with_camera: bool) -> tuple[list[str], list[float]]:
    """What a car hears that accelerates towards an obstacle from 15 m away, and its path."""
    world = fresh_world(client, xodr)
    box = obstacle.box
    # Walls are met at right angles: along the box's own y axis, from the outside or the inside.
    yaw = math.radians(box.yaw_deg + 90.0)
    start_x, start_y = box.x_m - 15.0 * math.cos(yaw), box.y_m - 15.0 * math.sin(yaw)
    car = spawn_car(world, start_x, start_y, yaw_deg=math.degrees(yaw))
    sensors = [spawn_sensor(world, car, "other.collision")]
    if with_camera:
        sensors.append(spawn_sensor(world, car, "camera.rgb", SMALL_PICTURE))
    car.apply_control(carla.VehicleControl(throttle=0.9))
    path = []
    for _ in range(80):
        world.tick()
        path += [car.get_location().x, car.get_location().y]
    kinds = [hit.other_actor.type_id for hit in drained(sensors[0][1], 0.2)]
    for sensor, _ in sensors:
        sensor.stop()
    return kinds, path


@pytest.mark.parametrize("thing", [TREE, BUILDING], ids=["tree", "building"])
def test_scenery_stops_a_car_the_same_with_and_without_a_camera(
    client: carla.Client, oval_xodr: str, thing: Actor
) -> None:
    obstacles = Scenery(read_map(GENERATED_MAP, oval_xodr)).obstacles
    aim = next(obstacle for obstacle in obstacles.all if obstacle.actor is thing)
    kinds, path = crash(client, oval_xodr, aim, with_camera=False)
    assert thing.blueprint.blueprint_id in kinds
    assert math.dist(path[-2:], (aim.box.x_m, aim.box.y_m)) < 13.0, "it never moved"
    assert math.dist(path[-2:], (aim.box.x_m, aim.box.y_m)) > 1.0, "it drove through"
    assert crash(client, oval_xodr, aim, with_camera=True) == (kinds, path)
