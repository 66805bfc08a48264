"""`python -m benchmarks.monitors RESULTS --calibration RESULTS`: every failure predictor on the same shadow runs.

What PROTOCOL §8 asks of a comparison, by the functions of `harness.evaluation` alone: recall and lead at frozen false
alarm rates, useful alarms and slack by the rescue map, ranking within runs and pooled, calibration, the share of the
largest possible safety gain at an affordable takeover time, the time that one judgement takes on one core, and which
errors of the driver it finds at a matched false positive rate (`driver_errors`). All thresholds come from the
calibration campaign. Prints two tables and writes `benchmarks/results/monitors.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import driver_errors
from benchmarks.monitor_latency import latency_ms
from harness.evaluation.judged_campaign import judge_campaign
from harness.evaluation.judged_episode import JudgedEpisode
from harness.evaluation.rates import Rate, clustered_ratio
from harness.evaluation.rescue_table import read_rescue_table
from harness.evaluation.safety_gain import unavoidable_worlds
from harness.evaluation.summary import BOOTSTRAP_SEED, summarise_judged
from harness.results.reader import read_described_campaign

RESULT = Path(__file__).parent / "results" / "monitors.json"
POINTS = ("fa0.25", "fa0.50")
REACTION_S = 1.0
AFFORDABLE = 1.5
"""Takeover time, as a multiple of the oracle's."""
REFERENCE_MONITOR = "condition_curvature"
UNSEEN = "unseen_"
DEGREES = "deg"
"""Unit of the monitors that speak of the driver's error."""
TARGETS = {
    "event_recall_at_fa0.25": 0.90,
    "auroc_within": 0.95,
    "auroc_within_above_condition_curvature": 0.05,
    "sg_share": 0.90,
    "latency_p95_ms": 10.0,
}


def main() -> None:
    """Parse, compare, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitors", description=__doc__)
    parser.add_argument("results", type=Path, help="campaign with shadow runs and a rescue map")
    parser.add_argument("--calibration", type=Path, required=True, help="campaign that the thresholds were fitted on")
    parser.add_argument("--json", type=Path, default=RESULT, help="where the result goes")
    options = parser.parse_args()
    result = compare(options.results, options.calibration)
    options.json.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    print(table(result), driver_errors.table(result["driver_errors"]), options.json, sep="\n\n")


def compare(results: Path, calibration: Path) -> dict[str, Any]:
    """Everything about every monitor of a campaign.

    Raises:
        StoreError: no readable campaign there, or scores given afterwards are incomplete.
    """
    summary, judged = _judged(results)
    calibrated, _ = _judged(calibration)
    thetas = affordable_thresholds(calibrated)
    gains = _above_reference(judged)
    rows = [_row(entry, summary, thetas, gains) for entry in summary["monitors"]]
    return {
        "schema_version": 1,
        "campaign": {key: summary["campaign"].get(key) for key in ("name", "campaign_id", "simulator")},
        "calibration": {key: calibrated["campaign"].get(key) for key in ("name", "campaign_id")},
        "metric_versions": summary["metric_versions"],
        "counts": {
            key: summary["counts"][key]
            for key in ("shadow_runs", "departures", "minutes", "degraded_safe_minutes", "unavoidable")
        },
        "rescue": None
        if summary["rescue"] is None
        else {
            **{key: summary["rescue"][key] for key in ("departures", "mapped", "savable", "validity")},
            "oracle": _at_reaction(summary["rescue"]["oracle"]),
        },
        "targets": TARGETS,
        "monitors": sorted(rows, key=_rank),
        "driver_errors": driver_errors.driver_errors(
            results,
            [row["name"] for row in rows if row["unit"] == DEGREES],
            unavoidable_worlds([one.facts for one in judged]),
        ),
    }


def affordable_thresholds(calibrated: Mapping[str, Any]) -> dict[str, float]:
    """Monitor -> loosest θ whose takeover time on the calibration runs is at most 1.5 times the oracle's there.

    Args:
        calibrated: summary of the calibration campaign, with its rescue map. Monitors that stay above it are left out.
    """
    rescue = calibrated["rescue"]
    if rescue is None:
        return {}
    limit = AFFORDABLE * float(_at_reaction(rescue["oracle"])["ac"] or 0.0)
    thetas = {}
    for monitor in rescue["monitors"]:
        curve = _at_reaction(monitor["curves"])
        kept = [theta for theta, ac in zip(curve.get("theta", []), curve.get("ac", []), strict=True) if ac <= limit]
        if kept:
            thetas[str(monitor["name"])] = float(min(kept))
    return thetas


def _judged(folder: Path) -> tuple[dict[str, Any], list[JudgedEpisode]]:
    campaign = read_described_campaign(folder)
    judged = judge_campaign(folder, campaign)
    return summarise_judged(judged, campaign, read_rescue_table(folder)), judged


def _above_reference(judged: Sequence[JudgedEpisode]) -> dict[str, Rate]:
    """Monitor -> within-run AUROC less that of condition × curvature, on the same runs, bootstrap over pairs."""
    unavoidable = unavoidable_worlds([episode.facts for episode in judged])
    runs = [e for e in judged if e.shadow is not None and e.facts.world_id not in unavoidable]
    found: dict[str, Rate] = {}
    for name in dict.fromkeys(name for e in runs if e.shadow for name in e.shadow.monitors):
        pairs = [
            (e.shadow.monitors[name].ranked.auroc, e.shadow.monitors[REFERENCE_MONITOR].ranked.auroc, e.facts.condition)
            for e in runs
            if e.shadow and name in e.shadow.monitors and REFERENCE_MONITOR in e.shadow.monitors
        ]
        known = [(own - other, condition) for own, other, condition in pairs if own is not None and other is not None]
        if known:
            strata = [condition for _, condition in known]
            differences = [difference for difference, _ in known]
            found[name] = clustered_ratio(differences, np.ones(len(known)), strata, BOOTSTRAP_SEED, is_share=False)
    return found


def _row(
    entry: Mapping[str, Any], summary: Mapping[str, Any], thetas: Mapping[str, float], gains: Mapping[str, Rate]
) -> dict[str, Any]:
    name = str(entry["name"])
    rescue = {str(m["name"]): m for m in (summary["rescue"] or {}).get("monitors", [])}
    probability = entry["probability"]
    return {
        **{key: entry[key] for key in ("name", "unit", "privileged", "baseline", "scored_offline", "runs")},
        **{key: entry[key] for key in ("auroc_within", "auroc_pooled", "ap", "prevalence")},
        "auroc_within_above_condition_curvature": gains.get(name),
        "probability": None
        if probability is None
        else {key: probability[key] for key in ("brier", "brier_skill", "nll", "ece", "ece_noise_floor")},
        "points": [_point(entry, rescue.get(name), point) for point in POINTS],
        "unseen_artifacts": _unseen(entry),
        "affordable": _affordable(rescue, name, thetas.get(name), summary),
        "latency_ms": latency_ms(name),
        "declared_latency_ms": entry["latency_ms"]["declared"],
    }


def _point(entry: Mapping[str, Any], rescue: Mapping[str, Any] | None, point: str) -> dict[str, Any]:
    judged = next((p for p in entry["points"] if p["point"] == point), None)
    if judged is None or judged["theta_on"] is None:
        return {"point": point, "reason": "no threshold"}
    looked_up = [p for p in (rescue or {}).get("points", []) if p["point"] == point]
    useful = _at_reaction(looked_up)
    return {
        "point": point,
        "theta_on": judged["theta_on"],
        "event_recall": judged["event_recall"],
        "false_alarms_per_min": judged["false_alarms_per_min"]["all"],
        "precision": judged["precision"],
        "chance_recall": judged["chance_recall"],
        "lead_median_s": judged["lead_s"]["median"],
        "lead_p10_s": judged["lead_s"]["p10"],
        "by_rescue_map": {
            key: useful.get(key)
            for key in ("departures", "saved", "late", "handed_back", "silent", "unsavable", "sg", "ac", "slack_s")
        },
    }


def _unseen(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Recall at fa0.50 in conditions with artifacts that no network and no monitor ever saw."""
    rows = [r for r in (entry["by_condition"] or {}).get("rows", []) if str(r["condition"]).startswith(UNSEEN)]
    if not rows:
        return None
    found, events = (sum(int(row["event_recall"][key]) for row in rows) for key in ("k", "n"))
    alarms = sum(int(row["false_alarms_per_min"]["k"]) for row in rows)
    minutes = sum(float(row["false_alarms_per_min"]["n"]) for row in rows)
    return {"found": found, "events": events, "false_alarms": alarms, "negative_minutes": minutes}


def _affordable(
    rescue: Mapping[str, Any], name: str, theta: float | None, summary: Mapping[str, Any]
) -> dict[str, Any] | None:
    """SG and its share of SG_max on the test runs at the threshold that was affordable on the calibration runs."""
    if theta is None or name not in rescue:
        return None
    curve = _at_reaction(rescue[name]["curves"])
    oracle = _at_reaction(summary["rescue"]["oracle"])
    # Thetas fall; the strictest one not above the frozen θ makes the same decisions on these runs.
    index = next((k for k, other in enumerate(curve["theta"]) if other <= theta), None)
    if index is None:
        return None
    largest = oracle["sg"]["value"]
    return {
        "theta": theta,
        "sg": curve["sg"][index],
        "low": curve["low"][index],
        "high": curve["high"][index],
        "ac": curve["ac"][index],
        "ac_over_oracle": curve["ac"][index] / oracle["ac"] if oracle["ac"] else None,
        "sg_share": curve["sg"][index] / largest if largest else None,
    }


def _at_reaction(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((entry for entry in entries if entry["reaction_s"] == REACTION_S), {})


def _rank(row: Mapping[str, Any]) -> tuple[bool, float]:
    return bool(row["privileged"]), -float(row["auroc_within"]["value"] or 0.0)


def table(result: Mapping[str, Any]) -> str:
    """The comparison as Markdown; a value with its 95 % interval."""
    lines = [
        "| monitor | recall at 0.25/min (false alarms/min there) | recall at 0.5/min | AUROC within | pooled | AP | "
        "lead median (P10), s | saved of departures at 0.5/min | SG/SG_max (AC over oracle AC) | "
        "P50, P95, P99, ms (computing P95) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["monitors"]:
        strict, loose = row["points"]
        useful = loose.get("by_rescue_map") or {}
        affordable, latency = row["affordable"] or {}, row["latency_ms"] or {}
        name = row["name"] + (" (privileged)" if row["privileged"] else "")
        lead = f"{_number(loose.get('lead_median_s'))} ({_number(loose.get('lead_p10_s'))})"
        strict_alarms = _number((strict.get("false_alarms_per_min") or {}).get("value"))
        cells = (
            name,
            f"{_interval(strict.get('event_recall'))} ({strict_alarms})",
            _interval(loose.get("event_recall")),
            _interval(row["auroc_within"]),
            _interval(row["auroc_pooled"]),
            _interval(row["ap"]),
            lead,
            f"{useful.get('saved', '–')} of {useful.get('departures', '–')}",
            f"{_number(affordable.get('sg_share'))} ({_number(affordable.get('ac_over_oracle'))})",
            ", ".join(_number(latency.get(key)) for key in ("p50", "p95", "p99"))
            + f" ({_number(latency.get('cpu_p95'))})",
        )
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _interval(rate: Mapping[str, Any] | None) -> str:
    if rate is None or rate.get("value") is None:
        return "–"
    return f"{_number(rate['value'])} [{_number(rate['low'])}, {_number(rate['high'])}]"


if __name__ == "__main__":
    main()
