"""Absolute severities: comparable between conditions, growing with the ramp."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from sensor_sim.effects import EFFECTS
from sensor_sim.effects.gain import gain_at
from sensor_sim.effects.gamma import gamma_at
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from sensor_sim.severities.scale import absolute_severities

STRONG: dict[str, dict] = {
    name: {definition.axis.parameter: definition.axis.value_at(0.5)} for name, definition in EFFECTS.items()
} | {
    "blur": {"width_px": 9.0},
    "noise": {"sigma_dn": 50.0},
    "chromatic_aberration": {"k1": -0.05},
    "exposure": {"saturation_percent": 5.0},
    "gamma": {"gamma": 2.0},
    "gain": {"factor": 0.25},
}


def severity(effect: str, parameters: dict, level: float) -> dict[str, float]:
    """On a ramp of one second of an effect, at the time of this level."""
    schedule = SensorSchedule((EffectSchedule(effect, parameters, ramp_s=1.0),))
    return absolute_severities(schedule, level, 320)


@pytest.mark.parametrize(
    ("effect", "name", "expected"),
    [
        ("blur", "blur", 8.0 / (0.10 * 320)),
        ("noise", "noise", 0.5),
        ("chromatic_aberration", "chromatic_aberration", 0.5),
        ("exposure", "exposure", 0.25),
        ("gamma", "gamma_up", 1.0 / 3.0),
        ("gain", "gain_down", 2.0 / 6.0),
        ("rain_drops", "rain_drops", 0.5),
        ("shot_noise", "shot_noise", 0.5),
    ],
)
def test_severity_at_full_strength(effect: str, name: str, expected: float) -> None:
    assert severity(effect, STRONG[effect], 1.0) == {name: pytest.approx(expected)}


@pytest.mark.parametrize("effect", sorted(EFFECTS))
def test_severity_grows_with_the_ramp_and_stays_within_one(effect: str) -> None:
    values = [next(iter(severity(effect, STRONG[effect], k).values())) for k in np.linspace(0.01, 1, 30)]
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
def test_two_sided_effects_name_their_side_and_follow_the_chain(effect: str, parameters: dict, name: str) -> None:
    """The severity of a half-way ramp is that of the value the chain applies half-way."""
    (half,) = severity(effect, parameters, 0.5).items()
    now = gamma_at(parameters["gamma"], 0.5) if effect == "gamma" else gain_at(parameters["factor"], 0.5)
    full_log2 = 3.0 if effect == "gamma" else 6.0
    assert half == (name, pytest.approx(min(abs(math.log2(now)) / full_log2, 1.0)))


def test_nothing_is_worse_than_one() -> None:
    assert severity("blur", {"width_px": 60.0}, 1.0) == {"blur": 1.0}


def test_lengths_count_per_width() -> None:
    half, full = (
        absolute_severities(SensorSchedule((EffectSchedule("defocus", {"radius_px": r}),)), 0.0, width)
        for r, width in ((4.0, 320), (8.0, 640))
    )
    assert half == pytest.approx(full)
