"""Fit every monitor's operating points on the calibration campaign and freeze them."""

from __future__ import annotations

import json
from pathlib import Path

from agents.registry import make_monitor
from agents.training.splits import DataSet
from agents.weights_io import save_json
from harness.cluster.campaign_run import RunOptions, run_campaign
from harness.evaluation.thresholds import fit_thresholds
from harness.results.reader import read_campaign


class CalibrationIncompleteError(RuntimeError):
    """Calibration episodes are missing: thresholds from a part of the runs would not be those of the set."""


def calibrate(dataset: DataSet, folder: Path, out: Path, workers: int) -> None:
    """Run (or finish) the calibration campaign, fit the points and write `thresholds.json`.

    Args:
        folder: results of the campaign; an unfinished one is resumed. out: thresholds file.

    Raises:
        CalibrationIncompleteError: episodes were lost.
    """
    started = (folder / "campaign.json").exists()
    options = RunOptions(
        scenario=None if started else dataset.scenario,
        resume=folder if started else None,
        out=None if started else folder,
        workers=workers,
        device="cpu",
    )
    result = run_campaign(options)
    if result.stored < result.planned:
        raise CalibrationIncompleteError(f"{result.planned - result.stored} calibration episodes missing: run again")
    campaign, episodes = read_campaign(folder)
    runs = [episode for episode in episodes if not episode.is_missing]
    names = runs[0].monitors
    latencies = {name: make_monitor(name).declared_latency_s for name in names}
    provenance = {"campaign": dataset.name, "scenario_sha256": campaign.get("scenario_sha256"), "runs": len(runs)}
    save_json(out, json.loads(json.dumps(fit_thresholds(runs, names, provenance, latencies))))
    print(f"thresholds of {len(names)} monitors from {len(runs)} runs -> {out.name}", flush=True)
