"""``python -m harness.evaluation COMMAND``: judge stored campaigns, compare them, plan them; score logs of other tools.

Exit codes: 0; 1 where the data cannot be evaluated, and on a significant regression or a broken contract; 2 where a
comparison, a contract or a plan is refused; 3 where a contract is neither kept nor broken.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.evaluation.compare_command import EXIT_REFUSED, add_compare_arguments, run_compare
from harness.evaluation.compare_inputs import ComparisonRefusedError
from harness.evaluation.contract import ContractError
from harness.evaluation.contract_command import add_contract_arguments, run_contract
from harness.evaluation.episode_data import EpisodeDataError
from harness.evaluation.foreign.commands import ScoreCommandError, add_score_arguments, run_export, run_score
from harness.evaluation.foreign.driving_log import DrivingLogError
from harness.evaluation.foreign.score_files import ScoreFileError
from harness.evaluation.parameter_space_command import RefinementError, add_refine_arguments, run_refine
from harness.evaluation.plan import PlanError
from harness.evaluation.plan_command import add_plan_arguments, plan_text
from harness.evaluation.recompute import recompute
from harness.evaluation.stretches import InvalidTraceError
from harness.evaluation.verdict import CriterionError
from harness.results.store import StoreError

# Whatever is wrong with the data is said in one line; anything else is a fault of this program and shows its trace.
DATA_ERRORS = (
    *(StoreError, EpisodeDataError, CriterionError, InvalidTraceError),
    *(DrivingLogError, ScoreFileError, ScoreCommandError),
    *(ComparisonRefusedError, ContractError, PlanError, RefinementError),
)
# Their 1 is a finding: what keeps them from one has a code of its own.
DECIDING = ("compare", "contract", "plan")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "recompute":
            _recompute(options.results, options.processes)
        elif options.command == "export":
            run_export(options.results, options.out)
        elif options.command == "compare":
            return run_compare(options)
        elif options.command == "refine":
            return run_refine(options)
        elif options.command == "contract":
            return run_contract(options)
        elif options.command == "plan":
            print(plan_text(options))
        else:
            run_score(options)
    except DATA_ERRORS as error:
        if options.command in DECIDING:
            print(f"{options.command} refused: {error}", file=sys.stderr)
            return EXIT_REFUSED
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
    compare = commands.add_parser("compare", help="what changed between two campaigns on the same pairs")
    add_compare_arguments(compare)
    refine = commands.add_parser("refine", help="the next round at the boundary between passing and failing points")
    add_refine_arguments(refine)
    contract = commands.add_parser("contract", help="judge a contract on a campaign, with the evidence behind it")
    add_contract_arguments(contract)
    plan = commands.add_parser("plan", help="how much driving, and how many departures, a claim needs")
    add_plan_arguments(plan)
    return parser


def _recompute(results: Path, processes: int | None) -> None:
    path, summary = recompute(results, processes)
    print(f"{summary['verdict']['status']}: {'; '.join(summary['verdict']['reasons'])}")
    print(path)


if __name__ == "__main__":
    sys.exit(main())
