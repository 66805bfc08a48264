"""Monitors of another seed read from the cache what they would have read of the run itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.monitors.change_forecast import ChangeForecastMonitor
from agents.monitors.head_disagreement import HeadEnsembleMonitor, McDropoutMonitor
from agents.monitors.margin_forecast import MarginForecastMonitor
from agents.network_file import load_network
from agents.pilotnet_driver import PilotNetDriver
from agents.protocol import EpisodeContext, Observation
from agents.training.blind_fit import Watched, fit_blind
from agents.weights_io import WEIGHTS_FOLDER
from benchmarks.seeded_monitors import SeededMonitors, SeedWatcher
from benchmarks.unseen_artifacts import TICK_EVERY, counted_runs, every_second_tick
from harness.results.reader import read_described_campaign
from tests.agents.training.recorded_frames import frames as recorded
from tests.agents.training.stored_runs import STATE, campaign, frames, run_record

EPISODES, FRAMES, MAPS = 8, 25, 1152


def fitted(width: int) -> SeededMonitors:
    """Shipped monitors beside others that made-up episodes taught; ``width``: of the forecast's features."""
    rng, place = np.random.default_rng(0), np.tile(np.arange(FRAMES), EPISODES)
    departs = np.repeat(np.arange(EPISODES) % 2 == 0, FRAMES) & (place >= 20)
    columns = {"time_s": place * 0.4, "departed": departs, "swa_agent_deg": rng.normal(0.0, 8.0, len(place))}
    shapes = {"camera": MAPS, "saliency": MAPS, "plain": width, "ensemble": 1}
    watched = Watched(**{name: rng.normal(size=(len(place), size)) for name, size in shapes.items()})
    blind = fit_blind(recorded([FRAMES] * EPISODES, columns), watched, np.ones(len(place), dtype=bool), 0.4)
    heads = HeadEnsembleMonitor(), McDropoutMonitor()
    return SeededMonitors(blind, heads, ChangeForecastMonitor(), MarginForecastMonitor())


def test_scores_from_the_cache_are_those_of_the_monitors_at_every_second_tick(tmp_path: Path) -> None:
    driver, pictures = PilotNetDriver(), frames(0)
    steered_deg = np.array([driver.act(Observation(picture, STATE)).swa_deg for picture in pictures])
    folder = campaign(tmp_path / "c", [run_record("a", pictures, steered_deg)])
    ((entry, run),) = counted_runs(folder, read_described_campaign(folder))
    watcher = SeedWatcher(tmp_path, tmp_path)
    seen = watcher.run(folder, entry, run)
    monitors, tick_s = fitted(seen.watched.plain.shape[1]), TICK_EVERY * run.tick_s
    found = monitors.scores(seen, tick_s)
    (stretch,) = every_second_tick(folder, entry, run, load_network(WEIGHTS_FOLDER / "pilotnet.safetensors", "driver"))
    for monitor in (*monitors.heads, monitors.change, monitors.margin):
        monitor.reset(EpisodeContext("a", 0, tick_s, 160, 90, 90.0))
        said = monitor.judge(stretch).score
        assert found[monitor.name] == pytest.approx(said, rel=2e-2, abs=2e-2), monitor.name
    assert {len(score) for score in found.values()} == {len(stretch)}
    again = watcher.run(tmp_path / "gone", entry, run)
    assert np.array_equal(again.driver, seen.driver), "what was read once is kept"
