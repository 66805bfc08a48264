"""``python -m harness.evaluation contract``: judge a contract on a campaign, or look at its evidence again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.evaluation.contract import ContractError, load_contract
from harness.evaluation.contract_criterion import FAIL, PASS
from harness.evaluation.evidence_table import changed_files, evidence_files, evidence_table, with_checked_files
from harness.evaluation.recompute import recompute

EVIDENCE_FILE = "evidence.json"
EXIT_CODES = {PASS: 0, FAIL: 1}
EXIT_INSUFFICIENT = 3


def add_contract_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``contract``."""
    parser.add_argument("contract", type=Path, help="contract file (YAML), or with --check a stored evidence.json")
    parser.add_argument("results", type=Path, help="folder of a campaign (holds campaign.json)")
    parser.add_argument("--out", type=Path, help=f"folder for {EVIDENCE_FILE} (default: that of the campaign)")
    parser.add_argument("--check", action="store_true", help="is every file of a stored evidence table still the same?")


def run_contract(options: argparse.Namespace) -> int:
    """Judge or check, print, store; returns the exit code: 0 PASS, 1 FAIL, 3 INSUFFICIENT.

    Raises:
        ContractError: the contract or the evidence table cannot be read.
        CriterionError: a criterion names a figure that no summary has.
        StoreError, EpisodeDataError: the campaign cannot be read.
    """
    if options.check:
        stored = read_evidence(options.contract)
        table = with_checked_files(stored, changed_files(options.results, stored["files"]))
    else:
        table = judge_contract(options.contract, options.results)
        print(write_evidence(table, options.out or options.results))
    print(evidence_text(table))
    return EXIT_CODES.get(table["verdict"], EXIT_INSUFFICIENT)


def judge_contract(contract: Path, results: Path) -> dict[str, Any]:
    """The evidence table of a contract on a campaign; the figures are derived from the records again first.

    Raises:
        ContractError, CriterionError: the contract cannot be read, or names a figure that no summary has.
        StoreError, EpisodeDataError: the campaign cannot be read.
    """
    # The reader defines its records by this package's EpisodeData: imported late, or the two would import in a ring.
    from harness.results.store import read_campaign_json

    loaded = load_contract(contract)
    campaign = read_campaign_json(results)
    _, summary = recompute(results)
    return evidence_table(loaded, summary, campaign, evidence_files(results))


def write_evidence(table: Mapping[str, Any], folder: Path) -> Path:
    """Store an evidence table in a folder, which is made if need be; returns the file's path."""
    from harness.results.files import json_bytes, replace_atomically

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / EVIDENCE_FILE
    replace_atomically(path, json_bytes(table))
    return path


def evidence_text(table: Mapping[str, Any]) -> str:
    """The table for a terminal."""
    lines = [f"{table['verdict']}: contract {table['contract']}"]
    for guarantee in table["guarantees"]:
        lines.append(f"  {guarantee['verdict']}: {guarantee['id']} {guarantee['text']}")
        for row in guarantee["criteria"]:
            bound = f"at most {row['at_most']:g}" if "at_most" in row else f"at least {row['at_least']:g}"
            lines.append(f"    {row['verdict']}: {row['id']} {row['metric']} {bound}")
            lines += [f"      {_figure(figure)}" for figure in row["figures"]]
            if row["worst_slice"] is not None:
                lines.append(f"      worst slice by its near bound: {row['worst_slice']}")
            lines += [f"      worse than the rest: {name} (p {p:.2g})" for name, p in row["uneven_slices"].items()]
    lines += [f"  assumption {one['id']}: {one['verdict']}" for one in table["assumptions"]]
    lines += [f"  open gap: {gap}" for gap in table["gaps"]]
    return "\n".join(lines)


def _figure(figure: Mapping[str, Any]) -> str:
    name = f"{figure['slice']}: " if figure["slice"] else ""
    value = "undefined" if figure["value"] is None else f"{figure['value']:.4g}"
    counts = "" if figure["n"] is None else f", {figure['k']:g} of {figure['n']:g}"
    bounds = "" if figure["low"] is None else f" [{figure['low']:.4g}, {figure['high']:.4g}]"
    return f"{figure['verdict']}: {name}{value}{bounds}{counts} ({figure['why']})"


def read_evidence(path: Path) -> dict[str, Any]:
    """A stored evidence table.

    Raises:
        ContractError: unreadable, or not one of this version.
    """
    try:
        table: dict[str, Any] = json.loads(path.read_bytes())
        if {"files", "guarantees", "gaps", "verdict", "tree"} <= table.keys():
            return table
    except (OSError, ValueError, AttributeError) as error:
        raise ContractError(f"{path} cannot be read: {error}") from None
    raise ContractError(f"{path} is no evidence table of this version: give the {EVIDENCE_FILE} that `contract` writes")
