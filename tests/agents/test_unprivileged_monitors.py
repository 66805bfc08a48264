"""No monitor that is not marked privileged knows more than a car does: not the map, not the artifact, not the label."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from agents.protocol import DrivingState, EpisodeContext, Monitor, Observation
from agents.registry import make_agent, make_monitor, monitor_names
from tests.agents.car_on_a_road import Car, road

KNOWN_TO_A_CAR = {"tick", "time_s", "speed_mps", "yaw_rate_dps"}
TICKS = 4
FRAMES = np.random.default_rng(1).integers(0, 256, (TICKS, 180, 320, 3), dtype=np.uint8)
CONTEXT = EpisodeContext("pair", 5, 0.05, 320, 180, 90.0)
STATE: DrivingState = Car(road([(50, 0.0)]), 5.0).state()
DRIVER = make_agent("pilotnet")


def told_otherwise(state: DrivingState) -> DrivingState:
    """The same car as far as it knows itself; everything else is another."""
    fields = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    other = {name: value + 0.37 for name, value in fields.items() if isinstance(value, float)}
    kept = {name: fields[name] for name in KNOWN_TO_A_CAR}
    return dataclasses.replace(state, **{**other, **kept, "artifact_levels": {"blur": 0.8}})


def scores(monitor: Monitor, otherwise: bool) -> list[float]:
    monitor.reset(CONTEXT)
    found = []
    for tick, frame in enumerate(FRAMES):
        state = dataclasses.replace(STATE, tick=tick, time_s=tick * CONTEXT.tick_s)
        state = told_otherwise(state) if otherwise else state
        output = DRIVER.act(Observation(frame, state))
        found.append(monitor.score(frame, output, state).score)
    return found


@pytest.mark.parametrize("name", monitor_names())
def test_a_monitor_that_is_not_privileged_scores_the_same_whatever_the_ground_truth(name: str) -> None:
    monitor = make_monitor(name)
    as_it_is, otherwise = scores(monitor, False), scores(monitor, True)
    assert np.isfinite(as_it_is).all()
    if monitor.privileged:
        assert as_it_is != otherwise, "a monitor that ignores ground truth need not be marked privileged"
    else:
        assert as_it_is == otherwise
