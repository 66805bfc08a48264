"""``--verify-carla`` from its calls to its page, with an embedded server in CARLA's place: ``make soak``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cluster.carla_verification import VerificationPlan, verify_carla
from harness.simulation.server import SimulatorServer
from reports.carla_page import write_carla_page

SMALL = VerificationPlan("expert", ("curvature", "brightness", "random"), starts=2, duration_s=3.0, workers=1)


@pytest.mark.timeout(1800)
def test_every_call_is_answered_and_both_simulators_agree_with_themselves(tmp_path: Path) -> None:
    with SimulatorServer(log_dir=tmp_path / "logs") as server:
        result = verify_carla(f"{server.host}:{server.port}", tmp_path / "out", SMALL)
    assert result == json.loads((tmp_path / "out/carla_verification.json").read_text())
    assert len(result["calls"]) > 20 and all(call["problem"] is None for call in result["calls"])
    assert result["divergence"]["identical"] and result["divergence"]["first_differing_tick"] is None
    comparison = result["comparison"]
    assert comparison["departures"]["verified"] == comparison["departures"]["embedded"]
    assert (comparison["departures"]["verified"]["k"], comparison["departures"]["verified"]["n"]) == (0, 8)
    assert comparison["margins"]["n"] == 8
    assert comparison["margins"]["spearman"] == pytest.approx(1.0, abs=0.15), "one geometry, one vehicle"
    assert comparison["monitors"]["spearman"] is None, "nothing departs, so no monitor has an AUROC"
    page = write_carla_page({**result, "map": "<b>Town</b>"}, tmp_path / "out").read_text()
    assert "identical in every tick" in page and "not yet been run against CARLA itself" in page
    assert "undefined" in page and "&lt;b&gt;Town" in page and "<b>Town" not in page
