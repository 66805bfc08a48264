"""Tables of docs/monitor-comparison.md, written from the stored results: `python -m benchmarks.comparison_page`.

Each stands between two marks in the page; what is said about them is written by hand.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.training.marked_tables import with_marked_tables

PAGE = Path(__file__).resolve().parents[1] / "docs" / "monitor-comparison.md"
RESULTS = Path(__file__).parent / "results"
LEAST_COMPUTING_MS = 0.005

Result = Mapping[str, Any]


def main() -> None:
    """Write the page anew."""
    argparse.ArgumentParser(prog="python -m benchmarks.comparison_page", description=__doc__).parse_args()
    PAGE.write_text(with_marked_tables(PAGE.read_text(encoding="utf-8"), tables()), encoding="utf-8")
    print(PAGE.name)


def tables() -> dict[str, str]:
    """Mark -> Markdown of every table, from the stored results."""
    monitors, seeds, unseen, controls = (
        json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("monitors", "monitor_seeds", "unseen_artifacts", "saliency_controls")
    )
    return {
        "reference": reference_table(monitors),
        "seeds": seeds_table(seeds),
        "unseen": unseen_table(unseen),
        "errors": errors_table(monitors["driver_errors"]),
        "latency": latency_table(monitors),
        **controls_tables(controls),
    }


def reference_table(result: Result) -> str:
    """Every monitor on the reference campaign."""
    counts, first = result["counts"], result["monitors"][0]
    header = (
        *("monitor", "recall at 0.25 false alarms/min (false alarms/min found)", "AUROC within runs", "AUROC pooled"),
        f"AP (prevalence {first['prevalence']['value']:.2f})",
        f"saved of {counts['departures']} at 0.5/min",
    )
    return _table(header, result["monitors"], _reference_cells)


def _reference_cells(row: Result) -> Sequence[str]:
    strict, loose = row["points"][:2]
    recall = "–"
    if "reason" not in strict:
        recall = f"{rate(strict['event_recall'])} ({strict['false_alarms_per_min']['value']:.2f})"
    saved = None if "reason" in loose else loose["by_rescue_map"]["saved"]
    name = f"{row['name']}{' (privileged)' if row['privileged'] else ''}"
    ranks = (rate(row[key]) for key in ("auroc_within", "auroc_pooled", "ap"))
    return (name, recall, *ranks, "–" if saved is None else str(saved))


def seeds_table(result: Result) -> str:
    """Monitors fitted with several seeds, the best within runs first, beside the shipped ones."""

    def cells(row: Result) -> Sequence[str]:
        shipped = row["shipped"] or {}
        alarms = shipped.get("false_alarms_per_min")
        found = "–" if alarms is None else f"{rate(shipped['event_recall'])} ({alarms['value']:.2f})"
        ranks = (
            text for key in ("auroc_within", "auroc_pooled") for text in (_spread(row[key]), rate(shipped.get(key)))
        )
        return (row["name"], *ranks, _spread(row["event_recall"]), _spread(row["false_alarms_per_min"]), found)

    header = (
        *("monitor", "AUROC within runs", "shipped", "AUROC pooled", "shipped"),
        *("recall at 0.25 false alarms/min", "false alarms/min found", "shipped: recall (false alarms/min)"),
    )
    ranked = sorted(result["monitors"], key=lambda row: -float(row["auroc_within"]["mean"] or 0.0))
    return _table(header, ranked, cells)


def _spread(figure: Result) -> str:
    """Mean over the seeds, lowest to highest; a dash where a seed has none."""
    if figure["mean"] is None:
        return "–"
    return f"{figure['mean']:.2f} ({figure['lowest']:.2f} to {figure['highest']:.2f})"


def unseen_table(result: Result) -> str:
    """Monitors fitted without the artifact they are asked about."""

    def cells(row: Result) -> Sequence[str]:
        whole = rate(row["nothing_left_out"]) if row["learned_from_artifacts"] else "learned from none"
        above = None if row["name"] == "condition_curvature" else row["above_condition_curvature"]
        return (row["name"], rate(row["auroc_within"]), rate(above), whole)

    header = ("monitor", "AUROC within runs, artifact left out", "above condition × curvature", "nothing left out")
    return _table(header, result["monitors"], cells)


def errors_table(result: Result) -> str:
    """Errors of the driver found at one false positive rate, without the one that knows them."""

    def cells(row: Result) -> Sequence[str]:
        found = {part["range_deg"]: part for part in row["ranges"]}
        above = "tpr_above_compared" if row["name"] != result["compared_with"] else ""
        parts = ((rate(found[k]["tpr"]), rate(found[k].get(above))) for k in ("all", "0-30"))
        return (row["name"], *(text for part in parts for text in part))

    compared = str(result["compared_with"]).replace("_", " ")
    more = f"more than the {compared}"
    header = ("monitor", "found, overall", more, "found below 30°", more)
    return _table(header, [row for row in result["monitors"] if row["name"] != "true_error"], cells)


def controls_tables(result: Result) -> dict[str, str]:
    """Mark -> Markdown: students of eight pictures on the frames that were asked, and the last of them by artifact."""
    parts = [name for name in ("held_out", "reference") if name in result]
    found = {f"controls_{name}": controls_table(result[name]) for name in parts}
    return {**found, "controls_artifacts": artifacts_table(result[parts[-1]])}


def controls_table(part: Result) -> str:
    """Every kind of student of every picture, and how much more those of the first picture find (p after Holm)."""
    compared = {
        (row["convolutions"], row["compared_with"], row["figure"], row["range_deg"]): row for row in part["comparisons"]
    }
    kinds = list(dict.fromkeys(row["convolutions"] for row in part["rows"]))

    def cells(row: Result) -> Sequence[str]:
        shown = [row["convolutions"].replace("_", " "), row["picture"]]
        for figure, name in (("tpr", "all"), ("tpr", "0-30"), ("auroc", "all")):
            value = next(one[figure] for one in row["ranges"] if one["range_deg"] == name)
            shown.append(f"{rate(value)} ({value['lowest_seed']:.2f} to {value['highest_seed']:.2f})")
            less = compared.get((row["convolutions"], row["picture"], figure, name))
            shown.append("–" if less is None else f"{rate(less)} ({less['p_holm']:.3f})")
        return shown

    more = f"{part['rows'][0]['picture']} more (p)"
    header = ("convolutions", "picture", "found, overall (seeds)", more, "found below 30° (seeds)", more, "AUROC", more)
    return _table(header, sorted(part["rows"], key=lambda row: kinds.index(row["convolutions"])), cells)


def artifacts_table(part: Result) -> str:
    """AUROC of the students on the teacher's convolutions, kept as they are, artifact by artifact."""
    rows = [row for row in part["rows"] if row["convolutions"] == "transferred_kept"]
    by_artifact = [{"of": entries} for entries in zip(*(row["artifacts"] for row in rows), strict=True)]

    def cells(row: Result) -> Sequence[str]:
        first = row["of"][0]
        return (f"{first['artifact']} ({first['runs']})", *(rate(entry["auroc"]) for entry in row["of"]))

    return _table(("artifact (runs)", *(row["picture"] for row in rows)), by_artifact, cells)


def latency_table(result: Result) -> str:
    """Time of one judgement, shortest first."""
    timed = [row for row in result["monitors"] if row["latency_ms"]["cpu_p50"] >= LEAST_COMPUTING_MS]

    def cells(row: Result) -> Sequence[str]:
        ms = row["latency_ms"]
        computing = " / ".join(f"{ms[f'cpu_p{p}']:.1f}" for p in (50, 95, 99))
        return (row["name"], computing, " / ".join(f"{ms[f'p{p}']:.1f}" for p in (50, 95, 99)))

    header = ("monitor", "computing P50 / P95 / P99, ms", "wall P50 / P95 / P99, ms")
    return _table(header, sorted(timed, key=lambda row: float(row["latency_ms"]["cpu_p95"])), cells)


def rate(value: Result | None) -> str:
    """A figure with its 95 % interval; a dash where it is not defined."""
    if value is None or value["value"] is None:
        return "–"
    bounds = "" if value["low"] is None else f" [{value['low']:.2f}, {value['high']:.2f}]"
    return f"{value['value']:.2f}{bounds}"


def _table(header: Sequence[str], rows: Sequence[Result], cells: Callable[[Result], Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    return "".join(f"{line}\n" for line in [*lines, *(f"| {' | '.join(cells(row))} |" for row in rows)])


if __name__ == "__main__":
    main()
