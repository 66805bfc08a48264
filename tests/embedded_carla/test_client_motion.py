"""Velocities, impulses, forces, Ackermann control, friction triggers and walkers, with the real client."""

from __future__ import annotations

import math

import carla
import pytest

from tests.embedded_carla.helpers import spawn_car


def test_an_impulse_changes_velocity_by_impulse_over_mass(world: carla.World) -> None:
    car = spawn_car(world)
    world.tick()
    mass_kg = car.get_physics_control().mass
    car.add_impulse(carla.Vector3D(4.0 * mass_kg, 0.0, 0.0))
    world.tick()
    assert car.get_velocity().x == pytest.approx(4.0, abs=0.1)


def test_a_force_acts_for_one_tick(world: carla.World) -> None:
    car = spawn_car(world)
    car.set_target_velocity(carla.Vector3D(5.0, 0.0, 0.0))
    world.tick()
    before = car.get_velocity().x
    car.add_force(carla.Vector3D(20.0 * car.get_physics_control().mass, 0.0, 0.0))
    world.tick()
    after = car.get_velocity().x
    assert after - before == pytest.approx(20.0 * 0.05, abs=0.1)
    world.tick()
    assert car.get_velocity().x < after


def test_constant_velocity_is_kept_until_it_is_cancelled(world: carla.World) -> None:
    car = spawn_car(world)
    car.enable_constant_velocity(carla.Vector3D(7.0, 0.0, 0.0))
    car.apply_control(carla.VehicleControl(brake=1.0))
    for _ in range(20):
        world.tick()
    assert car.get_velocity().length() == pytest.approx(7.0, abs=1e-3)
    car.disable_constant_velocity()
    for _ in range(40):
        world.tick()
    assert car.get_velocity().length() < 0.1


def test_impossible_motion_is_refused_without_effect(world: carla.World) -> None:
    car = spawn_car(world)
    car.add_impulse(carla.Vector3D(1e6, 0.0, 0.0))
    car.set_target_angular_velocity(carla.Vector3D(0.0, 0.0, 1e5))
    world.tick()
    assert car.get_velocity().length() < 0.01 and car.get_angular_velocity().length() < 0.01


def test_ackermann_control_reaches_its_speed_and_angle(world: carla.World) -> None:
    car = spawn_car(world)
    car.apply_ackermann_control(carla.VehicleAckermannControl(steer=0.02, speed=4.0, acceleration=2.0))
    for _ in range(20):
        world.tick()
    angle_deg = car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel)
    assert angle_deg == pytest.approx(math.degrees(0.02), rel=0.02)
    car.apply_ackermann_control(carla.VehicleAckermannControl(steer=0.0, speed=4.0, acceleration=2.0))
    for _ in range(400):
        world.tick()
    assert car.get_velocity().length() == pytest.approx(4.0, abs=0.4)
    car.apply_control(carla.VehicleControl(brake=1.0))
    for _ in range(40):
        world.tick()
    assert car.get_velocity().length() < 0.1, "pedals end Ackermann control"


def test_a_car_without_gravity_grips_nothing(world: carla.World) -> None:
    car = spawn_car(world)
    physics = car.get_physics_control()
    physics.drag_coefficient = 0.0
    car.apply_physics_control(physics)
    car.set_enable_gravity(False)
    car.set_target_velocity(carla.Vector3D(20.0, 0.0, 0.0))
    car.apply_control(carla.VehicleControl(brake=1.0, steer=0.5))
    for _ in range(40):
        world.tick()
    velocity = car.get_velocity()
    assert (velocity.x, velocity.y) == pytest.approx((20.0, 0.0), abs=0.01)


def test_a_friction_trigger_changes_tyres_inside_only(world: carla.World) -> None:
    blueprint = world.get_blueprint_library().find("static.trigger.friction")
    for name, text in {"friction": "5.0", "extent_x": "500", "extent_y": "500", "extent_z": "500"}.items():
        blueprint.set_attribute(name, text)
    world.spawn_actor(blueprint, carla.Transform(carla.Location(40.0, 1.75, 0.0)))
    car = spawn_car(world)
    own = car.get_physics_control().wheels[0].tire_friction
    seen = {}
    for x_m in (20.0, 40.0, 60.0):
        car.set_transform(carla.Transform(carla.Location(x_m, 1.75, 0.3)))
        world.tick()
        seen[x_m] = car.get_physics_control().wheels[0].tire_friction
    assert seen == pytest.approx({20.0: own, 40.0: 5.0, 60.0: own})


def test_a_walker_walks_where_it_is_told(world: carla.World) -> None:
    walker = world.spawn_actor(
        world.get_blueprint_library().find("walker.pedestrian.0001"), carla.Transform(carla.Location(20.0, 5.0, 1.0))
    )
    walker.apply_control(carla.WalkerControl(carla.Vector3D(0.0, -1.0, 0.0), 1.5))
    world.tick()
    start = walker.get_location()
    for _ in range(20):
        world.tick()
    end = walker.get_location()
    assert (end.x - start.x, end.y - start.y) == pytest.approx((0.0, -1.5), abs=1e-3)
    assert end.z == pytest.approx(walker.bounding_box.extent.z, abs=1e-3)
    assert walker.get_transform().rotation.yaw == pytest.approx(-90.0, abs=1e-3)
    assert walker.get_velocity().y == pytest.approx(-1.5) and walker.get_control().speed == pytest.approx(1.5)
