"""Fit every monitor's operating points on the calibration campaign and freeze them."""

from __future__ import annotations

import json
from pathlib import Path

from agents.training.splits import DataSet
from agents.weights_io import save_json, sha256_of
from harness.cluster.campaign_plan import plan_campaign
from harness.cluster.campaign_run import CampaignResult, RunOptions, run_campaign
from harness.evaluation.thresholds import fit_thresholds
from harness.results.reader import read_campaign


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
    campaign, episodes = read_campaign(folder)
    # A run in which the agent itself failed has an end without a departure and says nothing about false alarms.
    runs = [episode for episode in episodes if episode.outcome == "completed"]
    latencies = {monitor["name"]: float(monitor["declared_latency_s"]) for monitor in campaign["monitors"]}
    names = list(latencies)
    provenance = {"campaign": dataset.name, "scenario_sha256": sha256_of(dataset.scenario), "runs": len(runs)}
    save_json(out, json.loads(json.dumps(fit_thresholds(runs, names, provenance, latencies))))
    print(f"thresholds of {len(names)} monitors from {len(runs)} runs -> {out.name}", flush=True)
