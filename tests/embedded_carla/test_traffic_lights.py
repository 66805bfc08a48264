"""Traffic lights as a client sees them: they take turns, hold cars back, and agree with the client's own map."""

from __future__ import annotations

from collections.abc import Iterator

import carla
import pytest

from embedded_carla.world.map_library import read_map, shipped_xodr
from embedded_carla.world.roadside import Roadside
from tests.embedded_carla.helpers import TESLA

RED, YELLOW, GREEN = carla.TrafficLightState.Red, carla.TrafficLightState.Yellow, carla.TrafficLightState.Green
TICK_S = 0.05


@pytest.fixture(scope="module")
def town(client: carla.Client) -> Iterator[carla.World]:
    """The town block in synchronous mode; afterwards another map, as the tests that follow expect none of this one."""
    world = client.load_world("Block")
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, TICK_S
    world.apply_settings(settings)
    yield world
    client.load_world("Oval")


@pytest.fixture
def block(town: carla.World) -> carla.World:
    """The same with its lights as at the beginning."""
    town.freeze_all_traffic_lights(False)
    town.reset_all_traffic_lights()
    town.tick()
    return town


def _lights(world: carla.World) -> list[carla.TrafficLight]:
    return list(world.get_actors().filter("*traffic_light*"))


def _before(light: carla.TrafficLight, back_m: float) -> carla.Transform:
    """A place in the light's lane, ``back_m`` before the middle of its trigger volume."""
    (stop,) = light.get_stop_waypoints()
    place = stop.previous(back_m)[0].transform
    place.location.z += 0.3
    return place


def test_every_light_is_a_landmark_of_the_map_and_stands_over_one_arriving_lane(block: carla.World) -> None:
    road = block.get_map()
    landmarks = {landmark.id for landmark in road.get_all_landmarks_of_type("1000001")}
    lights = _lights(block)
    assert landmarks == {light.get_opendrive_id() for light in lights} and len(lights) == 13
    for light in lights:
        (affected,), (stop,) = light.get_affected_lane_waypoints(), light.get_stop_waypoints()
        assert (affected.road_id, affected.lane_id) == (stop.road_id, stop.lane_id)
        assert all(waypoint.is_junction for waypoint in affected.next(2.0))
        facing = light.get_transform().get_forward_vector()
        right = stop.transform.get_right_vector()
        assert facing.x * right.x + facing.y * right.y == pytest.approx(1.0, abs=1e-3)
        assert block.get_traffic_light_from_opendrive_id(light.get_opendrive_id()).id == light.id
    crossroads = next(light for light in lights if len(light.get_group_traffic_lights()) == 4)
    junction = crossroads.get_affected_lane_waypoints()[0].next(2.0)[0].junction_id
    in_junction = {light.id for light in block.get_traffic_lights_in_junction(junction)}
    assert in_junction == {light.id for light in crossroads.get_group_traffic_lights()}


def test_a_group_takes_turns_with_the_times_that_are_set(block: carla.World) -> None:
    group = next(found for found in (light.get_group_traffic_lights() for light in _lights(block)) if len(found) == 3)
    for light in group:
        light.set_green_time(0.2)
        light.set_yellow_time(0.1)
        light.set_red_time(0.1)
    group[0].reset_group()
    seen = []
    for _ in range(25):
        block.tick()
        states = [light.get_state() for light in group]
        assert sum(state != RED for state in states) <= 1
        seen.append(next((state for state in states if state != RED), RED))
    # The first tick is one step into green; then 0.1 s yellow, 0.1 s red, and the next light's green.
    assert seen[:8] == [GREEN] * 3 + [YELLOW] * 2 + [RED] * 2 + [GREEN]
    assert seen[:8] == seen[8:16] == seen[16:24]
    assert group[0].get_green_time() == pytest.approx(0.2)


def test_frozen_lights_keep_what_they_are_told(block: carla.World) -> None:
    light = _lights(block)[0]
    light.freeze(True)
    light.set_state(carla.TrafficLightState.Off)
    for _ in range(3):
        block.tick()
    assert light.get_state() == carla.TrafficLightState.Off and light.is_frozen()
    block.freeze_all_traffic_lights(False)
    block.reset_all_traffic_lights()
    block.tick()
    assert light.get_state() in (RED, GREEN) and not light.is_frozen()


def test_a_vehicle_knows_its_light_and_its_speed_limit(block: carla.World) -> None:
    light = _lights(block)[0]
    light.freeze(True)
    light.set_state(RED)
    model = block.get_blueprint_library().find(TESLA)
    at, before = block.spawn_actor(model, _before(light, 0.5)), block.spawn_actor(model, _before(light, 20.0))
    block.tick()
    assert at.is_at_traffic_light() and at.get_traffic_light().id == light.id
    assert at.get_traffic_light_state() == RED
    assert not before.is_at_traffic_light() and before.get_traffic_light_state() == GREEN
    assert at.get_speed_limit() == before.get_speed_limit() == 30.0
    light.set_state(GREEN)
    block.tick()
    assert at.get_traffic_light_state() == GREEN


def test_lights_cannot_be_destroyed(block: carla.World) -> None:
    light = _lights(block)[0]
    assert not light.destroy()
    block.tick()
    assert len(_lights(block)) == 13


@pytest.mark.parametrize(("name", "limit_kmh"), [("Block", 30.0), ("Highway", 110.0), ("CountryRoad", 70.0)])
def test_speed_limits_are_those_of_the_roads(name: str, limit_kmh: float) -> None:
    loaded = read_map(name, shipped_xodr(name))
    place = loaded.spawn_points[0]
    assert loaded.speed_limits.at(*place[:3]) == limit_kmh


def test_signs_and_their_limits_become_actors() -> None:
    xodr = shipped_xodr("Oval").replace(
        "</planView>",
        '</planView><signals><signal s="20" t="-6" id="{}" name="limit" dynamic="no" orientation="+" zOffset="2" '
        'country="OpenDRIVE" type="274" subtype="-1" value="50" height="1" width="1" hOffset="0">'
        '<validity fromLane="-1" toLane="-1"/></signal></signals>',
        1,
    )
    signals = xodr.index("<signals>"), xodr.index("</signals>") + len("</signals>")
    moved = xodr[: signals[0]] + xodr[signals[1] :]  # OpenDRIVE has the signals behind the lanes
    xodr = moved.replace("</lanes>", "</lanes>" + xodr[signals[0] : signals[1]].format("sign 7"), 1)
    loaded = read_map("Signed", xodr)
    (sign,) = Roadside(loaded.signals, loaded.speed_limits, 5).actors
    assert sign.blueprint.blueprint_id == "traffic.speed_limit.50" and sign.actor_id == 5
    assert sign.record[65:97].rstrip(b"\0") == b"sign 7" and len(sign.record) == 119
