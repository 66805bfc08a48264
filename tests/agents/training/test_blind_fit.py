"""What is fitted without some episodes knows nothing of them, and reads what the shipped monitors read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from agents.monitors.camera_student import CameraStudentMonitor
from agents.monitors.crop_monitor import Stretch
from agents.monitors.forecast_features import tick_features, with_student
from agents.monitors.watched_driver import dense_outputs, flat_features
from agents.training.blind_fit import Watched, Watcher, fit_blind
from tests.agents.training.recorded_frames import frames

EPISODES, TICKS, FEATURES, PLAIN = 12, 25, 1152, 130


def test_episodes_that_are_left_out_teach_nothing_and_a_seed_draws_anew() -> None:
    rng = np.random.default_rng(0)
    count = EPISODES * TICKS
    place = np.tile(np.arange(TICKS), EPISODES)
    departs = np.repeat(np.arange(EPISODES) % 2 == 0, TICKS)
    columns = {
        "time_s": place * 0.4,
        "departed": (departs & (place >= 20)).astype(float),
        "swa_agent_deg": rng.normal(0.0, 8.0, count),
        "speed_mps": np.full(count, 10.0),
    }
    shapes = {"camera": FEATURES, "saliency": FEATURES, "plain": PLAIN, "ensemble": 1}
    watched = Watched(**{name: rng.normal(size=(count, width)) for name, width in shapes.items()})
    kept = np.repeat(np.arange(EPISODES) < 8, TICKS)
    changed = {
        name: np.where(kept, values, 50.0 + 0.0 * values) for name, values in columns.items() if name != "time_s"
    }
    altered = Watched(**{name: np.where(kept[:, None], getattr(watched, name), 9.0) for name in shapes})
    once = fit_blind(frames([TICKS] * EPISODES, columns), watched, kept, 0.4)
    again = fit_blind(frames([TICKS] * EPISODES, {**columns, **changed}), altered, kept, 0.4)
    reseeded = fit_blind(frames([TICKS] * EPISODES, columns), watched, kept, 0.4, seed=1)
    asked = watched.rows(np.flatnonzero(~kept)[:TICKS])
    scores, others, drawn_anew = (fit.scores(asked, 0.4) for fit in (once, again, reseeded))
    assert set(scores) == {
        *("camera_student", "saliency_student", "forecast", "fusion"),
        *("camera_error_size", "camera_error_quantile", "saliency_error_size", "saliency_error_quantile"),
    }
    for name, score in scores.items():
        assert score.shape == (TICKS,) and np.isfinite(score).all() and score.std() > 0.0, name
        assert np.array_equal(score, others[name]), name
        assert not np.allclose(score, drawn_anew[name]), f"{name}: another seed is another fit"


def test_features_with_another_student_are_those_that_it_gives_itself(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    crops = np.random.default_rng(1).integers(0, 256, (3, 66, 200, 3), dtype=np.uint8)
    stretch = Stretch(crops, np.zeros(3, dtype=np.float32), np.full(3, 9.0, dtype=np.float32))
    with torch.inference_mode():
        swa_deg, maps = watcher.driver.network.forward_with_activations(stretch.network_input("yuv"))
    stretch = dataclasses.replace(stretch, swa_deg=swa_deg.numpy(), activations=maps)
    shipped = CameraStudentMonitor()
    error_deg, student_maps = shipped.student_pass(stretch)
    hidden = dense_outputs(shipped.loaded.network, flat_features(student_maps))
    camera, saliency, plain, ensemble = watcher(stretch)
    with torch.inference_mode():
        replaced = with_student(plain, error_deg, hidden[0], hidden[-1])
    wanted = tick_features(stretch, watcher.driver.network, shipped)
    assert torch.allclose(replaced, wanted) and not torch.allclose(plain, wanted)
    assert camera.shape == saliency.shape == (3, FEATURES) and ensemble.shape == (3, 1)
