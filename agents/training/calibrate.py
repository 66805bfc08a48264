"""Fit every monitor's operating points on the calibration campaign and freeze them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from agents.thresholds import THRESHOLDS_PATH
from agents.training.score_monitors import score_campaign, stored_crop_monitors
from agents.training.splits import DataSet
from agents.weights_io import save_json, sha256_of
from harness.cluster.campaign_plan import plan_campaign
from harness.cluster.campaign_run import CampaignResult, RunOptions, run_campaign
from harness.evaluation.modes import SHADOW
from harness.evaluation.thresholds import fit_thresholds
from harness.results.reader import read_campaign
from harness.results.store import read_campaign_json


class CalibrationIncompleteError(RuntimeError):
    """Calibration episodes are missing: thresholds from a part of the runs would not be those of the set."""


def require_complete(result: CampaignResult) -> None:
    """Refuse a campaign of which episodes are missing.

    Raises:
        CalibrationIncompleteError: names how many, and what the campaign said.
    """
    missing = result.planned - result.stored
    if missing > 0 or result.planned == 0:
        raise CalibrationIncompleteError(
            f"{missing} of {result.planned} calibration episodes are missing ({result.status}"
            f"{': ' + result.message if result.message else ''}): run the stage again"
        )


def calibrate(dataset: DataSet, folder: Path, out: Path, workers: int) -> None:
    """Run (or finish) the calibration campaign, fit the points and write `thresholds.json`.

    Args:
        folder: of the results, one folder below it per campaign id (other weights are another campaign); an
            unfinished campaign is resumed. out: thresholds file.

    Raises:
        CalibrationIncompleteError: episodes were lost.
    """
    folder = folder / plan_campaign(dataset.scenario).campaign_id
    started = (folder / "campaign.json").exists()
    options = RunOptions(
        scenario=None if started else dataset.scenario,
        resume=folder if started else None,
        out=None if started else folder,
        workers=workers,
        device="cpu",
    )
    result = run_campaign(options)
    require_complete(result)
    fit_points(folder, out, {"campaign": dataset.name, "scenario_sha256": sha256_of(dataset.scenario)}, workers)


def fit_points(folder: Path, out: Path, provenance: dict[str, Any], processes: int = 1) -> None:
    """Fit the points of every monitor on a stored calibration campaign: those that watched, and every other that can be
    scored on what was stored.

    Args:
        folder: of the campaign. out: thresholds file. provenance: goes into the file. processes: to score with.

    Raises:
        StoreError: no readable campaign there.
        MonitorError, WeightsError: a monitor cannot be scored.
    """
    score_campaign(folder, stored_crop_monitors(), {"monitors": {}}, processes)
    campaign, episodes = read_campaign(folder)
    # A run in which the agent itself failed has an end without a departure and says nothing about false alarms.
    runs = [episode for episode in episodes if episode.outcome == "completed" and episode.mode == SHADOW]
    latencies = {monitor["name"]: float(monitor["declared_latency_s"]) for monitor in campaign["monitors"]}
    hashes = {monitor["name"]: monitor["weights_sha256"] for monitor in campaign["monitors"]}
    provenance = {**provenance, "campaign_id": campaign["campaign_id"], "weights_sha256": hashes}
    save_json(out, json.loads(json.dumps(fit_thresholds(runs, list(latencies), provenance, latencies))))
    print(f"thresholds of {len(latencies)} monitors from {len(runs)} runs -> {out.name}", flush=True)


def main() -> None:
    """Fit on a stored campaign."""
    parser = argparse.ArgumentParser(prog="python -m agents.training.calibrate", description=__doc__)
    parser.add_argument("results", type=Path, help="folder of a calibration campaign with stored monitor inputs")
    parser.add_argument("--out", type=Path, default=THRESHOLDS_PATH, help="default: the shipped thresholds")
    parser.add_argument("--processes", type=int, default=1, help="how many to score with")
    options = parser.parse_args()
    scenario = read_campaign_json(options.results)["scenario"]
    fit_points(options.results, options.out, {"campaign": "calibrate", "scenario": scenario}, options.processes)


if __name__ == "__main__":
    main()
