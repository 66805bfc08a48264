"""The README's results from stored summaries: `python -m reports.results_table RESULTS …`.

Copies each campaign's `summary.json`, without its long curves and per-departure lists, to
`docs/reference/<campaign>.json` and writes the tables between the README's markers. Without RESULTS it renders again
from the stored copies.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from harness.evaluation.statistics.intervals import poisson_rate_upper

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "reference"
REFERENCE, UNSEEN_IDEAL, TAKEOVERS = "reference", "unseen_ideal", "takeovers"
LONGEST_LIST = 60
RESCUE_POINT, RESCUE_REACTION_S = "duty10", 1.0
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


def render(reference: dict[str, Any], unseen_ideal: dict[str, Any], takeovers: dict[str, Any]) -> str:
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
        _notice(summary["notice"]),
        "",
        *_safety(takeovers),
        "",
        *_rescue(summary),
        "",
        *_parity(summary),
    ]
    return "\n".join(lines)


def _reliability(summary: dict[str, Any]) -> str:
    departed, counts = summary["departures"]["departed"], summary["counts"]
    per_100_km = 100.0 * poisson_rate_upper(counts["departures"], counts["km"])
    return (
        "With an ideal camera on unseen roads (radius 50 m and more) and unseen textures the driver departed in "
        f"**{departed['k']} of {departed['n']} runs** ({counts['km']:.1f} km): {rate_text(departed)}. That proves at "
        f"most {per_100_km:.1f} departures per 100 km (one-sided 95 %, exact); to prove one, 300 km without a "
        "departure are needed (`--set seeds=6 --set sample.pairs=1100`, about three hours on 2 cores)."
    )


def _notice(figures: dict[str, Any]) -> str:
    return (
        "What no monitor of the picture could know: "
        f"{rate_text(figures['in_time'])} of the departures left an alarm that waits for the artifact the time "
        f"it needs (notice, from its onset to the departure: median {figures['notice_s']['median']:.1f} s), and "
        f"{rate_text(figures['positive_before_artifact'])} of the time in which an alarm is a hit lies before it."
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
    counts = summary["counts"]
    lines = [
        f"Takeover twins, really driven to the end of the road ({counts['shadow_runs']} pairs, {counts['departures']} "
        "departures, the conditions in which the driver alone departs most): reaction time 1 s, alarms at matched duty "
        "on calibration runs.",
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


def _rescue(summary: dict[str, Any]) -> list[str]:
    """The rescue map: what was savable, and what each monitor's first alarm would have been worth."""
    rescue = summary["rescue"]
    validity, before = rescue["validity"], rescue["k_star_s"]
    at_best = next(row for row in rescue["savable_at"] if row["reaction_s"] == RESCUE_REACTION_S)["from_the_start"]
    lines = [
        f"Rescue map (every departure replayed, handed over ever later): {rescue['mapped']} departures, savable "
        f"{rate_text(rescue['savable'])}; the last safe takeover lay {before['p50']:.2f} s before the line was crossed "
        f"(5-95 %: {before['p05']:.2f} to {before['p95']:.2f} s). By a driver who reacts in {RESCUE_REACTION_S:g} s to "
        f"an alarm at the very start of the run: {rate_text(at_best)}; the others depart before that driver has "
        f"reacted. Largest replay error {validity['replay_error_m']:g} m; agreement with really driven takeovers "
        f"{_counted(validity['real_takeovers'])}, monotone on a dense grid {_counted(validity['monotone'])}. What "
        f"first alarms at `{RESCUE_POINT}` would have been worth to that driver:",
        "",
        "| monitor | saved | too late | silent | SG | AC | oracle's AC at that SG | runs disturbed in vain |",
        "|---|---|---|---|---|---|---|---|",
    ]
    privileged = {monitor["name"] for monitor in summary["monitors"] if monitor.get("privileged")}
    for monitor in rescue["monitors"]:
        for point in monitor["points"]:
            if point["point"] == RESCUE_POINT and point["reaction_s"] == RESCUE_REACTION_S:
                name = monitor["name"] + (" (privileged)" if monitor["name"] in privileged else "")
                lines.append(
                    f"| {name} | {point['saved']} | {point['late']} | {point['silent']} | {rate_text(point['sg'])} "
                    f"| {_share(point['ac'])} | {_share(point['ac_oracle'])} "
                    f"| {point['disturbed']}/{point['safe_runs']} |"
                )
    return lines


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100.0:.1f} %"


def _counted(rate: dict[str, Any]) -> str:
    return f"{rate['k']}/{rate['n']}"


def _parity(summary: dict[str, Any]) -> list[str]:
    parity = summary["paper_parity"]
    columns = {"on-policy": parity["on_policy"], "log-based": parity["log_based"]}
    privileged = {monitor["name"] for monitor in summary["monitors"] if monitor.get("privileged")}
    lines = [
        "TPR at 5° (share of frames with |SWA error| > 5° that are flagged; the paper's measure), always with its FPR. "
        "On-policy: states the driver visits. Log-based: frames of expert driving, as the paper counted.",
        "",
        "| reference SWA | frames | camera_student TPR | FPR | saliency_student TPR | FPR | paper: saliency / camera |",
        "|---|---|---|---|---|---|---|",
    ]
    for index, span in enumerate(("0-30", "30-60", "60-90")):
        for kind, column in columns.items():
            shown = {
                name: value for name, value in (column or {}).get("monitors", {}).items() if name not in privileged
            }
            if not shown:
                continue
            cells = []
            for name in ("camera_student", "saliency_student"):
                if name not in shown:
                    cells += ["not scored", "–"]
                    continue
                row = next(r for r in shown[name]["ranges"] if r["range_deg"] == span)
                cells += [rate_text(row["tpr"]), rate_text(row["fpr"])]
            reference = " / ".join(f"{values[index]} %" for values in parity["paper"].values())
            lines.append(f"| {span}° | {kind} | " + " | ".join(cells) + f" | {reference} |")
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


def without_long_lists(value: Any) -> Any:
    """A summary without its lists of more than ``LONGEST_LIST`` entries: curves, one entry per departure."""
    if isinstance(value, dict):
        kept = {key: without_long_lists(entry) for key, entry in value.items()}
        return {
            key: entry for key, entry in kept.items() if not (isinstance(entry, list) and len(entry) > LONGEST_LIST)
        }
    return [without_long_lists(entry) for entry in value] if isinstance(value, list) else value


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
        summary = without_long_lists(json.loads((folder / "summary.json").read_text(encoding="utf-8")))
        (STORED / f"{name}.json").write_text(json.dumps(summary) + "\n", encoding="utf-8")
    write_readme(render(*(stored_summary(name) for name in (REFERENCE, UNSEEN_IDEAL, TAKEOVERS))))


if __name__ == "__main__":
    main()
