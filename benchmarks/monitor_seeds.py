"""`python -m benchmarks.monitor_seeds RESULTS --calibration RESULTS --data DIR --cache DIR`: how much is the seed?

Every monitor that learns is fitted with five seeds (PROTOCOL §8) on the monitor-fit episodes, gets its thresholds on
the calibration campaign, seed by seed, and is judged on the same stored shadow runs: mean, lowest and highest over the
seeds, an interval over runs and seeds, and which differences between monitors are larger than the spread of both. A
monitor judges every second tick and its score holds until the next one; alarms and truth are those of every tick.
Beside each stands the shipped monitor: as `benchmarks.monitors` found it, and at every second tick. What is drawn anew
by a seed: `benchmarks.seeded_monitors`. Writes `benchmarks/results/monitor_seeds.json`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.registry import make_monitor
from agents.weights_io import WEIGHTS_FOLDER, load_weights
from benchmarks.comparison_page import seeds_table
from benchmarks.monitors import RESULT as SHIPPED_RESULT
from benchmarks.seed_figures import FIGURES, Drawn, Ground, Judged, differences, drawn_figures, figures, over_seeds
from benchmarks.seeded_monitors import SeededMonitors, SeedWatcher, collected, fit_seeds
from benchmarks.unseen_artifacts import TICK_EVERY, counted_runs
from harness.evaluation.alarm_curve import FALSE, FOUND, alarm_curve
from harness.evaluation.alarms import final_statistic
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.ranking import RankedRun
from harness.evaluation.thresholds import CalibrationRun, calibration_truth, fit_operating_points
from harness.results.reader import read_described_campaign

RESULT = Path(__file__).parent / "results" / "monitor_seeds.json"
SEEDS = range(5)
SHIPPED = "shipped"
POINT = "fa0.25"
WHAT_IS_DRAWN = (
    "initial weights, batches, drop-out and folds of what is fitted on features of convolutions; the students' "
    "convolutions are the weak teacher's for every seed, the driver is one"
)
Fit = tuple[str, str]
"""A monitor, and its seed or `SHIPPED`."""
FloatArray = npt.NDArray[np.float64]
Point = Mapping[str, float] | None


class OtherCampaignError(ValueError):
    """The shipped monitors' figures are of another campaign than the one to judge, or another driver drove it."""


def main() -> None:
    """Parse, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitor_seeds", description=__doc__)
    parser.add_argument("results", type=Path, help="campaign with shadow runs and what their monitors look at")
    parser.add_argument("--calibration", type=Path, required=True, help="campaign to fit thresholds on, stored alike")
    parser.add_argument("--data", type=Path, required=True, help="folder of collected frames, as the build keeps it")
    parser.add_argument("--cache", type=Path, required=True, help="folder of features that are kept from call to call")
    parser.add_argument("--shipped", type=Path, default=SHIPPED_RESULT, help="what benchmarks.monitors found there")
    parser.add_argument("--json", type=Path, default=RESULT, help="where the result goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.cache.mkdir(parents=True, exist_ok=True)
    shipped = json.loads(options.shipped.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        watcher = SeedWatcher(Path(folder), options.cache)
        everything, agents = collected(options.data)
        data = {"sha256": everything.data_hash, "frames": len(everything), "episodes": len(everything.specs)}
        fits = fit_seeds(everything, agents, options.data, Path(folder), watcher, SEEDS)
        del everything, agents
        result = {**measure(options.results, options.calibration, fits, watcher, shipped), "data": data}
    options.json.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    print(seeds_table(result))
    print(options.json)


def measure(
    results: Path,
    calibration: Path,
    fits: Mapping[int, SeededMonitors],
    watcher: SeedWatcher,
    shipped: Mapping[str, Any],
) -> dict[str, Any]:
    """All rows.

    Args:
        results, calibration: folders of the campaigns. fits: by seed. watcher: reads the runs.
        shipped: result of `benchmarks.monitors` on the same campaign.

    Raises:
        OtherCampaignError: ``shipped`` is of another campaign, or another driver drove one of them.
        StoreError: no readable campaign, or its runs were stored without what monitors look at.
    """
    campaign, calibrating = _driven(results, watcher), _driven(calibration, watcher)
    if shipped["campaign"]["campaign_id"] != campaign["campaign_id"]:
        raise OtherCampaignError(
            f"the shipped monitors were judged on campaign {shipped['campaign']['campaign_id']}, this is "
            f"{campaign['campaign_id']}: run `python -m benchmarks.monitors` on this one first"
        )
    points = fitted_points(_statistics(calibration, fits, watcher))
    ground, judged = judge(_statistics(results, fits, watcher), points)
    beside = {row["name"]: row for row in shipped["monitors"]}
    names = list(dict.fromkeys(name for name, _ in judged))
    drawn = {name: drawn_figures([judged[name, str(seed)] for seed in fits], ground) for name in names}
    return {
        "schema_version": 1,
        "campaign": {key: campaign.get(key) for key in ("name", "campaign_id", "simulator")},
        "calibration": {key: calibrating.get(key) for key in ("name", "campaign_id", "simulator")},
        "seeds": list(fits),
        "drawn_by_a_seed": WHAT_IS_DRAWN,
        "tick_every": TICK_EVERY,
        "counts": {
            "shadow_runs": len(ground.conditions),
            "detectable_departures": sum(ground.detectable),
            "negative_minutes": sum(ground.negative_min),
        },
        "first_seed_has_the_shipped_tensors": {
            name: same_tensors(path, WEIGHTS_FOLDER / path.name) for name, path in fits[min(fits)].files.items()
        },
        "monitors": [_row(name, judged, drawn[name], ground, beside.get(name)) for name in names],
        "differences": differences(drawn),
    }


def _driven(folder: Path, watcher: SeedWatcher) -> dict[str, Any]:
    """The campaign, if the shipped driver drove it: the monitors read its maps."""
    campaign = read_described_campaign(folder)
    if campaign["agent"]["weights_sha256"] != watcher.driver_sha256:
        raise OtherCampaignError(f"{folder}: not driven by the shipped driver, which the monitors were fitted to")
    return campaign


def _statistics(
    folder: Path, fits: Mapping[int, SeededMonitors], watcher: SeedWatcher
) -> Iterator[tuple[EpisodeData, dict[Fit, FloatArray]]]:
    """Each run that counts, and the final statistic of every fit at every tick of it, (N,) each."""
    runs = counted_runs(folder, read_described_campaign(folder))
    for number, (entry, run) in enumerate(runs, start=1):
        seen = watcher.run(folder, entry, run)
        scores: dict[Fit, npt.NDArray[Any]] = {
            (name, str(seed)): score
            for seed, monitors in fits.items()
            for name, score in monitors.scores(seen, TICK_EVERY * run.tick_s).items()
        }
        watched = {name for name, _ in scores} & set(run.monitors)
        scores |= {(name, SHIPPED): run.raw_score(name)[::TICK_EVERY] for name in watched}
        yield run, {fit: final_statistic(held(score, run.tick_count), run.tick_s) for fit, score in scores.items()}
        if number % 25 == 0:
            print(f"  {number}/{len(runs)} runs", flush=True)


def held(score: npt.NDArray[Any], ticks: int) -> npt.NDArray[Any]:
    """Scores of every second tick, each until the next one, (ticks,)."""
    return np.repeat(score, TICK_EVERY)[:ticks]


def fitted_points(runs: Iterable[tuple[EpisodeData, Mapping[Fit, FloatArray]]]) -> dict[Fit, Point]:
    """Thresholds of every fit at `POINT`; as for the shipped ones, a run in which the agent failed says nothing."""
    found: dict[Fit, list[CalibrationRun]] = {}
    for run, statistics in runs:
        if run.outcome == "completed":
            truth = calibration_truth(run)
            for fit, statistic in statistics.items():
                found.setdefault(fit, []).append(CalibrationRun(statistic, truth, _latency_s(fit[0]), run.condition))
    return {fit: fit_operating_points(of)[POINT] for fit, of in found.items()}


def judge(
    runs: Iterable[tuple[EpisodeData, Mapping[Fit, FloatArray]]], points: Mapping[Fit, Point]
) -> tuple[Ground, dict[Fit, Judged]]:
    """Runs with the final statistic of every fit, judged at the points of these fits."""
    ground = Ground()
    judged: dict[Fit, Judged] = {}
    for run, statistics in runs:
        truth = calibration_truth(run)
        ground.conditions.append(run.condition)
        ground.detectable.append(int(truth.detectable.sum()))
        ground.negative_min.append(truth.exposure.negative_s / 60.0)
        for fit in statistics.keys() & points.keys():
            one, point, statistic = judged.setdefault(fit, Judged()), points[fit], statistics[fit]
            one.ranked.append(RankedRun.of(statistic, truth.zones.positive, truth.zones.negative))
            counts = np.full(4, np.nan)
            if point is not None:
                theta = np.array([[point["theta_on"], point["theta_off"]]])
                counts = alarm_curve(statistic, theta, truth, _latency_s(fit[0]))[0]
            one.found.append(float(counts[FOUND]))
            one.false.append(float(counts[FALSE]))
    return ground, dict(sorted(judged.items()))


def same_tensors(path: Path, other: Path) -> bool:
    """Two weights files hold the same tensors, to the bit; a calibration beside them may differ in its last digit."""
    one, another = load_weights(path).tensors, load_weights(other).tensors
    return one.keys() == another.keys() and all(torch.equal(one[name], another[name]) for name in one)


@cache
def _latency_s(monitor: str) -> float:
    return float(make_monitor(monitor).declared_latency_s)


def _row(
    name: str,
    judged: Mapping[Fit, Judged],
    drawn: Mapping[str, Drawn],
    ground: Ground,
    shipped: Mapping[str, Any] | None,
) -> dict[str, Any]:
    strict = next((point for point in (shipped or {}).get("points", []) if point["point"] == POINT), {})
    alarms = {"event_recall": strict.get("event_recall"), "false_alarms_per_min": strict.get("false_alarms_per_min")}
    ranking = {figure: (shipped or {}).get(figure) for figure in FIGURES[:2]}
    again = judged.get((name, SHIPPED))
    return {
        "name": name,
        **{figure: over_seeds(one) for figure, one in drawn.items()},
        "shipped": None if shipped is None else {**ranking, **alarms},
        "shipped_every_second_tick": None if again is None else figures(again, ground),
    }


if __name__ == "__main__":
    main()
