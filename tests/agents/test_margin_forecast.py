"""The forecast of the lane margin: its targets, its time to line crossing, its fit; ticks and batches agree."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.monitors.mahalanobis import PooledMahalanobisMonitor
from agents.monitors.margin_forecast import (
    HORIZONS_S,
    MarginForecastMonitor,
    MarginMemory,
    time_to_line_crossing_s,
)
from agents.network_file import LoadedNetwork, load_network
from agents.protocol import EpisodeContext
from agents.training.dataset import Frames
from agents.training.dense_fit import DenseSettings
from agents.training.forecast_fit import episode_folds
from agents.training.margin_forecast_fit import FURTHEST_OVER_M, fit_margins, margin_scores, smallest_margins_m
from agents.weights_io import WEIGHTS_FOLDER
from tests.agents.driven_stretches import drive

CONTEXT = EpisodeContext("pair", 1, 0.05, 320, 180, 90.0)
TICKS = 40


@pytest.fixture(scope="module")
def driver() -> LoadedNetwork:
    return load_network(WEIGHTS_FOLDER / "pilotnet.safetensors", "driver")


def recorded(margins_m: list[list[float]], departed_at: list[int | None], frame_s: float = 0.5) -> Frames:
    """Runs with these margins; a run is departed from a frame on, or never."""
    lengths = [len(run) for run in margins_m]
    departed = [
        np.arange(len(run)) >= (len(run) if at is None else at) for run, at in zip(margins_m, departed_at, strict=True)
    ]
    columns = {
        "lane_margin_m": np.concatenate(margins_m).astype(np.float32),
        "time_s": np.concatenate([np.arange(length) * frame_s for length in lengths]).astype(np.float32),
        "departed": np.concatenate(departed).astype(np.float32),
    }
    episode = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    specs = [{"sensor": [], "world": {"texture_pack": "dry"}} for _ in lengths]
    return Frames(np.zeros((len(episode), 0, 0, 3), np.uint8), columns, episode, specs, "")


def test_one_tick_at_a_time_gives_the_scores_of_one_batch(driver: LoadedNetwork) -> None:
    noise = np.random.default_rng(1).integers(0, 60, (TICKS, 66, 200, 3), dtype=np.uint8)
    noise[TICKS // 2 :] += 150
    monitor = MarginForecastMonitor()
    monitor.reset(CONTEXT)
    batch = monitor.judge(drive(driver, noise))
    monitor.reset(CONTEXT)
    single = [monitor.judge(drive(driver, noise[k : k + 1])).score[0] for k in range(TICKS)]
    assert single == pytest.approx(batch.score, abs=2e-3)
    assert batch.probability is not None
    order = np.argsort(batch.score)
    assert np.all(np.diff(batch.probability[order]) >= 0.0), "nearer to the line is likelier to depart"


def test_features_hold_the_drivers_layers_of_now_and_before(driver: LoadedNetwork) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (TICKS, 66, 200, 3), dtype=np.uint8)
    memory = MarginMemory(driver.network, PooledMahalanobisMonitor())
    memory.reset(CONTEXT)
    found = memory.next(drive(driver, noise))
    inner = found[:, 36:].reshape(TICKS, 3, -1)
    for k, ticks in enumerate((0, 8, 16)):
        earlier = np.maximum(np.arange(TICKS) - ticks, 0)
        assert torch.equal(inner[:, k], inner[earlier, 0])


def test_smallest_margin_to_come_by_hand() -> None:
    run = [0.8, 0.6, 0.7, 0.2, 0.5, -0.1, -0.9, -0.9]
    departs, keeps = smallest_margins_m(recorded([run, [0.8] * 8], [6, None])).reshape(2, 8, 4)
    assert departs[0] == pytest.approx([0.8, 0.6, 0.2, FURTHEST_OVER_M]), "to 0, 1, 2 and 3 s, no further than known"
    assert departs[3] == pytest.approx([0.2, -0.1, FURTHEST_OVER_M, FURTHEST_OVER_M]), "the run ends, departed"
    assert keeps[1] == pytest.approx([0.8] * 4)
    assert np.isnan(keeps[2]).tolist() == [False, False, False, True], "its last seconds are not known"


def test_time_to_line_crossing_lies_on_the_straight_line_between_horizons() -> None:
    margins_m = np.array(
        [[0.5, 0.5, -0.5, -0.5], [-0.1, -0.2, -0.2, -0.3], [0.6, 0.4, 0.3, 0.1], [0.3, 0.3, 0.3, -0.1]]
    )
    found = time_to_line_crossing_s(margins_m)
    assert found[[0, 1, 3]] == pytest.approx([1.5, 0.0, 2.75])
    assert np.isnan(found[2])
    grid = np.linspace(0.0, 3.0, 3001)
    crossed = np.interp(grid, HORIZONS_S, margins_m[3]) < 0.0
    assert found[3] == pytest.approx(grid[crossed.argmax()], abs=0.002)


def test_a_fit_learns_the_margin_from_what_tells_it_and_knows_departures_by_it() -> None:
    rng = np.random.default_rng(3)
    runs, ends = [], []
    for k in range(40):
        departs = k % 2 == 0
        margin = 0.8 - (0.05 * np.arange(20) if departs else 0.02 * rng.random(20))
        runs.append(margin.tolist())
        ends.append(17 if departs else None)
    frames = recorded(runs, ends)
    wanted = smallest_margins_m(frames)
    wide = np.stack([np.nan_to_num(wanted[:, -1]), rng.normal(size=len(frames))], axis=1).astype(np.float32)
    settings = DenseSettings(hidden=(8,), members=3, epochs=60, learning_rate=1e-2)
    fitted = fit_margins(frames, wide, wanted, settings, episode_folds(frames, 3, seed=0))
    scores = margin_scores(fitted, wanted)
    assert scores["margin_mae_m"]["3_s"] < 0.3 * scores["margin_mae_m_of_the_median"]["3_s"]
    forecast = fitted.forecast
    assert forecast.slope > 0.0
    odds = forecast.unseen_log_odds[forecast.usable]
    soon = forecast.soon[forecast.usable]
    assert odds[soon].min() > odds[~soon].mean()


def test_the_shipped_one_says_what_it_rests_on() -> None:
    monitor = MarginForecastMonitor()
    assert monitor.driver_sha256 == load_network(WEIGHTS_FOLDER / "pilotnet.safetensors", "driver").sha256
    assert monitor.weights_path == WEIGHTS_FOLDER / "margin_forecast.safetensors"
