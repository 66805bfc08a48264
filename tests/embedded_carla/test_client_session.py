"""Connecting, worlds, ticks and cameras, with the real client."""

from __future__ import annotations

import itertools
import queue
import time

import carla
import numpy as np
import pytest

from tests.embedded_carla.conftest import RunningServer
from tests.embedded_carla.helpers import SMALL_PICTURE, spawn_car, spawn_sensor


def _new_queue_per_sensor(
    world: carla.World, car: carla.Vehicle, kind: str
) -> tuple[carla.Sensor, queue.Queue[carla.Image]]:
    return spawn_sensor(world, car, kind, SMALL_PICTURE)


def test_client_and_server_speak_the_same_version(client: carla.Client) -> None:
    assert client.get_server_version() == client.get_client_version() == "0.9.16"
    assert "/Game/Carla/Maps/Oval" in client.get_available_maps()


def test_shipped_map_is_a_closed_circuit(client: carla.Client, world: carla.World) -> None:
    world = client.load_world("Oval", False)
    assert world.get_map().name.endswith("Oval")
    for spawn_point in world.get_map().get_spawn_points():
        waypoint = world.get_map().get_waypoint(spawn_point.location, project_to_road=False)
        assert waypoint is not None and waypoint.lane_type == carla.LaneType.Driving
        assert len(waypoint.next(40.0)) == 1


def test_generated_world_has_the_road_that_was_sent(world: carla.World, oval_xodr: str) -> None:
    assert world.get_map().name.endswith("OpenDriveMap")
    assert world.get_map().to_opendrive() == oval_xodr
    assert world.get_settings().synchronous_mode
    assert world.get_settings().fixed_delta_seconds == pytest.approx(0.05)


def test_bad_roads_are_refused_and_the_world_goes_on(client: carla.Client, world: carla.World) -> None:
    parameters = carla.OpendriveGenerationParameters()
    for text in ("not xml", "<OpenDRIVE></OpenDRIVE>", "<html><road/></html>"):
        with pytest.raises(RuntimeError, match="OpenDRIVE"):
            client.generate_opendrive_world(text, parameters, False)
    with pytest.raises(RuntimeError, match="Nowhere"):
        client.load_world("Nowhere")
    assert world.tick() > 0


def test_frames_rise_by_one_and_time_by_the_step(world: carla.World) -> None:
    first = world.tick()
    start_s = world.get_snapshot().timestamp.elapsed_seconds
    for k in range(1, 30):
        assert world.tick() == first + k
        stamp = world.get_snapshot().timestamp
        assert stamp.frame == first + k
        assert stamp.elapsed_seconds == pytest.approx(start_s + 0.05 * k)
        assert stamp.delta_seconds == pytest.approx(0.05)


def test_world_runs_by_itself_without_synchronous_mode(world: carla.World) -> None:
    settings = world.get_settings()
    settings.synchronous_mode = False
    world.apply_settings(settings)
    frames = [world.wait_for_tick(2.0).frame for _ in range(4)]
    assert all(later > earlier for earlier, later in itertools.pairwise(frames))
    settings.synchronous_mode = True
    world.apply_settings(settings)
    still = world.get_snapshot().frame
    time.sleep(0.15)
    assert world.get_snapshot().frame == still


def test_each_tick_brings_the_picture_of_that_frame(world: carla.World) -> None:
    car = spawn_car(world)
    camera, pictures = _new_queue_per_sensor(world, car, "camera.rgb")
    for _ in range(20):
        frame = world.tick()
        image = pictures.get(timeout=5.0)
        assert image.frame == frame
        assert (image.width, image.height) == (64, 36)
        assert image.transform.location.x == pytest.approx(camera.get_transform().location.x)
    assert pictures.empty()
    camera.stop()


def test_no_first_picture_is_lost(world: carla.World) -> None:
    car = spawn_car(world)
    world.tick()
    for _ in range(200):
        camera, pictures = _new_queue_per_sensor(world, car, "camera.depth")
        frame = world.tick()
        assert pictures.get(timeout=5.0).frame == frame
        camera.stop()
        camera.destroy()


def test_cameras_of_one_pose_agree(world: carla.World) -> None:
    car = spawn_car(world)
    world.tick()
    kinds = ("camera.rgb", "camera.depth", "camera.semantic_segmentation", "camera.instance_segmentation")
    sensors = [_new_queue_per_sensor(world, car, kind) for kind in kinds]
    frame = world.tick()
    images = [pictures.get(timeout=5.0) for _, pictures in sensors]
    assert {image.frame for image in images} == {frame}
    rgb, depth, tags, instances = (
        np.frombuffer(image.raw_data, np.uint8).reshape(36, 64, 4).astype(np.int64) for image in images
    )
    depth_m = 1000.0 * (depth[..., 2] + 256 * depth[..., 1] + 65536 * depth[..., 0]) / (2**24 - 1)
    assert rgb[..., :3].std() > 5.0, "the picture shows nothing"
    sky = tags[..., 2] == int(carla.CityObjectLabel.Sky)
    road = np.isin(tags[..., 2], [int(carla.CityObjectLabel.Roads), int(carla.CityObjectLabel.RoadLines)])
    assert sky[:4].any() and road[-4:].all()
    assert depth_m[sky].min() > 900.0
    # The camera looks along the level road from 1.4 m: the middle of the lowest row sees the ground at
    # depth = height / tan(angle below the horizon), with f = 32 px for 90 degrees.
    assert depth_m[35, 32] == pytest.approx(1.4 * 32.0 / (35.5 - 18.0), rel=0.03)
    assert np.array_equal(instances[..., 2], tags[..., 2])
    for sensor, _ in sensors:
        sensor.stop()


def test_sensor_tick_thins_out_pictures(world: carla.World) -> None:
    car = spawn_car(world)
    camera, pictures = spawn_sensor(world, car, "camera.depth", {**SMALL_PICTURE, "sensor_tick": "0.15"})
    first = world.tick()
    for _ in range(9):
        world.tick()
    frames = [pictures.get(timeout=5.0).frame for _ in range(4)]
    assert frames == [first, first + 3, first + 6, first + 9]
    camera.stop()


def test_camera_outside_the_car_sees_it_and_one_inside_does_not(world: carla.World) -> None:
    car = spawn_car(world)
    _camera, inside = spawn_sensor(world, car, "camera.semantic_segmentation", SMALL_PICTURE)
    blueprint = world.get_blueprint_library().find("sensor.camera.semantic_segmentation")
    for name, value in SMALL_PICTURE.items():
        blueprint.set_attribute(name, value)
    behind = world.spawn_actor(blueprint, carla.Transform(carla.Location(x=-7.0, z=2.5)), attach_to=car)
    outside: queue.Queue[carla.Image] = queue.Queue()
    behind.listen(outside.put)
    world.tick()
    car_tag = int(carla.CityObjectLabel.Car)
    seen = [np.frombuffer(q.get(timeout=5.0).raw_data, np.uint8)[2::4] for q in (inside, outside)]
    assert (seen[0] == car_tag).sum() == 0
    assert (seen[1] == car_tag).sum() > 50


def test_world_reloads_twenty_times(client: carla.Client, world: carla.World) -> None:
    ids: set[int] = set()
    for _ in range(20):
        last_frame = world.tick()
        world = client.reload_world(False)
        assert [a.type_id for a in world.get_actors() if a.type_id != "spectator"] == []
        car = spawn_car(world)
        frame = world.tick()
        assert frame > last_frame
        assert world.get_snapshot().timestamp.elapsed_seconds < 0.3
        assert car.id not in ids
        ids.add(car.id)
        assert car.get_location().x == pytest.approx(20.0, abs=1e-3)


def test_second_client_follows_a_change_of_world(
    server: RunningServer, client: carla.Client, world: carla.World
) -> None:
    other = server.connect()
    other_world = other.get_world()
    assert other_world.get_map().name.endswith("OpenDriveMap")
    world = client.load_world("Oval", False)
    car = spawn_car(world)
    world.tick()
    deadline = time.monotonic() + 5.0
    while other.get_world().get_snapshot().find(car.id) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert other.get_world().get_map().name.endswith("Oval")
    assert other.get_world().get_actor(car.id).type_id == car.type_id


def test_resetting_a_load_returns_to_the_clock(client: carla.Client, world: carla.World) -> None:
    world = client.reload_world(True)
    assert not world.get_settings().synchronous_mode
    assert world.wait_for_tick(2.0).frame > 0


def test_unsupported_calls_say_so(world: carla.World) -> None:
    with pytest.raises(RuntimeError, match="get_telemetry_data is not supported"):
        spawn_car(world).get_telemetry_data()
