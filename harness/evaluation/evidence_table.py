"""From claim to file: a contract's criteria judged on a campaign, each figure with its bounds and where it is stored.

    claim -> criterion -> figure (slice by slice) -> bounds -> verdict -> file and hash

A guarantee without a criterion, a figure without a value, a condition that the domain names and nobody drove, a file
that is gone or was edited: each is an open gap, and a contract with an open gap does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.evaluation.contract import Assumption, Contract, Criterion
from harness.evaluation.contract_criterion import INSUFFICIENT, combined, uneven_slices, worst_slice
from harness.evaluation.verdict import EVERY, find_slices, judge_metric

EVIDENCE_SCHEMA_VERSION = 1
STATED = "STATED"


def evidence_table(
    contract: Contract, summary: Mapping[str, Any], campaign: Mapping[str, Any], files: Mapping[str, str]
) -> dict[str, Any]:
    """The contract judged on one campaign.

    Args:
        contract: what is promised.
        summary: content of ``summary.json``. campaign: content of ``campaign.json``.
        files: name -> SHA-256 of the files that the figures rest on, ``summary.json`` among them.

    Returns:
        ``guarantees`` (each with its criteria, rows and verdict), ``assumptions``, ``gaps``, ``verdict``, ``files``.

    Raises:
        CriterionError: a criterion names a figure that no summary has.
    """
    criteria = [_criterion(criterion, summary, files) for criterion in contract.criteria]
    guarantees: list[dict[str, Any]] = []
    gaps = _domain_gaps(contract, summary, campaign)
    for guarantee in contract.guarantees:
        own = [row for row in criteria if row["guarantee"] == guarantee.id]
        verdict = combined([row["verdict"] for row in own])
        guarantees.append({"id": guarantee.id, "text": guarantee.text, "verdict": verdict, "criteria": own})
        if not own:
            gaps.append(f"guarantee {guarantee.id} has no criterion: nothing can show it")
    gaps += [
        f"criterion {row['id']}{', ' + figure['slice'] if figure['slice'] else ''}: {figure['why']}"
        for row in criteria
        for figure in row["figures"]
        if figure["verdict"] == INSUFFICIENT
    ]
    gaps += [f"criterion {row['id']}: no slice was driven" for row in criteria if not row["figures"]]
    assumptions = [_assumption(one, summary) for one in contract.assumptions]
    gaps += [f"assumption {one['id']} does not hold or is not shown" for one in assumptions if _is_open(one["verdict"])]
    verdict = combined([guarantee["verdict"] for guarantee in guarantees])
    return {
        "schema_version": EVIDENCE_SCHEMA_VERSION,
        "contract": contract.contract,
        "description": contract.description,
        "campaign": {key: campaign.get(key) for key in ("name", "campaign_id", "created_at", "simulator")},
        "verdict": INSUFFICIENT if verdict == "PASS" and gaps else verdict,
        "guarantees": guarantees,
        "assumptions": assumptions,
        "gaps": gaps,
        "files": dict(files),
    }


def with_checked_files(table: Mapping[str, Any], changed: Sequence[str]) -> dict[str, Any]:
    """The table after its files were looked at again: what rests on a changed or missing file is an open gap.

    Args:
        table: as :func:`evidence_table` made it.
        changed: names of files that are gone or no longer have the hash noted.
    """
    if not changed:
        return dict(table)
    why = f"no longer supported: {', '.join(changed)} changed or missing"
    guarantees = [
        {
            **guarantee,
            "verdict": INSUFFICIENT,
            "criteria": [
                {
                    **row,
                    "verdict": INSUFFICIENT,
                    "figures": [{**figure, "verdict": INSUFFICIENT, "why": why} for figure in row["figures"]],
                }
                for row in guarantee["criteria"]
            ],
        }
        for guarantee in table["guarantees"]
    ]
    return {**table, "verdict": INSUFFICIENT, "guarantees": guarantees, "gaps": [*table["gaps"], why]}


def evidence_files(folder: Path) -> dict[str, str]:
    """Name -> SHA-256 of what the figures of a campaign rest on: its summary, description, index, records."""
    # The reader defines its records by this package's EpisodeData: imported late, or the two would import in a ring.
    from harness.results.files import sha256_of
    from harness.results.index import read_index
    from harness.results.store import CAMPAIGN_FILE, INDEX_FILE

    recorded = [file.path for entry in read_index(folder / INDEX_FILE).values() for file in entry.files]
    decisive = [path for path in recorded if path.endswith(("spec.json", "ticks.parquet", "events.json"))]
    names = ["summary.json", CAMPAIGN_FILE, INDEX_FILE, *decisive]
    return {name: sha256_of((folder / name).read_bytes()) for name in names if (folder / name).exists()}


def changed_files(folder: Path, noted: Mapping[str, str]) -> list[str]:
    """Names of noted files that are gone or have another hash now, in the order noted."""
    now = evidence_files(folder)
    return [name for name, sha256 in noted.items() if now.get(name) != sha256]


def _criterion(criterion: Criterion, summary: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    judged = judge_metric(summary, criterion.metric, criterion.limit, criterion.is_upper, criterion.confidence)
    worst = worst_slice(judged, criterion.is_upper) if EVERY in criterion.metric else None
    uneven = uneven_slices(find_slices(summary, criterion.metric)) if EVERY in criterion.metric else {}
    return {
        "id": criterion.id,
        "guarantee": criterion.guarantee,
        "metric": criterion.metric,
        "at_most" if criterion.is_upper else "at_least": criterion.limit,
        "confidence": criterion.confidence,
        "verdict": combined([one.verdict for one in judged]),
        "figures": [asdict(one) for one in judged],
        "worst_slice": None if worst is None else worst.slice,
        "uneven_slices": uneven,
        "file": "summary.json",
        "sha256": files.get("summary.json"),
    }


def _assumption(one: Assumption, summary: Mapping[str, Any]) -> dict[str, Any]:
    if one.metric is None:
        return {"id": one.id, "text": one.text, "verdict": STATED}
    judged = judge_metric(summary, one.metric, one.limit, one.is_upper, one.confidence)
    return {"id": one.id, "text": one.text, "verdict": combined([figure.verdict for figure in judged])}


def _is_open(verdict: str) -> bool:
    return verdict not in ("PASS", STATED)


def _domain_gaps(contract: Contract, summary: Mapping[str, Any], campaign: Mapping[str, Any]) -> list[str]:
    """What was driven outside the domain, and what of the domain was not driven."""
    departures = summary.get("departures") or {}
    driven = {
        "simulator": [(campaign.get("simulator") or {}).get("name")],
        "agent": [(campaign.get("agent") or {}).get("name")],
        "conditions": [row["condition"] for row in departures.get("by_condition") or []],
        "roads": [row["road"] for row in departures.get("by_road") or []],
    }
    gaps = []
    for axis, named in contract.domain.items():
        outside = [str(name) for name in driven[axis] if name not in named]
        untested = [name for name in named if name not in driven[axis]]
        if outside:
            gaps.append(f"driven outside the domain ({axis}): {', '.join(outside)}: no evidence for this contract")
        if untested:
            gaps.append(f"never driven ({axis}): {', '.join(untested)}")
    return gaps
