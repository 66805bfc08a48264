"""The forecast from changes: what its figures are, what it remembers, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agents.errors import WeightsError
from agents.monitors.change_figures import FIGURES, LAGS_S
from agents.monitors.change_forecast import ChangeForecastMonitor, FigureMemory
from agents.monitors.mahalanobis import PooledMahalanobisMonitor
from agents.monitors.past import with_changes
from agents.network_file import LoadedNetwork, load_network
from agents.protocol import EpisodeContext
from agents.training.change_forecast_fit import by_pack
from agents.training.dataset import Frames
from agents.training.forecast_fit import FittedForecast
from agents.weights_io import WEIGHTS_FOLDER, load_weights, save_weights
from tests.agents.driven_stretches import drive

CONTEXT = EpisodeContext("pair", 1, 0.05, 320, 180, 90.0)
TICKS = 45


@pytest.fixture(scope="module")
def driver() -> LoadedNetwork:
    return load_network(WEIGHTS_FOLDER / "pilotnet.safetensors", "driver")


def pictures(seed: int = 1) -> np.ndarray:
    """Grey noise that jumps from dark to bright in the middle."""
    noise = np.random.default_rng(seed).integers(0, 60, (TICKS, 66, 200, 3), dtype=np.uint8)
    noise[TICKS // 2 :] += 150
    return noise


def test_one_tick_at_a_time_gives_the_scores_of_one_batch(driver: LoadedNetwork) -> None:
    whole, monitor = drive(driver, pictures()), ChangeForecastMonitor()
    monitor.reset(CONTEXT)
    batch = monitor.judge(whole)
    for _ in range(2):
        monitor.reset(CONTEXT)
        single = [monitor.judge(drive(driver, whole.crops[k : k + 1])).score[0] for k in range(TICKS)]
        assert single == pytest.approx(batch.score, abs=2e-3)
    assert batch.probability == pytest.approx(1.0 / (1.0 + np.exp(-batch.score)), rel=1e-4)


def test_figures_are_those_of_the_pictures_and_their_changes_over_each_lag(driver: LoadedNetwork) -> None:
    crops = pictures()
    memory = FigureMemory(PooledMahalanobisMonitor())
    memory.reset(CONTEXT)
    found = memory.next(drive(driver, crops)).numpy()
    assert found.shape == (TICKS, len(FIGURES) * (1 + len(LAGS_S)))
    # Y of BT.601, as the networks read grey.
    luma = crops.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    brightness = luma.mean(axis=(1, 2))
    column = FIGURES.index("brightness")
    assert found[:, column] == pytest.approx(brightness, abs=1.0)
    for k, lag_s in enumerate(LAGS_S, start=1):
        earlier = brightness[np.maximum(np.arange(TICKS) - round(lag_s / 0.05), 0)]
        assert found[:, k * len(FIGURES) + column] == pytest.approx(brightness - earlier, abs=1.0)
    blocks = luma[:, :66, :198].reshape(TICKS, 11, 6, 33, 6).mean(axis=(2, 4))
    before = blocks[np.maximum(np.arange(TICKS) - 2, 0)]
    motion = np.log1p(np.abs(blocks - before).mean(axis=(1, 2)))
    assert found[:, FIGURES.index("log_motion")] == pytest.approx(motion, abs=0.15)
    assert found[:, FIGURES.index("black_share")] == pytest.approx((crops <= 2).mean(axis=(1, 2, 3)), abs=1e-6)


def test_a_steady_picture_has_no_changes(driver: LoadedNetwork) -> None:
    memory = FigureMemory(PooledMahalanobisMonitor())
    memory.reset(CONTEXT)
    found = memory.next(drive(driver, np.repeat(pictures()[:1], TICKS, axis=0))).numpy()
    assert np.abs(found[:, len(FIGURES) :]).max() < 1e-3


def test_changes_by_hand() -> None:
    known = torch.arange(6.0)[:, None] ** 2
    assert with_changes(known, [1, 2]).tolist() == [[4, 3, 4], [9, 5, 8], [16, 7, 12], [25, 9, 16]]


def test_another_distance_than_it_was_fitted_to_is_refused(tmp_path: Path) -> None:
    for name in ("pilotnet", "mahalanobis_pooled"):
        for suffix in (".safetensors", ".json"):
            (tmp_path / f"{name}{suffix}").write_bytes((WEIGHTS_FOLDER / f"{name}{suffix}").read_bytes())
    shipped = load_weights(WEIGHTS_FOLDER / "change_forecast.safetensors")
    config = {**shipped.config, "distance_sha256": "0" * 64}
    save_weights(tmp_path / "change_forecast.safetensors", shipped.tensors, config, {})
    with pytest.raises(WeightsError, match="another mahalanobis_pooled"):
        ChangeForecastMonitor(tmp_path / "change_forecast.safetensors")


def test_ranking_by_pack_does_not_judge_how_often_a_pack_departs() -> None:
    """In either pack the score says nothing; the one that departs more has the lower scores."""
    soon = np.array([True, True, True, False, True, False, False, False])
    log_odds = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    fitted = FittedForecast({}, 1.0, 0.0, log_odds, np.ones(8, bool), soon)
    specs = [{"world": {"texture_pack": pack}} for pack in ("often", "rarely")]
    frames = Frames(np.zeros((8, 1, 1, 3), np.uint8), {}, np.repeat(np.arange(2, dtype=np.int32), 4), specs, "")
    assert by_pack(frames, fitted) == {"often": 0.5, "rarely": 0.5}
