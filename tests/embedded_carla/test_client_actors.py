"""Actors, controls, batches, weather and sensors other than cameras, with the real client."""

from __future__ import annotations

import math

import carla
import pytest

from embedded_carla.scene.version import SCENE_VERSION
from tests.embedded_carla.conftest import fresh_world
from tests.embedded_carla.helpers import TESLA, spawn_car, spawn_sensor


def test_blueprints_have_the_public_attributes(world: carla.World) -> None:
    library = world.get_blueprint_library()
    assert {b.id for b in library.filter("vehicle.*")} >= {TESLA, "vehicle.audi.tt", "vehicle.nissan.micra"}
    camera = library.find("sensor.camera.rgb")
    for name in (
        "image_size_x",
        "image_size_y",
        "fov",
        "sensor_tick",
        "enable_postprocess_effects",
        "motion_blur_intensity",
    ):
        assert camera.has_attribute(name)
    tesla = library.find(TESLA)
    assert int(tesla.get_attribute("number_of_wheels")) == 4
    tesla.set_attribute("color", "10,20,30")
    with pytest.raises(ValueError, match="read-only"):
        tesla.set_attribute("number_of_wheels", "3")


def test_the_camera_tells_the_version_of_its_pictures_and_nobody_can_change_it(world: carla.World) -> None:
    camera = world.get_blueprint_library().find("sensor.camera.rgb")
    assert int(camera.get_attribute("scene_version")) == SCENE_VERSION
    with pytest.raises(ValueError, match="read-only"):
        camera.set_attribute("scene_version", "0")


def test_car_stands_where_it_was_spawned_with_carlas_box(world: carla.World) -> None:
    car = spawn_car(world, yaw_deg=10.0)
    world.tick()
    pose, box = car.get_transform(), car.bounding_box
    assert (pose.location.x, pose.location.y, pose.location.z) == pytest.approx((20.0, 1.75, 0.0), abs=1e-3)
    assert pose.rotation.yaw == pytest.approx(10.0, abs=1e-3)
    assert (box.extent.x, box.extent.y, box.extent.z) == pytest.approx((2.396, 1.082, 0.744))
    assert box.location.z == pytest.approx(box.extent.z)
    assert int(car.semantic_tags[0]) == int(carla.CityObjectLabel.Car)


def test_throttle_drives_forward_and_positive_steer_turns_right(world: carla.World) -> None:
    car = spawn_car(world)
    for _ in range(40):
        car.apply_control(carla.VehicleControl(throttle=0.6, steer=0.05))
        world.tick()
    pose, velocity = car.get_transform(), car.get_velocity()
    assert pose.location.x > 24.0 and pose.location.y > 1.8
    assert 0.5 < pose.rotation.yaw < 90.0
    # Velocity is in world axes and points about where the car heads.
    assert math.degrees(math.atan2(velocity.y, velocity.x)) == pytest.approx(pose.rotation.yaw, abs=6.0)
    assert car.get_angular_velocity().z > 0.0
    angle = car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel)
    assert angle == pytest.approx(0.05 * car.get_physics_control().wheels[0].max_steer_angle, rel=0.01)
    assert car.get_control().throttle == pytest.approx(0.6)


def test_velocity_is_the_derivative_of_position(world: carla.World) -> None:
    car = spawn_car(world)
    car.set_target_velocity(carla.Vector3D(12.0, 0.0, 0.0))
    world.tick()
    before, velocity_before = car.get_location(), car.get_velocity()
    car.apply_control(carla.VehicleControl(steer=0.1))
    world.tick()
    after, velocity_after = car.get_location(), car.get_velocity()
    for axis in "xy":
        mean = 0.5 * (getattr(velocity_before, axis) + getattr(velocity_after, axis))
        assert (getattr(after, axis) - getattr(before, axis)) / 0.05 == pytest.approx(mean, abs=0.05)
    assert velocity_before.x == pytest.approx(12.0, abs=0.2)


def test_brake_stops_and_reverse_goes_back(world: carla.World) -> None:
    car = spawn_car(world)
    car.set_target_velocity(carla.Vector3D(8.0, 0.0, 0.0))
    car.apply_control(carla.VehicleControl(brake=1.0))
    for _ in range(60):
        world.tick()
    stopped_x_m = car.get_location().x
    assert car.get_velocity().length() < 0.01
    car.apply_control(carla.VehicleControl(throttle=0.5, reverse=True))
    for _ in range(20):
        world.tick()
    assert car.get_location().x < stopped_x_m - 0.5
    assert car.get_control().reverse


def test_teleport_moves_at_the_next_tick_and_keeps_velocity(world: carla.World) -> None:
    car = spawn_car(world)
    car.set_target_velocity(carla.Vector3D(5.0, 0.0, 0.0))
    world.tick()
    car.set_transform(carla.Transform(carla.Location(100.0, -1.75, 3.0), carla.Rotation(yaw=180.0)))
    world.tick()
    assert car.get_location().x == pytest.approx(100.25, abs=0.05)
    assert car.get_location().z == pytest.approx(0.0, abs=1e-6)
    assert abs(car.get_transform().rotation.yaw) == pytest.approx(180.0, abs=1.0)


def test_vehicle_without_physics_stays_where_it_is_put(world: carla.World) -> None:
    car = spawn_car(world)
    car.set_target_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    car.set_simulate_physics(False)
    car.set_transform(carla.Transform(carla.Location(50.0, 1.75, 2.0)))
    for _ in range(5):
        world.tick()
    assert (car.get_location().x, car.get_location().z) == pytest.approx((50.0, 2.0))
    assert car.get_velocity().length() == 0.0


def test_car_follows_the_height_and_slope_of_the_road(client: carla.Client, oval_xodr: str) -> None:
    # The first straight climbs by 5 % from 2 m; the oval is torn, which does not matter here.
    level = '<elevation s="0" a="0" b="0" c="0" d="0"/>'
    xodr = oval_xodr.replace(level, '<elevation s="0" a="2" b="0.05" c="0" d="0"/>', 1)
    world = fresh_world(client, xodr)
    up, down = spawn_car(world, x_m=50.0), spawn_car(world, x_m=100.0, y_m=-1.75, yaw_deg=180.0)
    for car, vx_mps in ((up, 10.0), (down, -10.0)):
        car.set_target_velocity(carla.Vector3D(vx_mps, 0.0, 0.0))
    for _ in range(20):
        world.tick()
    slope_deg = math.degrees(math.atan(0.05))
    for car, pitch_deg in ((up, slope_deg), (down, -slope_deg)):
        pose = car.get_transform()
        assert pose.location.z == pytest.approx(2.0 + 0.05 * pose.location.x, abs=0.02)
        assert pose.rotation.pitch == pytest.approx(pitch_deg, abs=0.1)
    # Rolling without pedals, the hill slows one car and speeds the other up.
    assert down.get_velocity().length() > up.get_velocity().length() + 0.5
    assert up.get_velocity().z == pytest.approx(0.05 * up.get_velocity().x, rel=0.05)


def test_destroyed_actors_disappear_with_their_sensors(world: carla.World) -> None:
    car = spawn_car(world)
    sensor, _ = spawn_sensor(world, car, "other.imu")
    world.tick()
    assert {car.id, sensor.id} <= {actor.id for actor in world.get_actors()}
    sensor.stop()
    assert car.destroy()
    world.tick()
    assert not {car.id, sensor.id} & {actor.id for actor in world.get_actors()}


def test_occupied_place_is_refused(world: carla.World) -> None:
    spawn_car(world)
    library = world.get_blueprint_library()
    pose = carla.Transform(carla.Location(22.0, 2.5, 0.3), carla.Rotation(yaw=70.0))
    assert world.try_spawn_actor(library.find("vehicle.audi.tt"), pose) is None
    with pytest.raises(RuntimeError, match="collision"):
        world.spawn_actor(library.find("static.prop.streetbarrier"), pose)
    assert spawn_car(world, x_m=40.0).id > 0


def test_physics_control_is_read_back_and_takes_effect(world: carla.World) -> None:
    car = spawn_car(world)
    world.tick()
    physics = car.get_physics_control()
    physics.mass = 1234.0
    physics.drag_coefficient = 0.5
    wheels = physics.wheels
    for wheel in wheels[:2]:
        wheel.max_steer_angle = 30.0
    physics.wheels = wheels
    physics.steering_curve = [carla.Vector2D(0.0, 1.0), carla.Vector2D(120.0, 0.8)]
    car.apply_physics_control(physics)
    back = car.get_physics_control()
    assert (back.mass, back.drag_coefficient) == pytest.approx((1234.0, 0.5))
    assert back.wheels[0].max_steer_angle == pytest.approx(30.0)
    assert [p.x for p in back.steering_curve] == [0.0, 120.0]
    assert [p.y for p in back.steering_curve] == pytest.approx([1.0, 0.8])
    for _ in range(30):
        car.apply_control(carla.VehicleControl(steer=0.5))
        world.tick()
    assert car.get_wheel_steer_angle(carla.VehicleWheelLocation.FR_Wheel) == pytest.approx(15.0, abs=0.1)


@pytest.mark.parametrize("preset", ["ClearNoon", "HardRainSunset", "CloudyNight", "DustStorm"])
def test_weather_presets_are_read_back(world: carla.World, preset: str) -> None:
    weather = getattr(carla.WeatherParameters, preset)
    world.set_weather(weather)
    world.tick()
    assert world.get_weather() == weather


def test_wet_road_lengthens_the_braking_distance(client: carla.Client, world: carla.World) -> None:
    distances = []
    for wetness in (0.0, 100.0):
        world = client.reload_world(False)
        world.set_weather(carla.WeatherParameters(wetness=wetness))
        car = spawn_car(world)
        car.set_target_velocity(carla.Vector3D(20.0, 0.0, 0.0))
        car.apply_control(carla.VehicleControl(brake=1.0))
        for _ in range(120):
            world.tick()
        distances.append(car.get_location().x - 20.0)
    assert distances[1] / distances[0] == pytest.approx(1.0 / 0.7, rel=0.12)


def test_spectator_moves(world: carla.World) -> None:
    pose = carla.Transform(carla.Location(5.0, 6.0, 70.0), carla.Rotation(pitch=-90.0))
    world.get_spectator().set_transform(pose)
    world.tick()
    assert world.get_spectator().get_location().z == pytest.approx(70.0)


def test_collision_reports_other_actor_and_impulse(world: carla.World) -> None:
    car = spawn_car(world)
    barrier = world.spawn_actor(
        world.get_blueprint_library().find("static.prop.streetbarrier"),
        carla.Transform(carla.Location(30.0, 1.75, 0.0), carla.Rotation(yaw=90.0)),
    )
    _sensor, hits = spawn_sensor(world, car, "other.collision")
    car.set_target_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    for _ in range(30):
        world.tick()
    event = hits.get(timeout=5.0)
    assert event.other_actor.id == barrier.id and event.actor.id == car.id
    # Momentum of 1845 kg at about 10 m/s, and a little rebound.
    assert event.normal_impulse.x == pytest.approx(-1.1 * 1845.0 * 10.0, rel=0.1)
    assert car.get_location().x < 30.0 - 2.396 - 0.185 + 0.05
    assert car.get_velocity().x < 0.5


def test_rear_end_collision_conserves_momentum(world: carla.World) -> None:
    behind, ahead = spawn_car(world), spawn_car(world, x_m=26.0)
    _sensor_behind, hits_behind = spawn_sensor(world, behind, "other.collision")
    _sensor_ahead, hits_ahead = spawn_sensor(world, ahead, "other.collision")
    behind.set_target_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    for _ in range(8):
        world.tick()
    push_behind, push_ahead = hits_behind.get(timeout=5.0), hits_ahead.get(timeout=5.0)
    assert push_behind.frame == push_ahead.frame
    assert push_ahead.normal_impulse.x == pytest.approx(-push_behind.normal_impulse.x)
    assert push_ahead.normal_impulse.x > 1000.0
    # Equal masses, hardly any rebound: both go on at about half the speed.
    assert behind.get_velocity().x + ahead.get_velocity().x == pytest.approx(10.0, abs=0.7)
    assert ahead.get_velocity().x > behind.get_velocity().x > 3.0


def test_imu_at_rest_feels_gravity_and_points_east(world: carla.World) -> None:
    car = spawn_car(world)
    _imu, measurements = spawn_sensor(world, car, "other.imu")
    for _ in range(3):
        frame = world.tick()
    measured = [measurements.get(timeout=5.0) for _ in range(3)][-1]
    assert measured.frame == frame
    force, rate = measured.accelerometer, measured.gyroscope
    assert (force.x, force.y, force.z) == pytest.approx((0.0, 0.0, 9.81), abs=1e-3)
    assert (rate.x, rate.y, rate.z) == pytest.approx((0.0, 0.0, 0.0), abs=1e-3)
    assert measured.compass == pytest.approx(math.pi / 2.0, abs=1e-3)


def test_imu_in_a_right_turn_feels_it_to_the_right(world: carla.World) -> None:
    car = spawn_car(world)
    _imu, measurements = spawn_sensor(world, car, "other.imu")
    car.set_target_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    car.apply_control(carla.VehicleControl(steer=0.05, throttle=0.2))
    for _ in range(30):
        world.tick()
        measured = measurements.get(timeout=5.0)
    speed = car.get_velocity().length()
    assert measured.gyroscope.z > 0.05
    assert measured.accelerometer.y == pytest.approx(speed * measured.gyroscope.z, rel=0.1)


def test_noise_of_an_imu_repeats(client: carla.Client, world: carla.World) -> None:
    series = []
    for _ in range(2):
        world = client.reload_world(False)
        noise = {"noise_accel_stddev_x": "0.1", "noise_seed": "5"}
        _imu, measurements = spawn_sensor(world, spawn_car(world), "other.imu", noise)
        for _ in range(5):
            world.tick()
        series.append([measurements.get(timeout=5.0).accelerometer.x for _ in range(5)])
    assert series[0] == series[1] and len(set(series[0])) == 5


def test_crossing_a_line_is_a_lane_invasion(world: carla.World) -> None:
    car = spawn_car(world, yaw_deg=-20.0)
    sensor, events = spawn_sensor(world, car, "other.lane_invasion")
    car.set_target_velocity(carla.Vector3D(8.0, -3.0, 0.0))
    for _ in range(20):
        world.tick()
    assert events.get(timeout=5.0).crossed_lane_markings[0].type == carla.LaneMarkingType.Broken
    sensor.stop()


def test_batch_spawns_commands_and_destroys(client: carla.Client, world: carla.World) -> None:
    blueprint = world.get_blueprint_library().find(TESLA)
    places = [carla.Transform(carla.Location(x, 1.75, 0.3)) for x in (20.0, 40.0, 40.5)]
    spawn, future = carla.command.SpawnActor, carla.command.FutureActor
    control = carla.VehicleControl(throttle=0.5)
    commands = [spawn(blueprint, place).then(carla.command.ApplyVehicleControl(future, control)) for place in places]
    results = client.apply_batch_sync(commands, True)
    assert [bool(result.error) for result in results] == [False, False, True]
    assert "collision" in results[2].error
    ids = [result.actor_id for result in results[:2]]
    for _ in range(20):
        world.tick()
    cars = world.get_actors(ids)
    assert all(car.get_velocity().x > 0.5 for car in cars)
    client.apply_batch([carla.command.ApplyTargetVelocity(i, carla.Vector3D(0.0, 0.0, 0.0)) for i in ids])
    results = client.apply_batch_sync([carla.command.DestroyActor(i) for i in [*ids, 999_999]], True)
    assert [bool(result.error) for result in results] == [False, False, True]
    world.tick()
    assert not set(ids) & {actor.id for actor in world.get_actors()}


def test_sticky_control_can_be_switched_off(world: carla.World) -> None:
    blueprint = world.get_blueprint_library().find(TESLA)
    blueprint.set_attribute("sticky_control", "False")
    car = world.spawn_actor(blueprint, carla.Transform(carla.Location(20.0, 1.75, 0.3)))
    car.apply_control(carla.VehicleControl(throttle=1.0))
    world.tick()
    speed = car.get_velocity().x
    assert speed > 0.05
    for _ in range(10):
        world.tick()
    assert car.get_velocity().x < speed
