"""`python -m benchmarks.report RESULTS`: what the report of a stored campaign costs to build and to open.

Builds the report in place (a report is derived, nothing else is touched), measures its size, and opens it in a
headless Chromium: first contentful paint, and how long a filter and a sort of the table of episodes take, by the wall
and by the processor time of the page's main thread, which a busy machine does not stretch. Writes
`benchmarks/results/report.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from harness.results.index import read_index
from harness.results.store import INDEX_FILE
from reports.campaign_report import build_report
from tests.reports.browser import Browser, browser

RESULT = Path(__file__).parent / "results" / "report.json"
REPEATS = 5
CLOCKS = ("wall_ms", "processor_ms")
PAINT = "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
# Until the page has a layout again, which is what a reader waits for.
FILTER = """
  const box = document.getElementById('filter-text'), start = performance.now();
  box.value = arguments[0]; box.dispatchEvent(new Event('input')); document.body.getBoundingClientRect();
  return performance.now() - start"""
SORT = """
  const start = performance.now();
  document.querySelectorAll('#episodes-table th button')[7].click(); document.body.getBoundingClientRect();
  return performance.now() - start"""


def measure(folder: Path) -> dict[str, Any]:
    """Figures of one campaign; times in s or ms of wall clock, sizes in bytes."""
    started, processor = time.perf_counter(), time.process_time()
    report = build_report(folder)
    built = {"build_wall_s": time.perf_counter() - started, "build_processor_s": time.process_time() - processor}
    pages = [path for path in (folder / "report").rglob("*") if path.is_file()]
    return {
        "schema_version": 1,
        "episodes": len(read_index(folder / INDEX_FILE)),
        **built,
        "report_bytes": report.stat().st_size,
        "episode_pages": sum(path.suffix == ".html" for path in pages),
        "episode_pages_bytes": sum(path.stat().st_size for path in pages),
        **_opened(report),
        "cores": os.cpu_count(),
        "load_average_at_end": os.getloadavg()[0],
    }


def _opened(report: Path) -> dict[str, float]:
    paints: list[float] = []
    filters: list[tuple[float, float]] = []
    sorts: list[tuple[float, float]] = []
    with browser() as page:
        page.resize(1440, 1000)
        page.devtools("Performance.enable", {"timeDomain": "threadTicks"})
        for _ in range(REPEATS):
            page.open(report)
            paints.append(float(page.run(PAINT)))
            filters += [_timed(page, FILTER, "departed"), _timed(page, FILTER, "")]
            sorts.append(_timed(page, SORT))
    return {
        "first_paint_ms": statistics.median(paints),
        **_medians("filter", filters),
        **_medians("sort", sorts),
    }


def _medians(name: str, timed: list[tuple[float, float]]) -> dict[str, float]:
    return {f"{name}_{clock}": statistics.median(one[k] for one in timed) for k, clock in enumerate(CLOCKS)}


def _timed(page: Browser, script: str, *arguments: str) -> tuple[float, float]:
    """(wall, processor time of the page's main thread) of one interaction, ms."""
    before = _busy_ms(page)
    wall_ms = float(page.run(script, *arguments))
    return wall_ms, _busy_ms(page) - before


def _busy_ms(page: Browser) -> float:
    metrics = page.devtools("Performance.getMetrics", {})["metrics"]
    return 1000.0 * next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("results", type=Path, help="folder of a finished campaign of about 1,000 episodes")
    figures = measure(parser.parse_args().results)
    RESULT.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
