"""Whole episodes on the real server: how they end, and what twins and repetitions share."""

from __future__ import annotations

import io
import math

import av
import carla
import numpy as np
import pytest

from harness.results.schema import EpisodeRecord
from harness.simulation.callback import TickView
from harness.simulation.server import SimulatorServer
from harness.simulation.session import CarlaSession
from tests.harness.simulation import drivers
from tests.harness.simulation.episodes import NOISE, STRAIGHT, column, drive, episode, found

TICK_S = 0.05
PULSE = f"{drivers.__name__}:PulseMonitor"


def same(one: EpisodeRecord, other: EpisodeRecord, ticks: int | None = None) -> bool:
    """Equal tick tables, every column of both, up to a tick."""
    return one.ticks.column_names == other.ticks.column_names and shared(one, other, ticks)


def shared(one: EpisodeRecord, other: EpisodeRecord, ticks: int | None = None) -> bool:
    """Equal in the columns that both have, up to a tick; NaN equals NaN."""
    names = [name for name in one.ticks.column_names if name in other.ticks.column_names]
    mine, theirs = (table.select(names).slice(0, ticks).to_pandas() for table in (one.ticks, other.ticks))
    return len(mine) > 0 and bool(mine.equals(theirs))


def test_the_expert_reaches_the_end_of_the_route_in_the_middle_of_its_lane(session: CarlaSession) -> None:
    segments = [{"straight_m": 5}, {"radius_m": 40, "angle_deg": 30}]
    record = drive(session, episode("expert", segments=segments, duration_s=20.0))
    assert (record.outcome, record.events["end_reason"]) == ("completed", "route_end")
    assert np.abs(column(record, "lateral_offset_m")).max() < 0.2
    assert record.events["departures"] == [] and record.clips == {}
    assert record.events["simulator"] == {"version": "0.9.16", "scene_version": session.scene_version}
    assert session.scene_version is not None and session.scene_version >= 1
    assert np.isnan(column(record, "swa_agent_deg")).all()
    assert record.events["distance_m"] == pytest.approx(column(record, "route_s_m")[-1], abs=1.0)
    assert column(record, "tick").tolist() == list(range(record.ticks.num_rows))


def test_the_same_spec_gives_the_same_table_bit_for_bit(session: CarlaSession) -> None:
    spec = episode(conditions=[NOISE], monitors=["random", "curvature", "true_error"], duration_s=4.0)
    one, other = drive(session, spec), drive(session, spec)
    assert column(one, "sensor_level").max() == 1.0
    assert same(one, other)


def test_watching_changes_no_trajectory(session: CarlaSession) -> None:
    alone = drive(session, episode(conditions=[NOISE]))
    watched = drive(session, episode(conditions=[NOISE], monitors=["random", "periodic", "current_margin"]))
    assert len(watched.ticks.column_names) == len(alone.ticks.column_names) + 9
    assert shared(alone, watched)


def test_a_takeover_twin_is_its_shadow_run_up_to_the_first_takeover(session: CarlaSession) -> None:
    """Always on, hands on the wheel after 1 s: debounce tick, 20 ticks, then the driver's own steering."""
    shadow = drive(session, episode(monitors=["always_on"]))
    twin = drive(session, episode("takeover:always_on", monitors=["always_on"]))
    first = twin.events["first_takeover_tick"]
    assert first == 21
    assert twin.events["takeovers"] == [{"alarm_s": 0.05, "start_s": pytest.approx(1.05), "end_s": None}]
    assert same(shadow, twin, first)
    assert column(twin, "takeover").tolist() == [tick >= first for tick in range(twin.ticks.num_rows)]
    assert not np.array_equal(column(shadow, "swa_command_deg")[first:], column(twin, "swa_command_deg")[first:])


def test_a_plug_in_monitor_can_be_obeyed(session: CarlaSession) -> None:
    """The scenario calls it `module:Class`, tables call it by the class's name."""
    spec = episode(f"takeover:{PULSE}@fa0.50", monitors=[PULSE], thresholds=drivers.THRESHOLDS)
    shadow = drive(session, episode(monitors=[PULSE]))
    twin = drive(session, spec)
    first = twin.events["first_takeover_tick"]
    # The 0.5 s mean passes 0.5 with the sixth score of 1; one more tick of debounce; 1 s of reaction.
    assert first == 20 + 6 + 20
    assert same(shadow, twin, first)
    assert not column(twin, "takeover")[:first].any()


def test_log_mode_drives_the_expert_while_the_agent_only_answers(session: CarlaSession) -> None:
    record = drive(session, episode("log", monitors=["random"]), agent=drivers.StraightAhead())
    assert np.array_equal(column(record, "swa_command_deg"), column(record, "swa_label_deg"))
    assert not column(record, "swa_agent_deg").any()
    assert record.events["departures"] == []


def test_a_departure_ends_the_run_three_seconds_later_and_leaves_a_clip(session: CarlaSession) -> None:
    # With this seed no guard rail stands where the car leaves the road: hitting one would end the run sooner.
    spec = episode(monitors=["always_on"], duration_s=20.0, seeds=[1])
    record = drive(session, spec, agent=drivers.StraightAhead())
    assert (record.outcome, record.events["end_reason"]) == ("completed", "departure")
    over = column(record, "lane_margin_m") < 0.0
    onset = int(np.argmax(over))
    assert over[onset : onset + 4].all() and not over[:onset].any()
    event = next(departure for departure in record.events["departures"] if departure["grade"] == "G0")
    assert event["onset_s"] == pytest.approx(onset * TICK_S)
    assert event["onset_route_s_m"] == pytest.approx(float(column(record, "route_s_m")[onset]))
    assert column(record, "time_s")[-1] == pytest.approx(event["onset_s"] + 3.0)
    # Straight on in a left bend leads to the right, beyond the line, beyond the shoulder.
    assert column(record, "lateral_offset_m")[-1] < -1.75
    assert {departure["grade"] for departure in record.events["departures"]} >= {"G0", "G1", "G2"}
    with av.open(io.BytesIO(record.clips["clip_0.mp4"])) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    assert len(frames) == min(120, record.ticks.num_rows)
    assert not np.array_equal(frames[0], frames[-1])


class _ParkedCar:
    """Puts a car on the road ahead, through a client of its own."""

    def __init__(self, server: SimulatorServer) -> None:
        self._client = carla.Client(server.host, server.port)
        self._client.set_timeout(20.0)

    def on_tick(self, view: TickView) -> None:
        if view.state.tick == 2:
            world = self._client.get_world()
            blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
            transform = carla.Transform(carla.Location(x=view.state.x_m + 18.0, y=-view.state.y_m, z=0.3))
            world.spawn_actor(blueprint, transform)


def test_a_collision_is_entered_at_its_tick_and_ends_the_run_a_second_later(
    session: CarlaSession, simulator: SimulatorServer
) -> None:
    spec = episode(segments=STRAIGHT, duration_s=8.0)
    record = drive(session, spec, agent=drivers.StraightAhead(), callbacks=[_ParkedCar(simulator)])
    assert record.events["end_reason"] == "collision"
    hit = int(np.argmax(column(record, "collision")))
    assert record.events["collisions"][0] == {"time_s": pytest.approx(hit * TICK_S), "other": "vehicle.tesla.model3"}
    assert record.ticks.num_rows - 1 == hit + 20
    # Bumper to bumper: 18 m less one length of the car at the tick of the contact, and slower right after.
    driven_m = column(record, "x_m")[hit] - column(record, "x_m")[2]
    assert driven_m == pytest.approx(18.0 - 4.8, abs=1.2)
    assert column(record, "speed_mps")[hit + 1] < 0.8 * column(record, "speed_mps")[hit - 1]


class _Anchor:
    """Stops the ego anew at every tick, through a client of its own."""

    def __init__(self, server: SimulatorServer) -> None:
        self._client = carla.Client(server.host, server.port)
        self._client.set_timeout(20.0)
        self._ego: carla.Actor | None = None

    def on_tick(self, view: TickView) -> None:
        if self._ego is None:
            self._ego = found(self._client, "vehicle.*")
        self._ego.set_target_velocity(carla.Vector3D(0.0, 0.0, 0.0))
        self._client.get_server_version()  # answered after the order: no tick overtakes it


def test_a_car_that_cannot_move_is_stuck_after_five_seconds(session: CarlaSession, simulator: SimulatorServer) -> None:
    record = drive(session, episode(segments=STRAIGHT, duration_s=8.0), callbacks=[_Anchor(simulator)])
    assert record.events["end_reason"] == "stuck"
    slow = column(record, "speed_mps") < 0.5
    onset = int(np.argmax(slow))
    assert slow[onset:].all() and slow[onset:].sum() == 101
    assert record.events["stuck"] == [{"onset_s": pytest.approx(onset * TICK_S)}]
    assert math.isfinite(record.events["distance_m"])
