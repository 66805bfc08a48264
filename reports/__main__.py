"""``python -m reports DIR``: build the report of a stored campaign again, from its records and its summary."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.results.store import StoreError
from reports.campaign_data import ReportError
from reports.campaign_report import build_report

EXIT_OK, EXIT_REFUSED = 0, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Build one report; returns the exit code: 0, or 2 where there is no campaign to report on."""
    parser = argparse.ArgumentParser(prog="python -m reports", description=__doc__)
    parser.add_argument("results", metavar="DIR", type=Path, help="folder of a campaign")
    parser.add_argument(
        "--saliency",
        metavar="EPISODE",
        nargs="+",
        default=[],
        help="ids of episodes, or all: give their pages the maps of every saliency method (half a second each); the "
        "first departures have them anyway",
    )
    options = parser.parse_args(arguments)
    try:
        print(f"report: {build_report(options.results, options.saliency)}")
    except (ReportError, StoreError) as error:
        print(f"reports: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
