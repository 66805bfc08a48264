"""`python -m benchmarks.unseen_artifacts RESULTS --data DIR --cache DIR`: monitors on artifacts they never saw.

Leave-one-artifact-out of PROTOCOL §8, on other roads and textures besides: every shadow run of a stored campaign that
holds both classes is judged by monitors fitted on the monitor-fit episodes that share no effect with it, and so is the
privileged baseline condition × curvature. Monitors that never learned from an artifact are taken as they scored. Each
row: ranking within runs, its distance to that baseline on the same runs (bootstrap over pairs), and what the same fit
reaches when nothing is left out. Every second tick of a run is judged, for all monitors alike. Runs without an artifact
have nothing to leave out and take no part. Writes
`benchmarks/results/unseen_artifacts.json`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.monitors.crop_monitor import Stretch
from agents.monitors.risk_table import RiskTable
from agents.network_file import LoadedNetwork
from agents.training.baselines import fit_risk_tables
from agents.training.blind_fit import BlindMonitors, Watched, Watcher, fit_blind, without_pictures
from agents.training.dataset import Frames, load_frames
from agents.training.monitors import FRAME_S, MONITOR_EVERY
from agents.training.score_monitors import stretches
from agents.training.stretches import cached, features_of, joined_features, thinned
from benchmarks.comparison_page import unseen_table
from harness.evaluation.alarms import final_statistic
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.modes import EXPERT, SHADOW
from harness.evaluation.ranking import RankedRun
from harness.evaluation.rates import clustered_ratio
from harness.evaluation.summary import BOOTSTRAP_SEED
from harness.evaluation.zones import HORIZON_S, REACTION_S, Zones, find_zones
from harness.results.index import IndexEntry
from harness.results.reader import ordered_entries, read_described_campaign, read_episode, read_monitor_inputs
from harness.simulation.monitor_inputs import crops_of
from sensor_sim.schedule import SensorSchedule
from sensor_sim.severities.scale import absolute_severities

RESULT = Path(__file__).parent / "results" / "unseen_artifacts.json"
REFERENCE_MONITOR = "condition_curvature"
RISK_TABLES = ("condition_only", REFERENCE_MONITOR)
NOT_FITTED_ANEW = ("change_forecast", "margin_forecast")
"""They learned from artifacts too, on features that are not kept here: as shipped they would not be blind."""
NOTHING: frozenset[str] = frozenset()
FIELDS = ("camera", "saliency", "plain", "ensemble")
CONVOLUTIONS = (
    "of driver and weak teacher, fitted on undisturbed driving (brightness within 15 %, noise up to 4 grey levels, for "
    "the driver also a mild camera preset); never fitted here"
)
TARGET_GAIN = 0.05
TICK_EVERY = 2
Effects = frozenset[str]
Aurocs = dict[str, float]


@dataclass(frozen=True)
class Fold:
    """What was fitted without some effects: monitors and risk tables, and on how much."""

    monitors: BlindMonitors
    risk: tuple[RiskTable, RiskTable]
    episodes: int


@dataclass(frozen=True)
class JudgedRun:
    """AUROC of each monitor within one run: fitted without its effects, and with everything."""

    condition: str
    effects: Effects
    blind: Aurocs
    full: Aurocs


def main() -> None:
    """Parse, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unseen_artifacts", description=__doc__)
    parser.add_argument("results", type=Path, help="campaign with shadow runs and what their monitors look at")
    parser.add_argument("--data", type=Path, required=True, help="folder of collected monitor-fit shards")
    parser.add_argument("--cache", type=Path, required=True, help="folder of features that are kept from call to call")
    parser.add_argument("--json", type=Path, default=RESULT, help="where the result goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.cache.mkdir(parents=True, exist_ok=True)
    result = measure(options.results, options.data, options.cache)
    options.json.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    print(unseen_table(result))
    print(options.json)


def measure(results: Path, data: Path, cache: Path) -> dict[str, Any]:
    """All rows.

    Raises:
        NoDataError: no shard.
        StoreError: no readable campaign, or its runs were stored without what monitors look at.
    """
    started = time.monotonic()
    campaign = read_described_campaign(results)
    everything = load_frames(sorted(data.glob("[!.]*.npz")))
    frames, columns = thinned(everything, MONITOR_EVERY), without_pictures(everything, np.arange(len(everything)))
    del everything
    fitted = [effects_of(spec) for spec in frames.specs]
    with tempfile.TemporaryDirectory() as scratch:
        watcher = Watcher(Path(scratch))
        seen = _watched_frames(frames, watcher, cache)
        print(f"{len(frames)} frames to fit on, {time.monotonic() - started:.0f} s", flush=True)
        runs = _runs_of_both_classes(results, campaign)
        folds: dict[Effects, Fold] = {}
        for effects in sorted({NOTHING, *(left_out(run, fitted) for _, run, _ in runs)}, key=sorted):
            if any(other and not other & effects for other in fitted):
                folds[effects] = _fold(frames, columns, seen, fitted, effects)
                print(f"without {sorted(effects)}: {folds[effects].episodes} episodes", flush=True)
        judged, without_fold = [], 0
        for number, (entry, run, zones) in enumerate(runs, start=1):
            effects = left_out(run, fitted)
            if not effects_of(run.spec) or effects not in folds:
                without_fold += 1
                continue
            watched = _watched_run(results, entry, run, watcher, cache)
            judged.append(_judged(run, zones, watched, folds[effects], folds[NOTHING]))
            if number % 25 == 0:
                print(f"  {number}/{len(runs)} runs, {time.monotonic() - started:.0f} s", flush=True)
    return {
        "schema_version": 1,
        "campaign": {key: campaign.get(key) for key in ("name", "campaign_id", "simulator")},
        "data": {"sha256": frames.data_hash, "frames": len(frames), "episodes": len(frames.specs)},
        "convolutions": CONVOLUTIONS,
        "left_out": [
            {
                "effects": sorted(effects),
                "fitted_on_episodes": fold.episodes,
                "runs": sum(run.effects & _known(fitted) == effects for run in judged),
            }
            for effects, fold in folds.items()
        ],
        "runs": {"both_classes": len(runs), "nothing_to_leave_out": without_fold, "judged": len(judged)},
        "target": {"auroc_within_above_condition_curvature": TARGET_GAIN, "low_above": 0.0},
        "monitors": rows(judged),
    }


def effects_of(spec: Mapping[str, Any]) -> Effects:
    """The effects on an episode's sensor schedule."""
    return frozenset(str(entry["effect"]) for entry in spec["sensor"])


def left_out(run: EpisodeData, fitted: Sequence[Effects]) -> Effects:
    """What to leave out so that a run's artifacts are unseen: its effects, as far as any fitted episode has them."""
    return effects_of(run.spec) & _known(fitted)


def _known(fitted: Sequence[Effects]) -> Effects:
    return frozenset().union(*fitted)


def _fold(frames: Frames, columns: Frames, seen: Watched, fitted: Sequence[Effects], effects: Effects) -> Fold:
    stays = np.array([not effects & other for other in fitted])
    monitors = fit_blind(frames, seen, stays[frames.episode], FRAME_S * MONITOR_EVERY)
    risk = fit_risk_tables(without_pictures(columns, np.flatnonzero(stays[columns.episode])))
    return Fold(monitors, risk, int(stays.sum()))


def _watched_frames(frames: Frames, watcher: Watcher, cache: Path) -> Watched:
    stored = cached(
        cache / "frames.npz",
        [frames.data_hash, str(MONITOR_EVERY), *watcher.rests_on],
        lambda: dict(zip(FIELDS, features_of(frames, watcher.driver.network, watcher), strict=True)),
    )
    return Watched(**stored)


def _watched_run(folder: Path, entry: IndexEntry, run: EpisodeData, watcher: Watcher, cache: Path) -> Watched:
    def watch() -> dict[str, npt.NDArray[Any]]:
        pieces = every_second_tick(folder, entry, run, watcher.driver)
        return dict(zip(FIELDS, joined_features(pieces, watcher), strict=True))

    rests_on = [run.episode_id, str(TICK_EVERY), *watcher.rests_on]
    return Watched(**cached(cache / f"{run.episode_id}.npz", rests_on, watch))


def every_second_tick(folder: Path, entry: IndexEntry, run: EpisodeData, driver: LoadedNetwork) -> Iterator[Stretch]:
    """The ticks that are judged, as monitors saw them, with the driver's maps.

    Raises:
        CorruptResultError: the run was stored without what monitors look at.
    """
    thin = replace(run, columns={name: run.column(name)[::TICK_EVERY] for name in ("swa_agent_deg", "speed_mps")})
    return stretches(thin, crops_of(read_monitor_inputs(folder, entry))[::TICK_EVERY], driver)


def counted_runs(folder: Path, campaign: Mapping[str, Any]) -> list[tuple[IndexEntry, EpisodeData]]:
    """Shadow runs with ticks in avoidable worlds, in the campaign's order."""
    found, unavoidable = [], set()
    for entry in ordered_entries(folder, campaign):
        run = read_episode(folder, entry)
        if run.is_missing or not run.tick_count:
            continue
        if run.mode == EXPERT and run.failures:
            unavoidable.add(run.world_id)
        if run.mode == SHADOW:
            found.append((entry, run))
    return [(entry, run) for entry, run in found if run.world_id not in unavoidable]


def _runs_of_both_classes(folder: Path, campaign: Mapping[str, Any]) -> list[tuple[IndexEntry, EpisodeData, Zones]]:
    """Those with positive and negative time."""
    found = []
    for entry, run in counted_runs(folder, campaign):
        odd, level = run.column("odd_mask"), run.column("sensor_level")
        zones = find_zones(run.failures, odd, level, run.tick_s, REACTION_S, HORIZON_S)
        if zones.positive[::TICK_EVERY].any() and zones.negative[::TICK_EVERY].any():
            found.append((entry, run, zones))
    return found


def _judged(run: EpisodeData, zones: Zones, watched: Watched, fold: Fold, full: Fold) -> JudgedRun:
    tick_s = TICK_EVERY * run.tick_s
    learned = [{**one.monitors.scores(watched, tick_s), **_risks(run, one.risk)} for one in (fold, full)]
    told = {*learned[0], *NOT_FITTED_ANEW}
    as_scored = {name: run.raw_score(name)[::TICK_EVERY] for name in run.monitors if name not in told}
    blind, whole = ({**as_scored, **scores} for scores in learned)
    return JudgedRun(run.condition, effects_of(run.spec), _aurocs(run, zones, blind), _aurocs(run, zones, whole))


def _aurocs(run: EpisodeData, zones: Zones, scores: Mapping[str, npt.NDArray[Any]]) -> Aurocs:
    positive, negative, tick_s = zones.positive[::TICK_EVERY], zones.negative[::TICK_EVERY], TICK_EVERY * run.tick_s
    ranked = {
        name: RankedRun.of(final_statistic(score, tick_s), positive, negative).auroc for name, score in scores.items()
    }
    return {name: value for name, value in ranked.items() if value is not None}


def _risks(run: EpisodeData, tables: tuple[RiskTable, RiskTable]) -> dict[str, npt.NDArray[np.float64]]:
    """What the privileged risk monitors would have scored with these tables at every second tick."""
    schedule, width_px = SensorSchedule.from_spec(run.spec["sensor"]), int(run.spec["camera"]["width_px"])
    levels = [
        absolute_severities(schedule, int(tick) * run.tick_s, width_px) for tick in run.column("tick")[::TICK_EVERY]
    ]
    curvatures = run.column("curvature_ahead_1pm")[::TICK_EVERY].tolist()
    only, curved = tables
    scores = (
        [only.at(level) for level in levels],
        [curved.at(level, curvature) for level, curvature in zip(levels, curvatures, strict=True)],
    )
    return {name: np.array(score) for name, score in zip(RISK_TABLES, scores, strict=True)}


def rows(judged: Sequence[JudgedRun]) -> list[dict[str, Any]]:
    """One row per monitor, the best first."""
    strata = [run.condition for run in judged]

    def mean(values: Sequence[float]) -> dict[str, Any]:
        return clustered_ratio(values, np.ones(len(values)), strata, BOOTSTRAP_SEED, is_share=False)

    found = []
    for name in judged[0].blind if judged else ():
        blind, full = [run.blind[name] for run in judged], [run.full[name] for run in judged]
        baseline = [run.blind[REFERENCE_MONITOR] for run in judged]
        found.append(
            {
                "name": name,
                "learned_from_artifacts": blind != full or name in RISK_TABLES,
                "auroc_within": mean(blind),
                "above_condition_curvature": mean([own - other for own, other in zip(blind, baseline, strict=True)]),
                "nothing_left_out": mean(full),
                "lost_by_leaving_out": mean([own - other for own, other in zip(full, blind, strict=True)]),
            }
        )
    return sorted(found, key=lambda row: -float(row["auroc_within"]["value"]))


if __name__ == "__main__":
    main()
