"""Recordings: what was driven is what is played again, and no file outside the operator's folder is touched."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import carla
import pytest

from tests.embedded_carla.conftest import RunningServer, fresh_world, start_server
from tests.embedded_carla.helpers import spawn_car, spawn_sensor

TICKS = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server may keep recordings."""
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def recording_client(folder: Path) -> Iterator[carla.Client]:
    """A client of a server that keeps recordings."""
    running: RunningServer = start_server("--recorder-folder", str(folder))
    yield running.connect()
    running.stop()


def _drive(client: carla.Client, xodr: str, name: str) -> tuple[carla.World, list[carla.Transform]]:
    """A car runs into a barrier, recorded; returns where the car was after every tick."""
    world = fresh_world(client, xodr)
    client.start_recorder(name)
    car = spawn_car(world)
    post = carla.Transform(carla.Location(x=26.0, y=1.75, z=0.0))
    world.spawn_actor(world.get_blueprint_library().find("static.prop.streetbarrier"), post)
    poses = []
    for _ in range(TICKS):
        car.apply_control(carla.VehicleControl(throttle=1.0, steer=0.02))
        world.tick()
        poses.append(car.get_transform())
    car.destroy()
    world.tick()
    client.stop_recorder()
    world.get_settings()  # the client does not wait for the end of a recording, but for this
    return world, poses


def _place(transform: carla.Transform) -> tuple[float, ...]:
    at, turn = transform.location, transform.rotation
    return at.x, at.y, at.z, turn.yaw


def test_a_replay_repeats_the_drive(recording_client: carla.Client, oval_xodr: str) -> None:
    _, poses = _drive(recording_client, oval_xodr, "drive.log")
    world = fresh_world(recording_client, oval_xodr)
    text = recording_client.replay_file("drive.log", 0.0, 0.0, 0)
    assert "Map: OpenDriveMap" in text and "Replaying from 0 s to 2.05 s" in text
    fastest_mps = 0.0
    for pose in poses:
        world.tick()
        (car,) = world.get_actors().filter("vehicle.*")
        assert _place(car.get_transform()) == pytest.approx(_place(pose), abs=1e-5)
        assert car.get_control().throttle == 1.0
        fastest_mps = max(fastest_mps, car.get_velocity().length())
    assert fastest_mps > 3.0
    world.tick()
    assert len(world.get_actors().filter("vehicle.*")) == 0  # it was destroyed while it was recorded


def test_a_part_is_played_at_another_speed_and_stopped(recording_client: carla.Client, oval_xodr: str) -> None:
    _, poses = _drive(recording_client, oval_xodr, "slow.log")
    world = fresh_world(recording_client, oval_xodr)
    recording_client.set_replayer_time_factor(0.5)
    recording_client.replay_file("slow.log", 0.5, 1.0, 0)
    for _ in range(2):
        world.tick()
    (car,) = world.get_actors().filter("vehicle.*")
    assert _place(car.get_transform()) == pytest.approx(_place(poses[10]), abs=1e-5)
    world.tick()
    halfway = [(a + b) / 2 for a, b in zip(_place(poses[10]), _place(poses[11]), strict=True)]
    assert _place(car.get_transform()) == pytest.approx(halfway, abs=1e-4)
    recording_client.stop_replayer(False)
    recording_client.set_replayer_time_factor(1.0)
    world.tick()
    assert len(world.get_actors().filter("vehicle.*")) == 0


def test_reports_tell_what_happened(recording_client: carla.Client, oval_xodr: str) -> None:
    _drive(recording_client, oval_xodr, "report.log")
    info = recording_client.show_recorder_file_info("report.log", False)
    assert "Map: OpenDriveMap" in info and "vehicle.tesla.model3 (1) at (200" in info
    assert "  role_name = " in info and " Destroy " in info and "Frames: 42\nDuration: 2.05 seconds" in info
    touched = recording_client.show_recorder_collisions("report.log", "v", "o")
    assert "vehicle.tesla.model3" in touched and "static.prop.streetbarrier" in touched
    assert "streetbarrier" not in recording_client.show_recorder_collisions("report.log", "w", "a")
    assert "model3" in recording_client.show_recorder_actors_blocked("report.log", 0.2, 10.0)
    assert "model3" not in recording_client.show_recorder_actors_blocked("report.log", 10.0, 10.0)


def test_a_recording_of_another_map_is_refused(recording_client: carla.Client, oval_xodr: str) -> None:
    _drive(recording_client, oval_xodr, "oval.log")
    recording_client.load_world("Highway", False)
    with pytest.raises(RuntimeError, match="load that world first"):
        recording_client.replay_file("oval.log", 0.0, 0.0, 0)


@pytest.mark.parametrize("name", ["../out.log", "/etc/passwd", "a/b.log", ".hidden", "", "x" * 200, "a\0b"])
def test_no_name_leads_out_of_the_folder(recording_client: carla.Client, folder: Path, name: str) -> None:
    before = sorted(folder.parent.rglob("*"))
    for call in (recording_client.start_recorder, lambda n: recording_client.show_recorder_file_info(n, True)):
        with pytest.raises(RuntimeError, match="not a recording's name"):
            call(name)
    assert sorted(folder.parent.rglob("*")) == before


def test_other_files_are_neither_overwritten_nor_read(recording_client: carla.Client, folder: Path) -> None:
    precious, link = folder / "notes.txt", folder / "link.log"
    precious.write_text("precious")
    link.symlink_to(precious)
    for name in ("notes.txt", "link.log"):
        with pytest.raises(RuntimeError, match=r"not a recording|is a link"):
            recording_client.start_recorder(name)
        with pytest.raises(RuntimeError, match=r"not a recording|is a link"):
            recording_client.show_recorder_file_info(name, False)
    with pytest.raises(RuntimeError, match="not found"):
        recording_client.replay_file("missing.log", 0.0, 0.0, 0)
    assert precious.read_text() == "precious"


def test_a_file_that_was_cut_off_is_read_as_far_as_it_is_whole(
    recording_client: carla.Client, folder: Path, oval_xodr: str
) -> None:
    _drive(recording_client, oval_xodr, "cut.log")
    whole = (folder / "cut.log").read_bytes()
    (folder / "cut.log").write_bytes(whole[: len(whole) // 2])
    assert "Frames: 2" in recording_client.show_recorder_file_info("cut.log", False)


def test_without_a_folder_nothing_is_recorded(client: carla.Client) -> None:
    with pytest.raises(RuntimeError, match="--recorder-folder"):
        client.start_recorder("x.log")
    client.stop_recorder()


def test_a_replayed_scene_is_seen_by_its_sensors(recording_client: carla.Client, oval_xodr: str) -> None:
    world = fresh_world(recording_client, oval_xodr)
    recording_client.start_recorder("seen.log")
    car = spawn_car(world)
    spawn_sensor(world, car, "other.imu")
    for _ in range(3):
        world.tick()
    recording_client.stop_recorder()
    world = fresh_world(recording_client, oval_xodr)
    recording_client.replay_file("seen.log", 0.0, 0.0, car.id, True)
    world.tick()
    (sensor,) = world.get_actors().filter("sensor.*")
    assert sensor.parent.type_id == "vehicle.tesla.model3"
    assert world.get_spectator().get_transform().location.x == pytest.approx(10.0, abs=0.1)
    received: queue.Queue[carla.IMUMeasurement] = queue.Queue()
    sensor.listen(received.put)
    world.tick()
    assert received.get(timeout=10.0).transform.location.z == pytest.approx(1.4, abs=0.01)
