"""``python -m harness.results``: the catalogue of campaigns that ran."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.results.disk_budget import GB, trim
from harness.results.history import LAST_GOOD, History
from harness.results.store import StoreError

EXIT_OK, EXIT_DAMAGED, EXIT_REFUSED = 0, 1, 2
SUMMARY_FILE = "summary.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0, 1 if ``verify`` found damage, 2 if refused."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(History(options.results), options))
    except StoreError as error:
        print(f"harness.results: {error}", file=sys.stderr)
        return EXIT_REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.results", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of campaigns (default: results)")
    commands = parser.add_subparsers(required=True)
    listing = commands.add_parser("list", help="campaigns, oldest first")
    listing.add_argument("--name", help="only those of this name")
    listing.set_defaults(run=_list)
    for name, run, text in (
        ("record", _record, "enter campaigns that ran, or bring their rows up to date"),
        ("show", _show, "everything the catalogue knows of a campaign, as JSON"),
        ("tag", _tag, "name a campaign that later ones are compared with"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("folder", metavar="DIR", type=Path)
        if name == "tag":
            command.add_argument("--tag", default=LAST_GOOD, help=f"default: {LAST_GOOD}")
        command.set_defaults(run=run)
    commands.add_parser("verify", help="every stored file against its hash").set_defaults(run=_verify)
    prune = commands.add_parser("prune", help="old campaigns that nothing names; removed only with --remove")
    prune.add_argument("--keep", type=int, required=True, help="how many of each name and tier stay")
    prune.add_argument("--remove", action="store_true", help="remove them, records and all; their figures stay listed")
    prune.set_defaults(run=_prune)
    trim = commands.add_parser("trim", help="drop monitor inputs, then clips, oldest first; only with --remove")
    trim.add_argument("--budget-gb", type=float, required=True, help="for all campaigns together")
    trim.add_argument("--remove", action="store_true", help="drop them; records and figures always stay")
    trim.set_defaults(run=_trim)
    return parser


def _list(history: History, options: argparse.Namespace) -> int:
    named = {folder: tag for (tag, _name), folder in history.tags().items()}
    print(
        f"{'created':<27}{'campaign':<20}{'status':<13}{'verdict':<14}{'episodes':>9}{'departed':>9}{'MB':>8}  folder"
    )
    for row in history.campaigns(options.name):
        departures = "-" if row.departures is None else str(row.departures)
        mark = "  (pruned)" if row.is_pruned else f"  ({named[row.folder]})" if row.folder in named else ""
        print(
            f"{row.created_at:<27}{row.series:<20}{row.status:<13}{row.verdict or '-':<14}{row.episodes:>9}"
            f"{departures:>9}{row.size_bytes / 1e6:>8.1f}  {row.folder}{mark}"
        )
    return EXIT_OK


def _record(history: History, options: argparse.Namespace) -> int:
    path = options.folder / SUMMARY_FILE
    summary: dict[str, Any] | None = json.loads(path.read_bytes()) if path.exists() else None
    print(f"recorded: {history.record(options.folder, summary).folder}")
    return EXIT_OK


def _show(history: History, options: argparse.Namespace) -> int:
    print(json.dumps(dataclasses.asdict(history.row(options.folder)), indent=1))
    return EXIT_OK


def _tag(history: History, options: argparse.Namespace) -> int:
    history.tag(options.tag, options.folder)
    print(f"{options.tag}: {options.folder}")
    return EXIT_OK


def _verify(history: History, _options: argparse.Namespace) -> int:
    problems = history.verify()
    print("\n".join(problems) or "every stored file is what was stored")
    return EXIT_DAMAGED if problems else EXIT_OK


def _prune(history: History, options: argparse.Namespace) -> int:
    for row in history.to_prune(options.keep):
        if options.remove:
            history.prune(row)
        print(f"{'removed' if options.remove else 'would remove'}: {row.folder} ({row.size_bytes / 1e6:.1f} MB)")
    return EXIT_OK


def _trim(history: History, options: argparse.Namespace) -> int:
    limit_bytes = int(options.budget_gb * GB)
    dropped = trim(history.folders(), limit_bytes, remove=options.remove)
    history.refresh()
    print(
        f"{'dropped' if options.remove else 'would drop'} {dropped.monitor_inputs} monitor inputs and {dropped.clips} "
        f"clips ({dropped.freed_bytes / GB:.2f} GB), {dropped.kept_bytes / GB:.2f} GB stay"
    )
    if dropped.kept_bytes > limit_bytes:
        print("the records alone are larger: remove whole campaigns with prune", file=sys.stderr)
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
