"""The obstacle detector and the lane invasion detector, with the real client."""

from __future__ import annotations

import math
import queue
from typing import Any

import carla
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_carla.sensors.obstacle import way_to_m
from embedded_carla.world.boxes import Box
from tests.embedded_carla.helpers import drained, spawn_car, spawn_sensor

MOUNT_X_M = 1.0
"""Where the helpers fix sensors to a car."""


def detector(
    world: carla.World, car: carla.Vehicle, mount: carla.Transform, **attributes: str
) -> tuple[carla.Sensor, queue.Queue[Any]]:
    """An obstacle detector somewhere on a car, and the queue that it fills."""
    blueprint = world.get_blueprint_library().find("sensor.other.obstacle")
    for name, value in attributes.items():
        blueprint.set_attribute(name, value)
    sensor = world.spawn_actor(blueprint, mount, attach_to=car)
    events: queue.Queue[Any] = queue.Queue()
    sensor.listen(events.put)
    return sensor, events


def test_distance_to_a_car_ahead_and_to_a_barrier(world: carla.World) -> None:
    car, other = spawn_car(world, 20.0), spawn_car(world, 60.0)
    mount = carla.Transform(carla.Location(x=MOUNT_X_M, z=0.5))
    sensor, events = detector(world, car, mount, distance="80")
    moving_only, dynamic_events = detector(world, car, mount, distance="80", only_dynamics="true")
    world.tick()
    event = events.get(timeout=5.0)
    half_length_m = other.bounding_box.extent.x
    assert (event.actor.id, event.other_actor.id) == (car.id, other.id)
    assert event.distance == pytest.approx(40.0 - half_length_m - MOUNT_X_M - 0.5, abs=0.01)
    assert dynamic_events.get(timeout=5.0).other_actor.id == other.id
    barrier = world.get_blueprint_library().find("static.prop.streetbarrier")
    place = carla.Transform(carla.Location(x=40.0, y=1.75), carla.Rotation(yaw=90.0))
    prop = world.spawn_actor(barrier, place)
    world.tick()
    event, dynamic = events.get(timeout=5.0), dynamic_events.get(timeout=5.0)
    sensor.stop()
    moving_only.stop()
    assert event.other_actor.id == prop.id
    assert event.distance == pytest.approx(20.0 - prop.bounding_box.extent.y - MOUNT_X_M - 0.5, abs=0.01)
    assert dynamic.other_actor.id == other.id


def test_nothing_ahead_no_event_and_scenery_is_named(world: carla.World) -> None:
    car = spawn_car(world, 20.0)
    ahead, nothing = detector(world, car, carla.Transform(carla.Location(x=MOUNT_X_M, z=1.0)), distance="10")
    around = [
        detector(world, car, carla.Transform(carla.Location(z=1.0), carla.Rotation(yaw=yaw)), distance="150")
        for yaw in range(0, 360, 15)
    ]
    world.tick()
    first = next(event for _, events in around for event in drained(events, 0.1))
    found = [first, *(event for _, events in around for event in drained(events, 0.01))]
    for sensor, _ in [*around, (ahead, nothing)]:
        sensor.stop()
    assert nothing.empty()
    assert {event.other_actor.type_id for event in found} <= {
        "static.vegetation",
        "static.building",
        "static.guardrail",
    }
    assert all(0.0 < event.distance <= 150.0 for event in found)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.floats(-30, 30), st.floats(-30, 30), st.floats(-180, 180), st.floats(0.1, 4), st.floats(0.1, 4),
    st.floats(0.05, 2), st.floats(-180, 180),
)  # fmt: skip
def test_the_ball_stops_where_it_first_touches(
    x_m: float, y_m: float, yaw_deg: float, half_length_m: float, half_width_m: float, radius_m: float, aim_deg: float
) -> None:
    """Against small steps along the way."""
    box = Box(x_m, y_m, -1.0, yaw_deg, half_length_m, half_width_m, 1.0)
    ahead = (math.cos(math.radians(aim_deg)), math.sin(math.radians(aim_deg)), 0.0)

    def gap_m(way_m: float) -> float:
        dx, dy = way_m * ahead[0] - x_m, way_m * ahead[1] - y_m
        (ux, uy), (vx, vy) = box.axes()
        beyond = max(abs(dx * ux + dy * uy) - half_length_m, 0.0), max(abs(dx * vx + dy * vy) - half_width_m, 0.0)
        return math.hypot(*beyond)

    expected = next((k * 0.01 for k in range(6001) if gap_m(k * 0.01) <= radius_m), None)
    found = way_to_m(box, (0.0, 0.0, 0.0), ahead, radius_m, 60.0)
    if expected is None:
        assert found is None or gap_m(found) <= radius_m + 0.002
    else:
        assert found == pytest.approx(expected, abs=0.25) and gap_m(found) == pytest.approx(
            radius_m if expected > 0.0 else gap_m(0.0), abs=0.002
        )


def test_crossing_a_marking_is_reported_with_its_kind(world: carla.World) -> None:
    car = spawn_car(world, 20.0)
    sensor, events = spawn_sensor(world, car, "other.lane_invasion")
    world.tick()
    car.set_target_velocity(carla.Vector3D(x=10.0))
    for _ in range(20):
        car.apply_control(carla.VehicleControl(throttle=0.3))
        world.tick()
    assert events.empty(), "it stayed in its lane"
    for _ in range(40):
        car.apply_control(carla.VehicleControl(throttle=0.3, steer=-0.03))
        world.tick()
    event = events.get(timeout=5.0)
    sensor.stop()
    assert [str(marking.type) for marking in event.crossed_lane_markings] == ["Broken"]
