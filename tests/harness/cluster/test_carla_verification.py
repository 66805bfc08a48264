"""The verification of a running CARLA, with the embedded server in CARLA's place."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.cluster.carla_verification import VerificationError, VerificationPlan, divergence, verify_carla
from harness.simulation.conformance import check_conformance
from harness.simulation.server import SimulatorServer

SMALL = VerificationPlan("expert", ("curvature", "brightness", "random"), starts=2, duration_s=3.0, workers=1)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=r"nothing answers at 127\.0\.0\.1:9"):
        verify_carla("127.0.0.1:9", tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_a_call_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carla.World.set_weather", lambda *_: (_ for _ in ()).throw(RuntimeError("no weather here")))
    with SimulatorServer(log_dir=tmp_path / "logs") as server:
        calls, map_name = check_conformance(server.host, server.port)
    assert map_name is not None
    assert [(call.call, call.problem) for call in calls if call.problem] == [
        ("World.set_weather", "RuntimeError: no weather here")
    ]


def test_divergence_says_when_and_how_far() -> None:
    first = pd.DataFrame({"x_m": [0.0, 1.0, 2.0, 3.0], "y_m": [0.0] * 4})
    other = pd.DataFrame({"x_m": [0.0, 1.0, 2.0], "y_m": [0.0, 0.3, 0.4]})
    found = divergence([first, first.copy(), other])
    assert not found["identical"] and found["first_differing_tick"] == 1
    assert found["largest_distance_m"] == pytest.approx(0.4) and found["lengths"] == [4, 4, 3]
