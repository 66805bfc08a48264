"""Networks that differ by their seed alone must score alike before a distance between cameras means anything."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.special import kolmogorov
from scipy.stats import wasserstein_distance

from sensor_sim.__main__ import main
from sensor_sim.calibration.ensemble import ensemble_gate
from sensor_sim.errors import SensorSpecError

FRAMES = np.random.default_rng(4).uniform(20, 90, 500)


def seeds(spread: float, count: int = 6) -> dict[str, np.ndarray]:
    """Networks that score the same frames with a little noise of their own."""
    return {f"seed {n}": FRAMES + np.random.default_rng(n).normal(0, spread, FRAMES.size) for n in range(count)}


def test_seeds_of_one_setting_are_as_alike_as_published_and_give_the_noise_floor() -> None:
    scores = seeds(0.5)
    gate = ensemble_gate(scores)
    assert gate.seeds == 6 and gate.passed and gate.smallest_p > 0.95
    assert gate.largest_emd == max(wasserstein_distance(a, b) for a, b in combinations(scores.values(), 2))


def test_a_seed_that_failed_raises_the_alarm_and_is_named() -> None:
    gate = ensemble_gate(seeds(0.5) | {"bad": FRAMES - 15.0})
    assert not gate.passed and "bad" in gate.least_alike and "bad" in gate.furthest_apart
    assert gate.largest_emd == pytest.approx(15.0, abs=0.2)


def test_p_is_that_of_the_largest_gap_between_the_distribution_functions() -> None:
    shifted = {"a": FRAMES, "b": FRAMES - 4.0}
    grid = np.sort(np.concatenate([FRAMES, shifted["b"]]))
    gap = max(abs((x >= FRAMES).mean() - (shifted["b"] <= x).mean()) for x in grid)
    assert ensemble_gate(shifted).smallest_p == pytest.approx(kolmogorov(gap * np.sqrt(250.0)), abs=0.02)


def test_one_network_is_no_ensemble() -> None:
    with pytest.raises(SensorSpecError, match="give at least two"):
        ensemble_gate({"a": FRAMES})


def test_the_command_tells_by_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for name, values in (seeds(0.5, 3) | {"bad": FRAMES - 15.0}).items():
        files.append(str(tmp_path / f"{name}.json"))
        Path(files[-1]).write_text(json.dumps(values.tolist()))
    assert main(["ensemble", *files[:3]]) == 0
    assert "only 3 seeds" in capsys.readouterr().out
    assert main(["ensemble", *files]) == 1
    assert "ALARM" in capsys.readouterr().out
    assert main(["ensemble", files[0], str(tmp_path / "none.json")]) == 2
