"""Score a campaign's shadow and log runs with monitors that did not watch: `python -m agents.training.score_monitors`.

What such a monitor reads was kept with each run, and the driver's own pass is repeated from its weights. The scores go
beside the records (`harness.results.offline_scores`), which stay as they are; from then on summary, report, thresholds
and rescue map treat the monitors as if they had watched. Runs that are scored already are skipped, so the command can
follow a campaign that is still being driven; the scores count from the call on that finds it finished.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.errors import MonitorError, WeightsError
from agents.monitors.crop_monitor import CropMonitor, FloatArray, Judgements, Stretch
from agents.network_file import LoadedNetwork, load_network
from agents.plug_ins import load_class
from agents.protocol import EpisodeContext
from agents.registry import make_agent, make_monitor, monitor_targets
from agents.thresholds import THRESHOLDS_PATH, load_thresholds
from agents.weights_io import trained_on
from harness.campaign.identity import seed_for
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.modes import LOG, SHADOW
from harness.results.index import IndexEntry
from harness.results.offline_scores import OfflineScores, scored_with
from harness.results.reader import keeps_monitor_inputs, ordered_entries, read_monitor_inputs, read_recorded_episode
from harness.results.store import read_campaign_json
from harness.simulation.monitor_inputs import crops_of

STRETCH_TICKS = 64
RUNNING = "running"
REPORT_EVERY = 25


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse and score."""
    parser = argparse.ArgumentParser(prog="python -m agents.training.score_monitors", description=__doc__)
    parser.add_argument("results", type=Path, help="folder of a campaign")
    parser.add_argument("--monitors", help="short names or weights files, comma-separated; default: all that can be")
    parser.add_argument("--thresholds", type=Path, default=THRESHOLDS_PATH, help="operating points to freeze with it")
    parser.add_argument("--processes", type=int, default=1, help="how many to score with")
    options = parser.parse_args(arguments)
    names = stored_crop_monitors() if options.monitors is None else options.monitors.split(",")
    score_campaign(options.results, names, load_thresholds(options.thresholds), options.processes)


def stored_crop_monitors() -> list[str]:
    """Short names of the shipped monitors that can be scored on stored inputs, sorted."""
    classes = {name: load_class(target, "monitors") for name, target in monitor_targets().items()}
    return [name for name, kind in classes.items() if isinstance(kind, type) and issubclass(kind, CropMonitor)]


def score_campaign(
    folder: Path, names: Sequence[str], thresholds: Mapping[str, Any], processes: int = 1
) -> OfflineScores:
    """Score every shadow run of a campaign that these monitors have not scored yet, and every log run that kept inputs.

    Args:
        folder: of the campaign. names: as in a scenario. thresholds: content of ``thresholds.json``; an operating point
            is taken over only where it was fitted to the very weights that score.

    Raises:
        MonitorError: a monitor cannot be scored from what was stored.
        WeightsError: the driver of the campaign is not the one that a monitor needs.
        CorruptResultError: a file does not match its hash.
    """
    campaign = read_campaign_json(folder)
    watched = {str(monitor["name"]) for monitor in campaign["monitors"]}
    shipped = {name: _crop_monitor(name) for name in names}
    wanted = {name: monitor for name, monitor in shipped.items() if monitor.name not in watched}
    monitors = list(wanted.values())
    _driver_of(campaign, monitors)
    scores, started, ticks = OfflineScores.read(folder), time.monotonic(), 0
    todo = []
    for entry in ordered_entries(folder, campaign):
        missing = [
            name
            for name, monitor in wanted.items()
            if scores.scored(entry.episode_id, monitor.name) != scored_with(monitor.weights_sha256)
        ]
        if missing:
            todo.append((entry, tuple(missing)))
    for number, scored in enumerate(_scored(folder, campaign, todo, processes), start=1):
        if scored is None:
            continue
        episode_id, tick, columns = scored
        scores.add(episode_id, tick, columns)
        # At once: between the two writes the index names a file that is no longer there.
        scores.save()
        ticks += len(tick)
        if number % REPORT_EVERY == 0:
            print(f"  {number}/{len(todo)} episodes, {time.monotonic() - started:.0f} s", flush=True)
    finished = campaign.get("status") != RUNNING
    if finished:
        _publish(scores, monitors, thresholds)
    scores.save()
    state = "published" if finished else "not published: the campaign is still running"
    print(f"{len(monitors)} monitors, {ticks} ticks scored now; {state}", flush=True)
    return scores


Scored = tuple[str, np.ndarray, dict[str, dict[str, Any]]]


def _scored(
    folder: Path, campaign: Mapping[str, Any], todo: Sequence[tuple[IndexEntry, tuple[str, ...]]], processes: int
) -> Iterator[Scored | None]:
    one = partial(_score_entry, folder, campaign["agent"]["name"], campaign["agent"]["weights_sha256"])
    if processes == 1:
        yield from (one(task) for task in todo)
        return
    # Spawned, not forked: a fork of a process with threads (torch, Arrow) can hang.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(one, todo)


def _score_entry(
    folder: Path, agent: str, agent_sha256: str, task: tuple[IndexEntry, tuple[str, ...]]
) -> Scored | None:
    """Scores of one run; None where there is nothing to score: another mode, or not a single tick."""
    entry, names = task
    episode = read_recorded_episode(folder, entry)
    # Log runs of earlier programs kept nothing; a shadow run without its inputs is a fault that must show.
    scored = episode.mode == SHADOW or (episode.mode == LOG and keeps_monitor_inputs(entry))
    if not scored or not episode.tick_count:
        return None
    monitors, driver = _tools(names, agent, agent_sha256)
    crops = crops_of(read_monitor_inputs(folder, entry))
    return entry.episode_id, episode.column("tick"), score_run(episode, crops, monitors, driver)


@lru_cache(maxsize=4)
def _tools(names: tuple[str, ...], agent: str, agent_sha256: str) -> tuple[list[CropMonitor], LoadedNetwork | None]:
    monitors = [_crop_monitor(name) for name in names]
    return monitors, _driver_of({"agent": {"name": agent, "weights_sha256": agent_sha256}}, monitors)


def score_run(
    episode: EpisodeData, crops: np.ndarray, monitors: Sequence[CropMonitor], driver: LoadedNetwork | None
) -> dict[str, dict[str, Any]]:
    """Columns of each monitor for one run: ``{monitor: {"scored_with": hash, column: (N,)}}``.

    Args:
        episode: the stored run. crops: uint8 RGB (N, 66, 200, 3). driver: whose activations are read, if any are.
    """
    context = _context(episode)
    for monitor in monitors:
        monitor.reset(context(monitor.name))
    parts: dict[str, list[Judgements]] = {monitor.name: [] for monitor in monitors}
    for stretch in stretches(episode, crops, driver):
        for monitor in monitors:
            parts[monitor.name].append(monitor.judge_once(stretch))
    return {m.name: {"scored_with": scored_with(m.weights_sha256), **_columns(m.name, parts[m.name])} for m in monitors}


def stretches(episode: EpisodeData, crops: np.ndarray, driver: LoadedNetwork | None) -> Iterator[Stretch]:
    """The run in pieces that fit into memory, with the driver's pass where there is a driver.

    Raises:
        MonitorError: the run's pictures are not those of its ticks.
    """
    if len(crops) != episode.tick_count:
        raise MonitorError(f"episode {episode.episode_id}: {len(crops)} stored pictures for {episode.tick_count} ticks")
    swa_deg = np.array(episode.column("swa_agent_deg"), dtype=np.float32)
    speed_mps = np.array(episode.column("speed_mps"), dtype=np.float32)
    for start in range(0, len(crops), STRETCH_TICKS):
        piece = slice(start, start + STRETCH_TICKS)
        stretch = Stretch(crops[piece], swa_deg[piece], speed_mps[piece])
        if driver is not None:
            with torch.inference_mode():
                maps = driver.network.forward_with_activations(stretch.network_input(driver.preprocessing.colour))[1]
            stretch = replace(stretch, activations=maps)
        yield stretch


def _columns(name: str, parts: Sequence[Judgements]) -> dict[str, FloatArray]:
    def joined(field: str) -> FloatArray:
        values = [getattr(part, field) for part in parts]
        if values[0] is None:
            return np.full(sum(len(part.score) for part in parts), np.nan, dtype=np.float32)
        return np.concatenate(values).astype(np.float32)

    score = joined("score")
    # As in the loop: a score that is not finite is a failure of the monitor.
    score = np.where(np.isfinite(score), score, np.float32(np.nan))
    return {
        f"score__{name}": score,
        f"swa_error__{name}": joined("swa_error_deg"),
        f"probability__{name}": joined("probability"),
    }


def _publish(scores: OfflineScores, monitors: Sequence[CropMonitor], thresholds: Mapping[str, Any]) -> None:
    calibrated = (thresholds.get("calibration") or {}).get("weights_sha256") or {}
    for monitor in monitors:
        scores.monitors[monitor.name] = {
            "unit": monitor.unit,
            "privileged": monitor.privileged,
            "declared_latency_s": monitor.declared_latency_s,
            "weights_sha256": monitor.weights_sha256,
            "trained_on": None if monitor.weights_path is None else trained_on(monitor.weights_path),
        }
        scores.thresholds.pop(monitor.name, None)
        fitted = thresholds["monitors"].get(monitor.name)
        if fitted is not None and calibrated.get(monitor.name) == monitor.weights_sha256:
            scores.thresholds[monitor.name] = fitted
        else:
            print(f"  {monitor.name}: no operating points for these weights; fit them on calibration runs", flush=True)


def _crop_monitor(name: str) -> CropMonitor:
    monitor = make_monitor(name)
    if not isinstance(monitor, CropMonitor) or not monitor.judges_stored_crops:
        raise MonitorError(f"monitor {name!r} does not judge the stored road crop: let it watch a campaign instead")
    return monitor


def _driver_of(campaign: Mapping[str, Any], monitors: Sequence[CropMonitor]) -> LoadedNetwork | None:
    """The network that drove, loaded anew, if a monitor reads its maps."""
    readers = [monitor for monitor in monitors if monitor.reads_driver]
    if not readers:
        return None
    drove = campaign["agent"]
    path = getattr(make_agent(drove["name"]), "weights_path", None)
    if path is None:
        raise MonitorError(f"agent {drove['name']!r} has no weights file, so its activations cannot be computed again")
    driver = load_network(path, "driver")
    if driver.sha256 != drove["weights_sha256"]:
        raise WeightsError(f"{path}: other weights than those that drove this campaign; restore them or drive it again")
    for monitor in readers:
        if monitor.driver_sha256 not in (None, driver.sha256):
            raise WeightsError(f"monitor {monitor.name!r} was fitted to another driver than {path.name}; fit it again")
    return driver


def _context(episode: EpisodeData) -> Any:
    camera = episode.spec["camera"]

    def of(monitor: str) -> EpisodeContext:
        seed = seed_for(episode.pair_id, f"monitor:{monitor}")
        size = int(camera["width_px"]), int(camera["height_px"])
        return EpisodeContext(episode.pair_id, seed, episode.tick_s, *size, float(camera["fov_deg"]))

    return of


if __name__ == "__main__":
    main()
