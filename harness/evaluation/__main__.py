"""``python -m harness.evaluation recompute RESULTS``: derive ``summary.json`` of a stored campaign again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.evaluation.episode_data import EpisodeDataError
from harness.evaluation.recompute import recompute
from harness.evaluation.verdict import CriterionError
from harness.results.store import StoreError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, 0 or 1 when the results cannot be evaluated."""
    parser = argparse.ArgumentParser(prog="python -m harness.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    again = commands.add_parser("recompute", help="re-derive summary.json from the stored episodes")
    again.add_argument("results", type=Path, help="folder of a campaign (holds campaign.json)")
    options = parser.parse_args(arguments)
    try:
        path, summary = recompute(options.results)
    except (StoreError, EpisodeDataError, CriterionError) as error:
        print(f"cannot evaluate {options.results}: {error}", file=sys.stderr)
        return 1
    print(f"{summary['verdict']['status']}: {'; '.join(summary['verdict']['reasons'])}")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
