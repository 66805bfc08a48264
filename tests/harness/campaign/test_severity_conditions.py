"""`severity: 3` in a scenario: resolved to physical units before anything is hashed or stored."""

from __future__ import annotations

from typing import Any

import pytest

from harness.campaign.episode_spec import CameraSpec
from harness.campaign.errors import ScenarioError
from harness.campaign.sensor_conditions import expand_conditions
from harness.campaign.spec import ConditionEntry
from sensor_sim.severities.table import calibration, severity_parameters

CAMERA = CameraSpec(width_px=640, height_px=360, fov_deg=90)


def resolved(**effect: Any) -> list[dict[str, Any]]:
    """Parameters of the single effect in each expanded condition."""
    entry = ConditionEntry.model_validate({"name": "c", "effects": [effect], "onset_s": 2.0})
    return [condition.resolve("pair")[0]["parameters"] for condition in expand_conditions([entry], CAMERA)]


def test_a_severity_becomes_the_calibrated_parameters_of_this_camera() -> None:
    (parameters,) = resolved(effect="defocus", severity=2)
    assert parameters == {"radius_px": pytest.approx(2.0 * calibration()["effects"]["defocus"]["values"][1])}


def test_severities_can_be_swept() -> None:
    expected = [severity_parameters("shot_noise", severity, 640, 90.0) for severity in (1, 3, 5)]
    assert resolved(effect="shot_noise", sweep={"severity": [1, 3, 5]}) == expected


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        ({"effect": "noise", "severity": 6}, r"condition 'c': effect 'noise', field 'severity': 6.* from 1 to 5"),
        ({"effect": "noise", "severity": 2, "sigma_dn": 4}, "has 'severity' and sigma_dn; .* give one of the two"),
        ({"effect": "nois", "severity": 2}, r"unknown effect 'nois' \(did you mean 'noise'\?\)"),
    ],
)
def test_a_wrong_severity_names_condition_effect_and_range(effect: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        resolved(**effect)
