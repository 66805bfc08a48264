"""What the kilometres prove, what is still to drive, who fails together, and the contract as a tree of evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.evaluation.assurance_tree import open_gaps
from harness.evaluation.contract import ContractError
from harness.evaluation.contract_command import EVIDENCE_FILE, read_evidence
from harness.evaluation.contract_criterion import CriterionError
from harness.evaluation.evidence_table import (
    changed_files,
    evidence_files,
    evidence_table,
    scenario_contract,
    with_checked_files,
)
from harness.evaluation.zones import MIN_POSITIVE_S, REACTION_S, WARM_UP_S
from reports.campaign_data import CampaignData
from reports.formatting import DASH, THIN_SPACE, Shown, count, finite, number, percent, rate
from reports.monitor_kinds import ORDER
from reports.operating_points import point_of
from reports.section import Section, dig

LEAD = (
    "A rate of zero is no proof: what counts is the bound that the distance allows. The table says what is shown, what "
    "is refuted, and how much is still to drive if nothing else happens."
)
NO_CONTRACT = (
    "No contract was judged: give the scenario criteria, or run python -m harness.evaluation contract FILE RESULTS and "
    "make this page again."
)
HASH_SHOWN = 12
MAX_UNFOLDED = 6
MAX_SLICES_SHOWN = 60
VERDICT_WORDS = {"PASS": "shown", "FAIL": "refuted", "INSUFFICIENT": "open", "STATED": "stated"}


def build(data: CampaignData) -> Section:
    """Rates with their bounds, joint failures of agent and monitors, evidence tree."""
    claims = data.summary.get("rate_claims")
    tree, note = _tree(data)
    view = {
        "targets": [_target_head(one["target_per_km"]) for one in dig(claims, "agent", "targets") or []],
        "rows": _claim_rows(data, claims) if claims else [],
        "pace": number(dig(claims, "km_per_worker_hour"), 1),
        "unwarnable_s": number(WARM_UP_S + REACTION_S + MIN_POSITIVE_S, 1),
        "joint": _joint_rows(data),
        "point": next((row["point"] for row in dig(claims, "monitors") or []), ""),
        "tree": tree,
        "gaps": open_gaps(tree) if tree else 0,
        "tree_note": note,
    }
    missing = "" if claims else "The campaign has not been judged, or by an older version: recompute its summary."
    return Section("proof", "Proof", "What is proven, and what is still to drive", "proof.html.j2", LEAD, view, missing)


def _claim_rows(data: CampaignData, claims: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [_claim("of the agent alone", "", claims["agent"])]
    monitors = sorted(claims["monitors"], key=lambda one: (ORDER.index(data.kind(one["name"])), one["name"]))
    rows += [_claim(f"unwarned by {one['name']}", data.kind(one["name"]), one["claim"]) for one in monitors]
    rows += [
        _claim(f"left with {one['mode'].removeprefix('takeover:')}", "", one["claim"]) for one in claims["takeovers"]
    ]
    return [row for row in rows if row]


def _claim(what: str, kind: str, claim: Mapping[str, Any] | None) -> dict[str, Any]:
    if claim is None:
        return {}
    return {
        "what": what,
        "kind": kind,
        "departures": count(claim["departures"]),
        "km": number(claim["km"], 1),
        "per_km": Shown(
            number(claim["per_km"]), f"[{number(claim['low'])}, {number(claim['high'])}]", method="poisson-exact"
        ),
        "upper": number(claim["upper"]),
        "metres": number(1000.0 * claim["km_per_departure_at_least"], 0),
        "targets": [_left(one) for one in claim["targets"]],
    }


def _target_head(per_km: float) -> str:
    return f"{number(1.0 / per_km, 0)} km" if per_km <= 1.0 else f"{number(1000.0 / per_km, 0)} m"


def _left(target: Mapping[str, Any]) -> dict[str, str]:
    if target["verdict"] != "not enough data":
        return {"word": target["verdict"], "more": ""}
    hours = finite(target["worker_hours_left"])
    more = "" if hours is None else f"{number(hours, 1 if hours < 100 else 0)}{THIN_SPACE}h"
    km = target["km_left"]
    return {"word": f"{number(km, 1 if km < 100 else 0)}{THIN_SPACE}km left", "more": more}


def _joint_rows(data: CampaignData) -> list[dict[str, Any]]:
    """Agent and monitor over the same runs at the main point: do the alarms fall silent just when the agent fails?"""
    point = next((one["point"] for one in dig(data.summary, "rate_claims", "monitors") or []), "")
    rows = []
    for monitor in data.summary.get("monitors") or []:
        joint = dig(point_of(monitor, point), "joint_failure")
        if joint is not None:
            rows.append((str(monitor["name"]), joint))
    rows.sort(key=lambda row: (ORDER.index(data.kind(row[0])), row[0]))
    return [
        {
            "name": name,
            "kind": data.kind(name),
            **{key: count(joint[key]) for key in ("units", "departed", "silent", "departed_without_warning")},
            "independent": number(joint["departed_without_warning_if_independent"], 1),
            "miss": rate(joint["miss_rate"]),
            "miss_upper": percent(dig(joint, "miss_rate", "upper_95_one_sided")),
            "false": rate(joint["false_alarm_rate"]),
            "rho": number(joint["rho"], 2, signed=True),
            "range": _range(joint["rho_range"]),
            "of_best": percent(joint["rho_over_best"]),
        }
        for name, joint in rows
    ]


def _range(ends: Any) -> str:
    return "" if ends is None else f"[{number(ends[0], 2, signed=True)}, {number(ends[1], 2, signed=True)}]"


def _tree(data: CampaignData) -> tuple[dict[str, Any] | None, str]:
    """The contract judged on this campaign, its files looked at again; else the criteria of the scenario."""
    if (data.folder / EVIDENCE_FILE).exists():
        try:
            table = read_evidence(data.folder / EVIDENCE_FILE)
        except ContractError as error:
            return None, str(error)
        checked = with_checked_files(table, changed_files(data.folder, table["files"]))
        return _shown(
            checked["tree"]
        ), f"Contract judged by {EVIDENCE_FILE}; {count(len(table['files']))} files checked again."
    criteria = data.campaign.get("criteria") or []
    if not criteria or not data.summary:
        return None, NO_CONTRACT
    files = evidence_files(data.folder, with_records=False)
    try:
        table = evidence_table(scenario_contract(criteria), data.summary, data.campaign, files)
    except CriterionError as error:
        return None, f"The criteria of the scenario cannot be judged on this summary: {error}"
    return _shown(table["tree"]), "The criteria of the scenario, judged on this campaign."


def _shown(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node ready to be printed; its children too."""
    children = [_shown(child) for child in node["children"][:MAX_SLICES_SHOWN]]
    more = len(node["children"]) - len(children)
    return {
        **{key: node[key] for key in ("kind", "id", "text", "verdict", "gaps")},
        "word": VERDICT_WORDS.get(str(node["verdict"]), str(node["verdict"])),
        "figure": _figure(node["figure"]) if "figure" in node else "",
        "file": node.get("file") or "",
        "hash": str(node.get("sha256") or "")[:HASH_SHOWN],
        "children": children,
        "folded": _folded(node["children"]) if node["kind"] == "criterion" else "",
        "more": more,
    }


def _folded(children: Sequence[Mapping[str, Any]]) -> str:
    """What a long list of slices shows while it is closed; empty where it stays open."""
    if len(children) <= MAX_UNFOLDED:
        return ""
    words = Counter(VERDICT_WORDS.get(str(child["verdict"]), str(child["verdict"])) for child in children)
    return f"{count(len(children))} figures: " + ", ".join(f"{count(n)} {word}" for word, n in sorted(words.items()))


def _figure(figure: Mapping[str, Any]) -> str:
    value = DASH if finite(figure["value"]) is None else f"{figure['value']:.4g}"
    counts = "" if figure["n"] is None else f", {figure['k']:g} of {figure['n']:.5g}"
    bounds = "" if figure["low"] is None else f" [{figure['low']:.4g}, {figure['high']:.4g}]"
    return f"{value}{bounds}{counts}"
