"""The shipped maps through the real client: loading, driving off from spawn points, refusing what is not there."""

from __future__ import annotations

import carla
import pytest

from embedded_carla.world.map_library import available_maps
from tests.embedded_carla.conftest import RunningServer, start_server
from tests.embedded_carla.helpers import SMALL_PICTURE, TESLA, spawn_sensor


def _synchronous(world: carla.World) -> None:
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)


@pytest.mark.parametrize("name", available_maps())
def test_a_car_drives_off_from_a_spawn_point_of_every_map(client: carla.Client, name: str) -> None:
    assert f"/Game/Carla/Maps/{name}" in client.get_available_maps()
    world = client.load_world(f"/Game/Carla/Maps/{name}")
    _synchronous(world)
    carla_map = world.get_map()
    assert carla_map.name == f"Carla/Maps/{name}"
    start = carla_map.get_spawn_points()[7]
    car = world.spawn_actor(world.get_blueprint_library().find(TESLA), start)
    camera, pictures = spawn_sensor(world, car, "camera.rgb", SMALL_PICTURE)
    car.apply_control(carla.VehicleControl(throttle=0.6))
    for _ in range(30):
        world.tick()
        pictures.get(timeout=20.0)
    place = car.get_location()
    road = carla_map.get_waypoint(place).transform.location
    assert place.distance(start.location) > 1.5
    assert camera.is_listening
    assert place.z == pytest.approx(road.z, abs=0.05)


def test_a_reloaded_world_is_the_same_map_without_its_actors(client: carla.Client) -> None:
    world = client.load_world("Block")
    _synchronous(world)
    start = world.get_map().get_spawn_points()[0]
    world.spawn_actor(world.get_blueprint_library().find(TESLA), start)
    world.tick()
    before, xodr = world.id, world.get_map().to_opendrive()
    world = client.reload_world(False)
    world.tick()
    assert world.id != before
    assert world.get_map().to_opendrive() == xodr
    assert len(world.get_actors().filter("vehicle.*")) == 0


def test_towns_of_carla_are_not_found_unless_the_operator_names_them(client: carla.Client) -> None:
    with pytest.raises(RuntimeError, match=r"Town03.*not found"):
        client.load_world("Town03")
    assert not any("Town" in name for name in client.get_available_maps())


def test_an_alias_loads_a_shipped_map_under_its_name() -> None:
    running: RunningServer = start_server("--map-alias", "Town03=Block")
    try:
        client = running.connect()
        world = client.load_world("Town03")
        assert world.get_map().name == "Carla/Maps/Town03"
        assert len(world.get_map().get_topology()) > 80
    finally:
        running.stop()


def test_a_text_that_crashes_carlas_reader_leaves_the_server_alive(client: carla.Client) -> None:
    world = client.load_world("Block")
    broken = world.get_map().to_opendrive().replace('<successor id="-1" />', '<successor id="-9" />', 1)
    with pytest.raises(RuntimeError, match="crashes"):
        client.generate_opendrive_world(broken, carla.OpendriveGenerationParameters(), False)
    assert client.get_world().get_map().name == "Carla/Maps/Block"
