"""One campaign over its nights: ``python -m reports.trend RESULTS --name NAME`` writes ``RESULTS/trend-NAME.html``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from harness.results.files import replace_atomically
from harness.results.store import StoreError
from reports.charts.trend_line import TrendLine, TrendPoint, trend_chart
from reports.formatting import DASH, number, rate
from reports.line_styles import line_styles
from reports.operating_points import MAIN_POINT
from reports.page import environment, style
from reports.trend_changes import ALPHA, Change, changes_of, parts_changed
from reports.trend_data import ALONE, Night, Series, nights_of

EXIT_OK, EXIT_REFUSED = 0, 2
PANELS = (
    ("departed", "Episodes of the agent alone that departed", "percent"),
    ("per_km", "Departures of the agent alone", "per km"),
    ("recall", f"Departures warned of in time, at {MAIN_POINT}", "percent"),
    ("false_alarms", f"False alarms, degraded but safe, at {MAIN_POINT}", "per minute"),
    ("sg", "Safety gain", "percent"),
    ("ac", "Availability cost", "percent"),
)


def write_trend_page(results: Path, name: str) -> Path:
    """Write the page of one campaign name.

    Args:
        results: folder whose history lists the campaigns (``python -m harness.results list``).

    Raises:
        StoreError: the history has no campaign of that name, or cannot be read.
    """
    nights = nights_of(results, name)
    if not nights:
        raise StoreError(
            f"{results} has no recorded campaign {name!r}: enter one with `python -m harness.results record DIR`"
        )
    path = results / f"trend-{re.sub(r'[^A-Za-z0-9._-]', '_', name)}.html"
    stages = list(dict.fromkeys(night.stage for night in nights))
    page = environment().get_template("trend.html.j2")
    text = page.render(
        name=name,
        nights=len(nights),
        first=_date(nights[0]),
        last=_date(nights[-1]),
        alpha=f"{100 * ALPHA:g} %",
        stages=[_stage(stage, [night for night in nights if night.stage == stage]) for stage in stages],
        style=style(),
    )
    replace_atomically(path, text.encode())
    return path


def _stage(stage: str, nights: Sequence[Night]) -> dict[str, Any]:
    changes = changes_of(nights)
    proven = {(change.series, change.night): change for change in changes if change.significant}
    styles = _styles(nights)
    steps = _steps(nights)
    panels = [_panel(key, title, unit, nights, proven, styles, steps) for key, title, unit in PANELS]
    return {
        "title": stage,
        "panels": [panel for panel in panels if panel is not None],
        "absent": [title for (_, title, _), panel in zip(PANELS, panels, strict=True) if panel is None],
        "findings": [_finding(change, nights) for change in sorted(proven.values(), key=lambda c: -c.night)],
        "tested": sum(change.p is not None for change in changes),
        "nights": [_row(nights, place, steps) for place in range(len(nights) - 1, -1, -1)],
    }


def _panel(
    key: str,
    title: str,
    unit: str,
    nights: Sequence[Night],
    proven: Mapping[tuple[Series, int], Change],
    styles: Mapping[str, str],
    steps: Mapping[int, Sequence[str]],
) -> dict[str, Any] | None:
    names = sorted({name for night in nights for panel, name in night.figures if panel == key})
    if not names:
        return None
    lines = [TrendLine(name, styles[name], _points((key, name), nights, proven)) for name in names]
    drawn = {place: "; ".join(words) for place, words in steps.items()}
    chart: Markup = trend_chart(lines, [_date(night)[5:10] for night in nights], drawn, title, unit)
    return {"title": title, "chart": chart, "key": [(line.name, line.css) for line in lines] if len(lines) > 1 else []}


def _points(series: Series, nights: Sequence[Night], proven: Mapping[tuple[Series, int], Change]) -> list[TrendPoint]:
    points = []
    pictures = ""
    for place, night in enumerate(nights):
        if series not in night.figures:
            continue
        change = proven.get((series, place))
        joined = pictures == night.pictures
        pictures = night.pictures
        words = "" if change is None else "better" if change.is_better else "worse"
        rose = change is not None and _value(nights[place], series) > _value(nights[change.before], series)
        points.append(TrendPoint(place, night.figures[series], joined, words, rose))
    return points


def _value(night: Night, series: Series) -> float:
    return float(night.figures[series]["value"])


def _styles(nights: Sequence[Night]) -> dict[str, str]:
    """Colour and dash of every line, the same in all panels: a mode has those of the monitor it obeys."""
    names = sorted({name for night in nights for _, name in night.figures} - {ALONE})
    kinds = {monitor: kind for night in nights for monitor, kind in night.kinds.items()}
    monitors = line_styles(
        sorted(dict.fromkeys(_obeyed(name) for name in names)), lambda monitor: kinds.get(monitor, "learned")
    )
    return {ALONE: "c-red"} | {name: monitors[_obeyed(name)] for name in names}


def _obeyed(mode: str) -> str:
    return mode.split("@")[0]


def _steps(nights: Sequence[Night]) -> dict[int, list[str]]:
    """Nights in which driver, monitors, thresholds or simulator are not those of the night before."""
    steps: dict[int, list[str]] = {}
    last: Night | None = None
    for place, night in enumerate(nights):
        if night.unread:
            continue
        if last is not None:
            words = [] if night.pictures == last.pictures else [f"simulator: {night.pictures}"]
            words += [word for word in parts_changed(last, night) if not word.startswith("program ")]
            if words:
                steps[place] = words
        last = night
    return steps


def _finding(change: Change, nights: Sequence[Night]) -> dict[str, str]:
    key, name = change.series
    title, unit = next((title, unit) for panel, title, unit in PANELS if panel == key)
    before, now = nights[change.before], nights[change.night]
    return {
        "night": _date(now),
        "figure": title if name == ALONE else f"{title}: {name}",
        "word": "better" if change.is_better else "worse",
        "from": _shown(before.figures[change.series], unit),
        "to": _shown(now.figures[change.series], unit),
        "p": "< 0.001" if (change.p_corrected or 0.0) < 0.001 else f"= {number(change.p_corrected, 3)}",
        "against": _date(before),
        "changed": "; ".join(parts_changed(before, now)) or "nothing that is recorded",
        "command": f"python -m harness.evaluation compare {before.folder} {now.folder}",
    }


def _row(nights: Sequence[Night], place: int, steps: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    night = nights[place]
    return {
        "date": _date(night),
        "report": "" if night.unread else f"{night.folder}/report.html",
        "folder": night.folder,
        "commit": night.commit[:8] or DASH,
        "verdict": night.verdict or DASH,
        "pictures": night.pictures,
        "departed": rate(night.figures.get(("departed", ALONE))),
        "changed": "; ".join(steps.get(place, ())),
        "unread": night.unread,
    }


def _shown(value: Mapping[str, Any], unit: str) -> str:
    shown = rate(value, "percent" if unit == "percent" else "number")
    return f"{shown.text} {shown.interval}".strip()


def _date(night: Night) -> str:
    return night.created_at[:16].replace("T", " ")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one page; returns the exit code: 0, or 2 where there is nothing to show."""
    parser = argparse.ArgumentParser(prog="python -m reports.trend", description=__doc__)
    parser.add_argument("results", metavar="RESULTS", type=Path, help="folder of campaigns with a history")
    parser.add_argument("--name", required=True, help="name of the campaign, for example nightly")
    options = parser.parse_args(arguments)
    try:
        print(f"trend: {write_trend_page(options.results, options.name)}")
    except StoreError as error:
        print(f"reports.trend: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
