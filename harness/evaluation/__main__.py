"""``python -m harness.evaluation COMMAND``: judge stored campaigns, and logs and scores of other tools."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.evaluation.episode_data import EpisodeDataError
from harness.evaluation.foreign.commands import ScoreCommandError, add_score_arguments, run_export, run_score
from harness.evaluation.foreign.driving_log import DrivingLogError
from harness.evaluation.foreign.score_files import ScoreFileError
from harness.evaluation.recompute import recompute
from harness.evaluation.stretches import InvalidTraceError
from harness.evaluation.verdict import CriterionError
from harness.results.store import StoreError

# Whatever is wrong with the data is said in one line; anything else is a fault of this program and shows its trace.
DATA_ERRORS = (
    *(StoreError, EpisodeDataError, CriterionError, InvalidTraceError),
    *(DrivingLogError, ScoreFileError, ScoreCommandError),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, 0, or 1 when the data cannot be evaluated."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "recompute":
            _recompute(options.results, options.processes)
        elif options.command == "export":
            run_export(options.results, options.out)
        else:
            run_score(options)
    except DATA_ERRORS as error:
        subject = options.results if "results" in options else ", ".join(map(str, options.log))
        print(f"cannot evaluate {subject}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    again = commands.add_parser("recompute", help="derive summary.json of a stored campaign again, without simulating")
    again.add_argument("results", type=Path, help="folder of a campaign (holds campaign.json)")
    again.add_argument("--processes", type=int, help="how many to judge with (default: what the machine has)")
    export = commands.add_parser("export", help="write shadow runs as Udacity-style logs and per-frame score files")
    export.add_argument("results", type=Path, help="folder of a campaign (holds campaign.json)")
    export.add_argument("--out", type=Path, required=True, help="folder to write to")
    score = commands.add_parser("score", help="the same figures for logs and scores of other tools")
    add_score_arguments(score)
    return parser


def _recompute(results: Path, processes: int | None) -> None:
    path, summary = recompute(results, processes)
    print(f"{summary['verdict']['status']}: {'; '.join(summary['verdict']['reasons'])}")
    print(path)


if __name__ == "__main__":
    sys.exit(main())
