"""Absolute severities: comparable between conditions, growing with the ramp."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from harness.simulation.sensor_stage import SensorStage, severities
from sensor_sim.effects import EFFECTS
from sensor_sim.effects.gain import gain_at
from sensor_sim.effects.gamma import gamma_at
from tests.harness.simulation.episodes import NOISE, episode

STRONG = {
    "blur": {"width_px": 9.0},
    "noise": {"sigma_dn": 50.0},
    "chromatic_aberration": {"k1": -0.05},
    "exposure": {"saturation_percent": 5.0},
    "gamma": {"gamma": 2.0},
    "gain": {"factor": 0.25},
}


def test_every_effect_of_the_sensor_has_a_severity() -> None:
    assert set(STRONG) == set(EFFECTS)


@pytest.mark.parametrize(
    ("effect", "name", "expected"),
    [
        ("blur", "blur", 8.0 / (0.10 * 320)),
        ("noise", "noise", 0.5),
        ("chromatic_aberration", "chromatic_aberration", 0.5),
        ("exposure", "exposure", 0.25),
        ("gamma", "gamma_up", 1.0 / 3.0),
        ("gain", "gain_down", 2.0 / 6.0),
    ],
)
def test_severity_at_full_strength(effect: str, name: str, expected: float) -> None:
    assert severities(effect, STRONG[effect], 1.0, 320) == {name: pytest.approx(expected)}


@pytest.mark.parametrize("effect", sorted(STRONG))
def test_severity_grows_with_the_ramp_and_stays_within_one(effect: str) -> None:
    values = [next(iter(severities(effect, STRONG[effect], k, 320).values())) for k in np.linspace(0.01, 1, 30)]
    assert all(later > earlier for earlier, later in itertools.pairwise(values))
    assert values[0] > 0.0 and values[-1] <= 1.0


@pytest.mark.parametrize(
    ("effect", "parameters", "name"),
    [
        ("gamma", {"gamma": 2.5}, "gamma_up"),
        ("gamma", {"gamma": 0.4}, "gamma_down"),
        ("gain", {"factor": 5.0}, "gain_up"),
        ("gain", {"factor": 0.08}, "gain_down"),
    ],
)
def test_two_sided_effects_name_their_side_and_follow_the_chain(
    effect: str, parameters: dict[str, float], name: str
) -> None:
    """The severity of a half-way ramp is that of the value the chain applies half-way."""
    (half,) = severities(effect, parameters, 0.5, 320).items()
    now = gamma_at(parameters["gamma"], 0.5) if effect == "gamma" else gain_at(parameters["factor"], 0.5)
    full_log2 = 3.0 if effect == "gamma" else 6.0
    assert half == (name, pytest.approx(min(abs(math.log2(now)) / full_log2, 1.0)))


def test_nobody_is_worse_than_one() -> None:
    assert severities("noise", {"sigma_dn": 400.0}, 1.0, 320) == {"noise": 1.0}


def test_a_stage_reports_what_acts_at_a_tick() -> None:
    """Noise of 20 grey levels from 1 s on with a ramp of 1 s."""
    stage = SensorStage(episode(conditions=[NOISE]))
    assert stage.severities(19) == {} and stage.level(19) == 0.0
    assert stage.level(30) == pytest.approx(0.5)
    assert stage.severities(30) == {"noise": pytest.approx(0.1)}
    assert stage.severities(60) == {"noise": pytest.approx(0.2)}
