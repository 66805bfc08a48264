"""From claim to file: a contract's criteria judged on a campaign, each figure with its bounds and where it is stored.

    claim -> criterion -> figure (slice by slice) -> bounds -> verdict -> file and hash

A guarantee without a criterion, a figure without a value, a condition that the domain names and nobody drove, a file
that is gone or was edited: each is an open gap, and a contract with an open gap does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.evaluation.assurance_tree import STATED, assurance_tree
from harness.evaluation.contract import Assumption, Axis, Contract, Criterion, Guarantee
from harness.evaluation.contract_criterion import INSUFFICIENT, combined, judge_slices, uneven_slices, worst_slice
from harness.evaluation.verdict import EVERY, find_slices, judge_metric

EVIDENCE_SCHEMA_VERSION = 1
SCENARIO_CONTRACT = "scenario"
OUTSIDE = "rests on runs outside the domain too: use a figure by slice, or a campaign of the domain alone"
# Axis of a domain -> what the path of a figure is sliced by where its slices tell the axis.
SLICED = {"conditions": "by_condition", "roads": "road"}


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
    outside, untested = _driven_and_named(contract, summary, campaign)
    criteria = [_criterion(criterion, summary, files, outside) for criterion in contract.criteria]
    guarantees: list[dict[str, Any]] = []
    domain_gaps = _domain_gaps(outside, untested)
    gaps = [*domain_gaps]
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
    table = {
        "schema_version": EVIDENCE_SCHEMA_VERSION,
        "contract": contract.contract,
        "description": contract.description,
        "domain": {axis: list(names) for axis, names in contract.domain.items()},
        "campaign": {key: campaign.get(key) for key in ("name", "campaign_id", "created_at", "simulator")},
        "verdict": INSUFFICIENT if verdict == "PASS" and gaps else verdict,
        "guarantees": guarantees,
        "assumptions": assumptions,
        "gaps": gaps,
        "domain_gaps": domain_gaps,
        "files": dict(files),
    }
    return {**table, "tree": assurance_tree(table)}


def scenario_contract(criteria: Sequence[Mapping[str, Any]]) -> Contract:
    """The ``criteria:`` of a scenario as a contract of one guarantee, so that they have an evidence table as well."""
    return Contract(
        contract=SCENARIO_CONTRACT,
        description="the criteria of the scenario are kept",
        guarantees=(Guarantee(id="G1", text="every criterion of the scenario is kept"),),
        criteria=tuple(
            Criterion.model_validate({**criterion, "id": f"C{number}", "guarantee": "G1"})
            for number, criterion in enumerate(criteria, start=1)
        ),
    )


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
    checked = {**table, "verdict": INSUFFICIENT, "guarantees": guarantees, "gaps": [*table["gaps"], why]}
    return {**checked, "tree": assurance_tree(checked)}


def evidence_files(folder: Path, with_records: bool = True) -> dict[str, str]:
    """Name -> SHA-256 of what the figures of a campaign rest on: its summary, description, index and, unless left out,
    the records themselves (whose hashes the index holds)."""
    # The reader defines its records by this package's EpisodeData: imported late, or the two would import in a ring.
    from harness.results.files import sha256_of
    from harness.results.index import read_index
    from harness.results.store import CAMPAIGN_FILE, INDEX_FILE

    entries = read_index(folder / INDEX_FILE).values() if with_records else []
    recorded = [file.path for entry in entries for file in entry.files]
    decisive = [path for path in recorded if path.endswith(("spec.json", "ticks.parquet", "events.json"))]
    names = ["summary.json", CAMPAIGN_FILE, INDEX_FILE, *decisive]
    return {name: sha256_of((folder / name).read_bytes()) for name in names if (folder / name).exists()}


def changed_files(folder: Path, noted: Mapping[str, str]) -> list[str]:
    """Names of noted files that are gone or have another hash now, in the order noted."""
    now = evidence_files(folder)
    return [name for name, sha256 in noted.items() if now.get(name) != sha256]


def _criterion(
    criterion: Criterion, summary: Mapping[str, Any], files: Mapping[str, str], outside: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    slices = _inside(summary, criterion.metric, outside)
    if slices is not None:
        judged = judge_slices(slices, criterion.limit, criterion.is_upper, criterion.confidence)
    else:
        judged = judge_metric(summary, criterion.metric, criterion.limit, criterion.is_upper, criterion.confidence)
        if outside:
            judged = [replace(one, verdict=INSUFFICIENT, why=OUTSIDE) for one in judged]
    worst = worst_slice(judged, criterion.is_upper) if slices is not None else None
    uneven = uneven_slices(slices) if slices is not None else {}
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


def _inside(
    summary: Mapping[str, Any], metric: str, outside: Mapping[str, Sequence[str]]
) -> list[tuple[str, Any]] | None:
    """The slices of a metric that lie in the domain; None where it has none, or they do not tell what was outside."""
    if EVERY not in metric or any(axis not in SLICED or SLICED[axis] not in metric for axis in outside):
        return None
    names = [name for found in outside.values() for name in found]
    return [(name, figure) for name, figure in find_slices(summary, metric) if not _is_any_of(name, names)]


def _is_any_of(name: str, names: Sequence[str]) -> bool:
    """Whether a slice is one of these conditions or roads, or one of them in combination (``fog, bend_30``)."""
    return any(name == one or name.startswith(f"{one}, ") or name.endswith(f", {one}") for one in names)


def _driven_and_named(
    contract: Contract, summary: Mapping[str, Any], campaign: Mapping[str, Any]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """By axis of the domain: what was driven outside it, and what it names but nobody drove."""
    departures = summary.get("departures") or {}
    driven = {
        "simulator": [(campaign.get("simulator") or {}).get("name")],
        "agent": [(campaign.get("agent") or {}).get("name")],
        "conditions": [row["condition"] for row in departures.get("by_condition") or []],
        "roads": [row["road"] for row in departures.get("by_road") or []],
    }
    outside = {axis: [str(one) for one in driven[axis] if one not in named] for axis, named in contract.domain.items()}
    untested = {axis: [one for one in named if one not in driven[axis]] for axis, named in contract.domain.items()}
    return _filled(outside), _filled(untested)


def _filled(names: Mapping[Axis, list[str]]) -> dict[str, list[str]]:
    return {axis: found for axis, found in names.items() if found}


def _domain_gaps(outside: Mapping[str, Sequence[str]], untested: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        *(f"driven outside the domain ({axis}): {', '.join(names)}: no evidence" for axis, names in outside.items()),
        *(f"never driven ({axis}): {', '.join(names)}" for axis, names in untested.items()),
    ]
