"""Vehicles as a client meets them: the library, physics, weather, ground, slopes, replays."""

from __future__ import annotations

import math

import carla
import pytest

from embedded_carla.vehicle.catalogue import CATALOGUE
from tests.embedded_carla.conftest import fresh_world
from tests.embedded_carla.drawn_roads import road_xodr
from tests.embedded_carla.helpers import spawn_car, spawn_sensor

BANK = '<lateralProfile><superelevation s="0" a="{}" b="0" c="0" d="0"/></lateralProfile><lanes>'


def banked_xodr(bank_rad: float, slope: float = 0.0) -> str:
    """A straight road that leans to the right of its direction."""
    return road_xodr(length_m=400.0, slope=slope).replace("<lanes>", BANK.format(bank_rad), 1)


def test_every_vehicle_of_the_catalogue_spawns_with_its_box_mass_and_attributes(world: carla.World) -> None:
    library = world.get_blueprint_library()
    assert {blueprint.id for blueprint in library.filter("vehicle.*")} == {entry.blueprint_id for entry in CATALOGUE}
    for entry in CATALOGUE:
        blueprint = library.find(entry.blueprint_id)
        assert int(blueprint.get_attribute("number_of_wheels")) == entry.wheels
        assert blueprint.get_attribute("base_type").as_str() == entry.base_type
        assert len(blueprint.get_attribute("color").recommended_values) > 1
        car = world.spawn_actor(blueprint, carla.Transform(carla.Location(x=50.0, y=1.75, z=0.3)))
        world.tick()
        extent, physics = car.bounding_box.extent, car.get_physics_control()
        assert (extent.x, extent.y, extent.z) == pytest.approx(entry.half_size_m)
        assert physics.mass == pytest.approx(entry.parameters.mass_kg)
        front, rear = physics.wheels[0].position, physics.wheels[2].position
        assert (front.x - rear.x) / 100.0 == pytest.approx(entry.parameters.wheelbase_m, rel=1e-4)
        assert abs((front.x + rear.x) / 200.0 - 50.0) < 0.1 * extent.x, "the wheels stand under the body"
        car.destroy()


def test_applying_what_was_read_changes_no_bit_of_the_drive(client: carla.Client, oval_xodr: str) -> None:
    def drive(apply: bool) -> list[tuple[float, float, float]]:
        world = fresh_world(client, oval_xodr)
        car = spawn_car(world)
        if apply:
            car.apply_physics_control(car.get_physics_control())
        path = []
        for tick in range(60):
            car.apply_control(carla.VehicleControl(throttle=0.7, steer=0.05 * math.sin(tick / 5.0)))
            world.tick()
            pose = car.get_transform()
            path.append((pose.location.x, pose.location.y, pose.rotation.yaw))
        return path

    assert drive(apply=True) == drive(apply=False)


def test_changed_physics_are_read_back_and_felt(world: carla.World) -> None:
    car = spawn_car(world)
    physics = car.get_physics_control()
    physics.mass = 2.0 * physics.mass
    physics.forward_gears = [carla.GearPhysicsControl(ratio=0.5, down_ratio=0.0, up_ratio=2.0)]
    wheels = physics.wheels
    for wheel in wheels:
        wheel.tire_friction = 2.0
    physics.wheels = wheels
    car.apply_physics_control(physics)
    read = car.get_physics_control()
    assert read.mass == physics.mass
    assert [gear.ratio for gear in read.forward_gears] == [0.5]
    assert [wheel.tire_friction for wheel in read.wheels] == [2.0] * 4
    for _ in range(20):
        car.apply_control(carla.VehicleControl(throttle=1.0))
        world.tick()
    # A quarter of the force per mass: 8500 N / 1845 kg / 4 would give 1.15 m/s² before resistances.
    assert car.get_velocity().x == pytest.approx(1.02, abs=0.1)


def braking_distance_m(world: carla.World, y_m: float = 1.75, **weather: float) -> float:
    world.set_weather(carla.WeatherParameters(**weather))
    car = spawn_car(world, 20.0, y_m)
    world.tick()
    car.set_target_velocity(carla.Vector3D(x=20.0))
    for _ in range(400):
        car.apply_control(carla.VehicleControl(brake=1.0))
        world.tick()
        if car.get_velocity().length() == 0.0:
            break
    distance_m = car.get_location().x - 20.0
    car.destroy()
    world.tick()
    return distance_m


def test_rain_ice_and_grass_lengthen_the_way_to_a_stop(world: carla.World) -> None:
    dry_m = braking_distance_m(world)
    soaked_m = braking_distance_m(world, wetness=100.0, precipitation_deposits=80.0)
    ice_m = braking_distance_m(world, precipitation_deposits=200.0)
    grass_m = braking_distance_m(world, y_m=12.0)
    # v²/2a: a full pedal asks for 0.9 g, slip control leaves 95 % of the grip, motor, air and tyres add 0.45 m/s².
    for distance_m, grip in ((dry_m, 0.9), (soaked_m, 0.95 * 0.7), (ice_m, 0.95 * 0.12)):
        assert distance_m == pytest.approx(20.0**2 / 2 / (grip * 9.81 + 0.45), rel=0.04)
    assert dry_m < grass_m < ice_m


def test_gears_and_reverse_are_reported(world: carla.World) -> None:
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    car = world.spawn_actor(blueprint, carla.Transform(carla.Location(x=20.0, y=1.75, z=0.3)))
    gears = set()
    for _ in range(160):
        car.apply_control(carla.VehicleControl(throttle=0.8))
        world.tick()
        gears.add(car.get_control().gear)
    assert gears >= {1, 2, 3}
    for _ in range(160):
        car.apply_control(carla.VehicleControl(brake=1.0, hand_brake=True))
        world.tick()
    assert car.get_velocity().length() == 0.0
    stood_m = car.get_location().x
    for _ in range(40):
        car.apply_control(carla.VehicleControl(throttle=0.5, reverse=True))
        world.tick()
    assert car.get_control().gear == -1
    assert car.get_location().x < stood_m - 1.0


@pytest.mark.parametrize("y_m", [1.75, -1.75])
def test_a_car_follows_slope_and_bank_and_feels_them(client: carla.Client, y_m: float) -> None:
    """The road climbs 6 % and leans 4° to the right of +x; the car faces along and against it."""
    world = fresh_world(client, banked_xodr(math.radians(4.0), slope=0.06))
    along = 1.0 if y_m > 0 else -1.0
    car = spawn_car(world, 200.0, y_m, yaw_deg=0.0 if along > 0 else 180.0)
    sensor, measured = spawn_sensor(world, car, "other.imu")
    for _ in range(5):
        car.apply_control(carla.VehicleControl(hand_brake=True))
        world.tick()
    pose = car.get_transform()
    waypoint = world.get_map().get_waypoint(pose.location)
    assert pose.location.z == pytest.approx(waypoint.transform.location.z, abs=0.01)
    assert pose.rotation.pitch == pytest.approx(along * math.degrees(math.atan(0.06)), abs=0.01)
    assert pose.rotation.roll == pytest.approx(along * 4.0, abs=0.01)
    assert car.get_velocity().length() == 0.0
    # A standing accelerometer shows gravity in the car's axes: nose up = forwards, leaning right = to the left.
    imu = [measured.get(timeout=5.0) for _ in range(5)][-1].accelerometer
    pitch, roll = math.radians(pose.rotation.pitch), math.radians(pose.rotation.roll)
    assert imu.x == pytest.approx(9.81 * math.sin(pitch), abs=0.01)
    assert imu.y == pytest.approx(-9.81 * math.cos(pitch) * math.sin(roll), abs=0.01)
    sensor.stop()
    for _ in range(60):
        car.apply_control(carla.VehicleControl())
        world.tick()
    # It rolls down: towards -x, whichever way it faces.
    assert car.get_velocity().x < -0.5
    assert car.get_velocity().z < -0.03


def test_a_replay_of_recorded_controls_ends_in_the_same_bits(client: carla.Client, oval_xodr: str) -> None:
    """Driven with a camera, replayed without one, call by call and in batches."""

    def control(tick: int) -> carla.VehicleControl:
        return carla.VehicleControl(throttle=0.5 + 0.3 * math.sin(tick / 9.0), steer=0.03 * math.sin(tick / 7.0))

    def drive(camera: bool, batch: bool) -> list[tuple[float, ...]]:
        world = fresh_world(client, oval_xodr)
        world.set_weather(carla.WeatherParameters(wetness=60.0))
        car = spawn_car(world)
        eye = spawn_sensor(world, car, "camera.rgb", {"image_size_x": "64", "image_size_y": "36"}) if camera else None
        states = []
        for tick in range(120):
            if batch:
                client.apply_batch_sync([carla.command.ApplyVehicleControl(car.id, control(tick))], True)
            else:
                car.apply_control(control(tick))
                world.tick()
            pose, velocity = car.get_transform(), car.get_velocity()
            place, turn = pose.location, pose.rotation
            states.append((place.x, place.y, place.z, turn.yaw, velocity.x, velocity.y, velocity.z))
        if eye is not None:
            eye[0].stop()
        return states

    driven = drive(camera=True, batch=False)
    assert drive(camera=False, batch=False) == driven
    assert drive(camera=False, batch=True) == driven


def test_a_car_pushes_a_walker_aside_and_hardly_slows(world: carla.World) -> None:
    car = spawn_car(world)
    walker = world.spawn_actor(
        world.get_blueprint_library().find("walker.pedestrian.0001"),
        carla.Transform(carla.Location(x=40.0, y=1.75, z=1.0)),
    )
    sensor, events = spawn_sensor(world, car, "other.collision")
    world.tick()
    car.set_target_velocity(carla.Vector3D(x=10.0))
    hit = None
    for _ in range(60):
        world.tick()
        if not events.empty():
            hit = events.get()
            break
    assert hit is not None and hit.other_actor.id == walker.id
    # 75 kg against 1,845 kg with a rebound of a tenth.
    assert abs(hit.normal_impulse.x) == pytest.approx(1.1 * 10.0 / (1 / 75.0 + 1 / 1845.0), rel=0.1)
    # Of 10 m/s the hit takes 0.4; the rest is drag, also in the ticks until the event has arrived here.
    assert car.get_velocity().x > 8.0
    assert walker.get_location().x > 40.0
    sensor.stop()
