"""Run a campaign: one YAML file in, a folder of results and a report out."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.cluster.campaign_run import CampaignResult

LISTED = ("agents", "monitors", "effects", "saliency", "metrics", "sections")
EXIT_OK = 0
EXIT_FAILED_VERDICT = 1
EXIT_USAGE = 2
EXIT_INFRASTRUCTURE = 3
EXIT_INTERRUPTED = 130

EPILOG = """\
examples
  python run_campaign.py scenarios/curves.yaml                  the four-minute demonstration
  python run_campaign.py scenarios/curves.yaml --limit 4        only its first four episodes
  python run_campaign.py scenarios/curves.yaml --check          is it valid, what would run, for how long?
  python run_campaign.py scenarios/curves.yaml --filter 'condition=noise*,ideal' --filter mode=shadow
                                                                only these episodes
  python run_campaign.py --list monitors                        what a scenario can name
  python run_campaign.py scenarios/curves.yaml --set seeds=5 --set conditions.0.name=clear
                                                                change values of the scenario
  python run_campaign.py --resume results/curves/2025-01-31T093000+0000
                                                                go on after Ctrl-C or a crash
  python run_campaign.py town.yaml --simulator attach:127.0.0.1:2000,127.0.0.1:2010
                                                                drive in simulators that already run
  python run_campaign.py town.yaml --simulator docker:carlasim/carla:0.9.16 --ray-address auto
                                                                start CARLA on every node of a Ray cluster
  python run_campaign.py scenarios/curves.yaml --baseline results/curves/2025-01-31T093000+0000
                                                                does it depart more often than that campaign did?
  python run_campaign.py scenarios/nightly.yaml --tier smoke --baseline last-good
                                                                the regression of each change, or of each night
  python run_campaign.py --verify-carla 127.0.0.1:2000          is the CARLA that runs there fit for campaigns?

results
  campaign.json (what ran, on what), index.jsonl, episodes/<id>/ (one record each), episodes.parquet (one row each),
  rescue.parquet (until when each departure could be prevented), summary.json (every figure), report.html (open it
  in a browser); with --baseline also comparison.json and comparison.html. Campaigns below results/ enter its
  catalogue: python -m harness.results list, show, tag, verify, prune, trim

exit codes
  0  the campaign ran; its verdict is PASS, INSUFFICIENT (too small to prove anything) or it sets no criteria
  1  the campaign ran; its verdict is FAIL, or it departs more often than its --baseline
  2  the scenario or the command line cannot be used and nothing ran; or it ran and its --baseline, of another
     simulator or other pairs, or not tagged yet, cannot be compared with it
  3  episodes are missing because simulator, worker, disk or machine failed; --resume tries them again
  130  interrupted; --resume goes on
"""


class _List(argparse.Action):
    """``--list KIND``: print what there is and end, as ``--help`` does."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: Any, option_string: str | None = None
    ) -> None:
        from harness.campaign.catalogue import listing

        print(listing(values))
        parser.exit()


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; exits with 2 if it cannot be used."""
    parser = argparse.ArgumentParser(
        prog="run_campaign.py",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("scenario", metavar="SCENARIO", type=Path, nargs="?", help="campaign file (YAML)")
    parser.add_argument(
        "--workers",
        metavar="N",
        type=_positive,
        help="parallel simulators (default: as many as cores, memory and GPUs allow)",
    )
    parser.add_argument("--tier", metavar="TIER", help="which of the sizes the scenario's sample names, such as smoke")
    parser.add_argument("--limit", metavar="N", type=_positive, help="only the first N episodes")
    parser.add_argument(
        "--filter",
        metavar="KEY=PATTERN",
        dest="filters",
        action="append",
        default=[],
        help="only episodes whose road, weather, condition, mode, seed, pair or episode matches one of these patterns "
        "(with * and ?, joined by commas); may be repeated, then all must hold",
    )
    parser.add_argument(
        "--check", action="store_true", help="run nothing: check the SCENARIO, print its matrix and the estimated time"
    )
    parser.add_argument("--dry-run", action="store_true", help="like --check, and list every episode that would run")
    parser.add_argument(
        "--list", metavar="KIND", action=_List, choices=LISTED, help=f"show {', '.join(LISTED)}, and end"
    )
    folders = parser.add_mutually_exclusive_group()
    folders.add_argument(
        "--out", metavar="DIR", type=Path, help="new results folder (default: results/<campaign>/<start time>)"
    )
    folders.add_argument("--resume", metavar="DIR", type=Path, help="go on with the campaign in this folder")
    folders.add_argument(
        "--rescue",
        metavar="DIR",
        type=Path,
        help="like --resume, and find the last moment to prevent each departure even if the scenario leaves that out",
    )
    parser.add_argument(
        "--simulator",
        metavar="WHICH",
        help="embedded (default), binary:PATH of CarlaUE4.sh, docker:IMAGE, podman:IMAGE, apptainer:IMAGE (for example "
        "docker:carlasim/carla:0.9.16), or attach:HOST:PORT[,HOST:PORT…], one per worker",
    )
    parser.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="use a running Ray cluster: auto on one of its nodes, HOST:PORT or ray://HOST:PORT (default: this host)",
    )
    parser.add_argument(
        "--verify", action="store_true", help="with --resume: check the hash of every stored file first"
    )
    parser.add_argument(
        "--verify-carla",
        metavar="HOST:PORT",
        help="no campaign: check that the CARLA running there answers every call, repeats itself, and ranks departures "
        "and monitors as the embedded simulator does; writes a page into --out",
    )
    parser.add_argument(
        "--baseline",
        metavar="DIR|TAG",
        help="compare with this finished campaign on the same pairs at the end; last-good: the campaign of this name "
        "and tier that was tagged so",
    )
    parser.add_argument(
        "--disk-budget",
        metavar="GB",
        type=_gigabytes,
        help="for all campaigns of the catalogue: above it monitor inputs, then clips are dropped, the oldest first; "
        "records never",
    )
    parser.add_argument(
        "--doctor", action="store_true", help="no campaign: look at this machine, say what is wrong and what to do"
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where networks run (default: auto)"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        dest="overrides",
        action="append",
        default=[],
        help="change a value of the scenario, keys joined by dots; may be repeated",
    )
    options = parser.parse_args(arguments)
    options.resume = options.resume or options.rescue
    if options.doctor:
        return options
    if options.verify_carla is not None and (options.scenario is not None or options.resume is not None):
        parser.error("--verify-carla brings its own small campaign: leave SCENARIO and --resume out")
    if options.scenario is None and options.resume is None and options.verify_carla is None:
        parser.error("a SCENARIO is needed, for example scenarios/curves.yaml (or --resume DIR)")
    if options.overrides and options.scenario is None:
        parser.error("--set changes a scenario: give the SCENARIO too, or leave --set out when resuming")
    if (options.check or options.dry_run) and options.scenario is None:
        parser.error("--check and --dry-run look at a scenario: give the SCENARIO")
    if options.tier is not None:
        if options.scenario is None:
            parser.error("--tier chooses a size of a scenario: give the SCENARIO; resuming keeps the tier")
        options.overrides.append(f"tier={options.tier}")
    if options.filters and options.scenario is None:
        parser.error("--filter chooses among a scenario's episodes: give the SCENARIO; resuming keeps the filters")
    if options.verify and options.resume is None:
        parser.error("--verify checks stored results: use it with --resume DIR")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, judge, report. Returns the exit code."""
    options = parse_arguments(arguments)
    if options.doctor:
        return _doctor(options)
    missing = [name for name in ("carla", "pydantic", "ray", "torch") if importlib.util.find_spec(name) is None]
    if missing:
        return _complain(f"{', '.join(missing)} not installed: run `make campaign`, or use .venv/bin/python")
    from agents.errors import UnknownNameError, WeightsError
    from harness.campaign.errors import ScenarioError
    from harness.cluster.campaign_run import RunOptions, run_campaign
    from harness.cluster.local_ray import ClusterError
    from harness.cluster.sizing import NoRoomError
    from harness.results.index import IndexCorruptError
    from harness.results.store import StorageError, StoreError
    from harness.simulation.launch import LaunchError
    from harness.simulation.simulator import SimulatorNameError

    if options.verify_carla is not None:
        return _verify_carla(options.verify_carla, options.out)
    try:
        if options.check or options.dry_run:
            return _check(options)
        result = run_campaign(
            RunOptions(
                scenario=options.scenario,
                out=options.out,
                resume=options.resume,
                workers=options.workers,
                limit=options.limit,
                filters=tuple(options.filters),
                simulator=options.simulator,
                ray_address=options.ray_address,
                rescue=options.rescue is not None,
                verify=options.verify,
                device=options.device,
                overrides=tuple(options.overrides),
                baseline=options.baseline,
                disk_budget_bytes=options.disk_budget,
                command_line=("run_campaign.py", *(sys.argv[1:] if arguments is None else arguments)),
            )
        )
        return _conclude(result, options.baseline)
    except (ClusterError, IndexCorruptError, StorageError) as error:
        return _complain(str(error), EXIT_INFRASTRUCTURE)
    except OSError as error:  # a full disk under the table, the summary or the report: all made again on resuming
        return _complain(f"writing the results failed: {error}", EXIT_INFRASTRUCTURE)
    except (
        LaunchError,
        NoRoomError,
        ScenarioError,
        SimulatorNameError,
        StoreError,
        UnknownNameError,
        WeightsError,
    ) as error:
        return _complain(str(error))
    except KeyboardInterrupt:  # before anything was written
        return EXIT_INTERRUPTED


def _verify_carla(address: str, out: Path | None) -> int:
    from harness.cluster.carla_verification import REFERENCE, VERIFIED, VerificationError, verify_carla
    from harness.cluster.local_ray import ClusterError
    from harness.results.provenance import utc_now
    from harness.results.store import StoreError
    from harness.simulation.simulator import SimulatorNameError, parse_simulator
    from reports.campaign_report import build_report
    from reports.carla_page import findings, write_carla_page

    folder = out or Path("results") / "carla_verification" / utc_now().replace(":", "")
    try:
        parse_simulator(f"attach:{address}")
        result = verify_carla(address, folder)
    except (SimulatorNameError, StoreError) as error:
        return _complain(str(error))
    except (ClusterError, VerificationError) as error:
        return _complain(str(error), EXIT_INFRASTRUCTURE)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    was_driven = result["comparison"] is not None
    for side in (VERIFIED, REFERENCE) if was_driven else ():
        build_report(folder / side)
    print("\n" + "\n".join(findings(result)))
    print(f"page: {write_carla_page(result, folder)}")
    return EXIT_OK if was_driven else EXIT_INFRASTRUCTURE


def _check(options: argparse.Namespace) -> int:
    from harness.campaign.check import estimate, matrix_text
    from harness.cluster.campaign_plan import plan_campaign
    from harness.cluster.sizing import size_workers, this_host
    from harness.simulation.simulator import parse_simulator
    from reports.own_sections import NoSectionError, make_section

    plan = plan_campaign(options.scenario, options.overrides, options.limit, options.filters)
    try:
        for name in plan.spec.sections:
            make_section(name)
    except NoSectionError as error:
        return _complain(str(error))
    simulator = parse_simulator(options.simulator or plan.spec.simulator)
    size = size_workers([this_host()], simulator, options.workers, options.device).at_most(len(plan.episodes))
    expected = estimate(plan.episodes, size.workers)
    print(matrix_text(plan.spec.campaign, plan.episodes, expected, each=options.dry_run))
    return EXIT_OK


def _doctor(options: argparse.Namespace) -> int:
    from harness.cluster.doctor import examine, finding_text, is_fit, verdict_text
    from harness.simulation.simulator import SimulatorNameError, parse_simulator

    try:
        simulator = parse_simulator(options.simulator or "embedded")
    except SimulatorNameError as error:
        return _complain(str(error))
    findings = []
    for finding in examine(simulator, options.out or Path("results"), options.workers, options.device):
        print(finding_text(finding), flush=True)
        findings.append(finding)
    print(f"\n{verdict_text(findings)}")
    return EXIT_OK if is_fit(findings) else EXIT_INFRASTRUCTURE


def _conclude(result: CampaignResult, baseline: str | None) -> int:
    from harness.cluster.campaign_run import Status
    from harness.evaluation.recompute import recompute
    from harness.results.episodes_table import write_episodes_table
    from harness.results.history import enter_campaign
    from harness.results.reader import read_campaign
    from reports.campaign_report import build_report
    from reports.junit import write_junit

    resume = f"python run_campaign.py --resume {result.folder}"
    if result.status is Status.INTERRUPTED:
        enter_campaign(result.folder, None)
        print(f"\nstopped with {result.stored} of {result.planned} episodes finished; go on with:\n  {resume}")
        return EXIT_INTERRUPTED
    code = EXIT_OK
    if result.status is Status.INCOMPLETE:
        print(f"\nincomplete: {result.message}\ntry the missing episodes again with:\n  {resume}", file=sys.stderr)
        code = EXIT_INFRASTRUCTURE
        if not result.stored:
            enter_campaign(result.folder, None)
            return code
    write_episodes_table(result.folder, read_campaign(result.folder)[1])
    _, summary = recompute(result.folder)
    enter_campaign(result.folder, summary)
    report = build_report(result.folder)
    verdict = summary["verdict"]
    print(f"\n{verdict['status']}: {'; '.join(verdict['reasons'])}")
    print(f"report: {report}")
    if verdict["status"] == "FAIL" and code == EXIT_OK:
        code = EXIT_FAILED_VERDICT
    if baseline is not None and code != EXIT_INFRASTRUCTURE:
        code = conclude_against(baseline, result.folder) or code
    is_compared = baseline is not None and code not in (EXIT_INFRASTRUCTURE, EXIT_USAGE)
    write_junit(result.folder, is_compared, not_compared_with=None if is_compared else baseline)
    return code


def conclude_against(baseline: str, candidate: Path) -> int:
    """Compare a finished campaign with its baseline (folder or tag), store file and page; returns the exit code."""
    from harness.evaluation.compare import REGRESSION
    from harness.evaluation.compare_command import compare_campaigns, comparison_text, write_comparison
    from harness.evaluation.compare_inputs import ComparisonRefusedError
    from harness.results.baseline import find_baseline
    from harness.results.history import HistoryError
    from reports.compare_report import write_comparison_page

    try:
        comparison = compare_campaigns(find_baseline(baseline, candidate), candidate)
    except (ComparisonRefusedError, HistoryError) as error:
        return _complain(f"not compared with {baseline}: {error}")
    write_comparison(comparison, candidate)
    print(f"\n{comparison_text(comparison)}\ncomparison: {write_comparison_page(comparison, candidate)}")
    return EXIT_FAILED_VERDICT if comparison["verdict"]["status"] == REGRESSION else EXIT_OK


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _gigabytes(text: str) -> int:
    """Bytes."""
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = 0.0
    if not 0.0 < gigabytes < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of gigabytes above 0")
    return round(gigabytes * 1e9)


def _complain(message: str, code: int = EXIT_USAGE) -> int:
    print(f"run_campaign: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # while the program itself was still being loaded
        sys.exit(EXIT_INTERRUPTED)
