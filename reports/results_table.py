"""The README's results from stored summaries: `python -m reports.results_table RESULTS …`.

Copies each campaign's `summary.json` to `docs/reference/<campaign>.json` and writes the tables between the README's
markers. Without RESULTS it renders again from the stored copies.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "reference"
REFERENCE, UNSEEN_IDEAL, TWINS = "reference", "unseen_ideal", "twins"
README = ROOT / "README.md"
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


class ReadmeMarkersError(ValueError):
    """The README lacks the markers between which the table stands."""


def rate_text(rate: dict[str, Any] | None, percent: bool = True, digits: int = 1) -> str:
    """A rate object as text: value, 95 % interval and counts; "–" with the reason where it is undefined."""
    if rate is None:
        return "–"
    scale, unit = (100.0, " %") if percent else (1.0, "")
    if rate.get("value") is None:
        return f"– ({rate.get('reason', 'undefined')})"
    text = f"{rate['value'] * scale:.{digits}f}{unit}"
    if rate.get("low") is not None and rate.get("high") is not None:
        text += f" [{rate['low'] * scale:.{digits}f}, {rate['high'] * scale:.{digits}f}]"
    return text


def render(reference: dict[str, Any], unseen_ideal: dict[str, Any], twins: dict[str, Any]) -> str:
    """Markdown of the results section, from the summaries of the three campaigns."""
    summary = reference
    counts, verdict = summary["counts"], summary["verdict"]
    lines = [
        _reliability(unseen_ideal),
        "",
        f"Reference campaign on the embedded simulator: {counts['shadow_runs']} shadow runs, "
        f"{counts['departures']} departures, {counts['km']:.0f} km; verdict **{verdict['status']}**"
        + (f" ({'; '.join(verdict['reasons'])})" if verdict.get("reasons") else "")
        + ". 95 % intervals in brackets.",
        "",
        *_conditions(summary),
        "",
        *_monitors(summary),
        "",
        *_safety(twins),
        "",
        *_parity(summary),
    ]
    return "\n".join(lines)


def _reliability(summary: dict[str, Any]) -> str:
    departed, counts = summary["departures"]["departed"], summary["counts"]
    return (
        "With an ideal camera on unseen roads (radius 50 m and more) and unseen textures the driver departed in "
        f"**{departed['k']} of {departed['n']} runs** ({counts['km']:.1f} km): {rate_text(departed)}."
    )


def _conditions(summary: dict[str, Any]) -> list[str]:
    lines = ["| condition | runs that departed (over the line ≥ 0.2 s) | n |", "|---|---|---|"]
    for row in summary["departures"]["by_condition"]:
        rate = row["departed"]
        lines.append(f"| {row['condition']} | {rate_text(rate)} | {rate['k']}/{rate['n']} |")
    return lines


def _monitors(summary: dict[str, Any]) -> list[str]:
    lines = [
        "Recall: departures warned of at least 1 s and at most 3 s ahead. Thresholds were frozen on calibration runs; "
        "FA/min: false alarm episodes per minute of driving that stayed safe.",
        "",
        "| monitor | recall `fa0.50` | FA/min | recall `duty10` | FA/min | AUROC within run | AUROC pooled |",
        "|---|---|---|---|---|---|---|",
    ]
    for monitor in summary["monitors"]:
        points = {point["point"]: point for point in monitor["points"]}
        name = monitor["name"] + (" (privileged)" if monitor.get("privileged") else "")
        cells = [name]
        for wanted in ("fa0.50", "duty10"):
            point = points.get(wanted)
            cells.append(rate_text(point["event_recall"]) if point else "–")
            cells.append(rate_text(point["false_alarms_per_min"]["all"], False, 2) if point else "–")
        cells += [rate_text(monitor["auroc_within"], False, 3), rate_text(monitor["auroc_pooled"], False, 3)]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _safety(summary: dict[str, Any]) -> list[str]:
    lines = [
        "Takeover twins, campaign `twins`: roads driven to the end, reaction time 1 s, alarms at matched duty on "
        "calibration runs. Few pairs: read the intervals.",
        "",
        "| takeover by | departed alone | saved | harmed | clock-stopped | SG | SG bounds | AC | departures/km |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in summary["safety_gain"]:
        worst, best = row["sg_bounds"]["worst"], row["sg_bounds"]["best"]
        bounds = "–" if worst is None else f"{worst * 100:.0f} to {best * 100:.0f} %"
        lines.append(
            f"| {row['mode'].removeprefix('takeover:')} | {row['departed']} | {row['saved']} | {row['harmed']} "
            f"| {row['unresolved']} | {rate_text(row['sg'])} | {bounds} | {rate_text(row['ac'])} "
            f"| {rate_text(row['rh_per_km'], False, 2)} |"
        )
    return lines


def _parity(summary: dict[str, Any]) -> list[str]:
    parity = summary["paper_parity"]
    privileged = {monitor["name"] for monitor in summary["monitors"] if monitor.get("privileged")}
    shown = {name: value for name, value in parity["on_policy"]["monitors"].items() if name not in privileged}
    lines = [
        "TPR at 5° (share of frames with |SWA error| > 5° that are flagged; the paper's measure) and FPR, on-policy:",
        "",
        "| reference SWA | " + " | ".join(f"{name} TPR | FPR" for name in shown) + " | paper: saliency / camera |",
        "|---|" + "---|---|" * len(shown) + "---|",
    ]
    for index, span in enumerate(("0-30", "30-60", "60-90")):
        cells = []
        for monitor in shown.values():
            row = next(r for r in monitor["ranges"] if r["range_deg"] == span)
            cells += [rate_text(row["tpr"]), rate_text(row["fpr"])]
        reference = " / ".join(f"{values[index]} %" for values in parity["paper"].values())
        lines.append(f"| {span}° | " + " | ".join(cells) + f" | {reference} |")
    return lines


def write_readme(text: str, readme: Path = README) -> None:
    """Replace what stands between the markers, atomically.

    Raises:
        ReadmeMarkersError: a marker is missing.
    """
    content = readme.read_text(encoding="utf-8")
    if BEGIN not in content or END not in content:
        raise ReadmeMarkersError(f"{readme.name} needs the markers {BEGIN} and {END} around the table")
    before, rest = content.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    temporary = readme.with_name(f".{readme.name}.{os.getpid()}.tmp")
    temporary.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    temporary.replace(readme)


def stored_summary(name: str, folder: Path = STORED) -> dict[str, Any]:
    """The stored summary of a campaign."""
    summary: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return summary


def main() -> None:
    """Store the summaries of the folders given, then render."""
    parser = argparse.ArgumentParser(prog="python -m reports.results_table", description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, nargs="*", help="folders of finished reference campaigns")
    for folder in parser.parse_args().results:
        name = json.loads((folder / "campaign.json").read_text(encoding="utf-8"))["name"]
        STORED.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / "summary.json", STORED / f"{name}.json")
    write_readme(render(*(stored_summary(name) for name in (REFERENCE, UNSEEN_IDEAL, TWINS))))


if __name__ == "__main__":
    main()
