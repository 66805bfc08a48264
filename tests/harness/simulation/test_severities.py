"""What the stage of an episode reports about its artifacts."""

from __future__ import annotations

import pytest

from harness.simulation.sensor_stage import SensorStage
from tests.harness.simulation.episodes import NOISE, episode


def test_a_stage_reports_what_acts_at_a_tick() -> None:
    """Noise of 20 grey levels from 1 s on with a ramp of 1 s."""
    stage = SensorStage(episode(conditions=[NOISE]))
    assert stage.severities(19) == {} and stage.level(19) == 0.0
    assert stage.level(30) == pytest.approx(0.5)
    assert stage.severities(30) == {"noise": pytest.approx(0.1)}
    assert stage.severities(60) == {"noise": pytest.approx(0.2)}
