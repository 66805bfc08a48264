"""The verification of a running CARLA, with the embedded server in CARLA's place."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from harness.cluster.carla_verification import RESULT_FILE, VerificationError, VerificationPlan, verify_carla
from harness.cluster.verification_figures import divergence, rank_correlation
from harness.simulation.server import SimulatorServer
from reports.carla_page import findings, write_carla_page

SMALL = VerificationPlan("expert", ("curvature", "brightness", "random"), starts=2, duration_s=3.0, workers=1)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=r"nothing answers at 127\.0\.0\.1:9"):
        verify_carla("127.0.0.1:9", tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_a_call_that_fails_is_named_on_the_page_and_nothing_is_driven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carla.World.set_weather", lambda *_: (_ for _ in ()).throw(RuntimeError("no <i>weather</i>")))
    with SimulatorServer(log_dir=tmp_path / "logs") as server:
        result = verify_carla(f"{server.host}:{server.port}", tmp_path / "out", SMALL, say=lambda _: None)
    assert [call["call"] for call in result["calls"] if call["problem"]] == ["World.set_weather"]
    assert result["comparison"] is None and result == json.loads((tmp_path / "out" / RESULT_FILE).read_text())
    assert "World.set_weather: RuntimeError: no <i>weather</i>" in findings(result)
    page = write_carla_page(result, tmp_path / "out").read_text()
    assert "NOT FIT" in page and "no &lt;i&gt;weather" in page and "<i>weather" not in page
    with pytest.raises(VerificationError, match="choose another --out"):
        verify_carla(f"{server.host}:{server.port}", tmp_path / "out", SMALL)


def test_divergence_says_when_and_how_far() -> None:
    first = pd.DataFrame({"x_m": [0.0, 1.0, 2.0, 3.0], "y_m": [0.0] * 4})
    other = pd.DataFrame({"x_m": [0.0, 1.0, 2.0], "y_m": [0.0, 0.3, 0.4]})
    found = divergence([first, first.copy(), other])
    assert not found["identical"] and found["first_differing_tick"] == 1
    assert found["largest_distance_m"] == pytest.approx(0.4) and found["lengths"] == [4, 4, 3]


def test_rank_correlations_come_with_intervals_or_not_at_all() -> None:
    assert rank_correlation([1, 2, 3], [1, 2, 3])["spearman"] is None, "three values are too few to rank"
    assert rank_correlation([1, 1, 1, 1], [1, 2, 3, 4]) == {"spearman": None, "n": 4, "low": None, "high": None}
    found = rank_correlation([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 8, 7])
    assert found["spearman"] == pytest.approx(1 - 6 * 2 / (8 * 63))
    assert found["low"] < found["spearman"] < found["high"] < 1.0
    assert rank_correlation([1, 2, 3, 4], [4, 3, 2, 1])["spearman"] == pytest.approx(-1.0)
