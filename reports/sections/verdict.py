"""The verdict: may a claim be made, and if not, what is missing; on which simulator it rests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.evaluation.verdict import DEGRADED_SAFE_MINUTES_NEEDED, DEPARTURES_NEEDED
from reports.campaign_data import CampaignData
from reports.foreign_pictures import foreign_pictures
from reports.formatting import count, finite, number
from reports.section import Section, dig

WORDS = {
    "PASS": ("pass", "PASS", "The campaign is large enough and meets all of its criteria."),
    "FAIL": ("fail", "FAIL", "The campaign is large enough and misses at least one of its criteria."),
    "INSUFFICIENT": (
        "insufficient",
        "INSUFFICIENT",
        "Too little data for a claim, whatever the figures below say.",
    ),
    "NO_CRITERIA": (
        "none",
        "NO CRITERIA",
        "The campaign is large enough for its figures, but names no criteria to pass or fail.",
    ),
}
CRITERION_WORDS = {"PASS": "met", "FAIL": "not met", "INSUFFICIENT": "not shown yet"}
NOT_JUDGED = ("none", "NOT JUDGED", "There is no summary.json yet: judge the campaign to get a verdict.")


def build(data: CampaignData) -> Section:
    """Banner, what is missing, criteria, simulator, who was trained on other pictures."""
    verdict = data.summary.get("verdict") or {}
    css, word, sentence = WORDS.get(str(verdict.get("status")), NOT_JUDGED)
    view = {
        "css": css,
        "word": word,
        "sentence": sentence,
        "needs": _needs(data.summary) if verdict else [],
        "estimate": _estimate(data.summary) if verdict.get("status") == "INSUFFICIENT" else "",
        "criteria": [_criterion(check) for check in verdict.get("criteria") or []],
        "doubts": _doubts(data),
        "simulator": simulator_words(data),
        "foreign": foreign_pictures(data.campaign),
    }
    return Section("verdict", "Verdict", "Verdict", "verdict.html.j2", view=view)


def simulator_name(data: CampaignData) -> str:
    """What the campaign says it was simulated by; an empty word when it says nothing."""
    for source in (
        data.campaign.get("simulator"),
        dig(data.campaign, "spec", "simulator"),
    ):
        if isinstance(source, Mapping):
            return " ".join(str(source[key]) for key in ("name", "version") if source.get(key))
        if source:
            return str(source)
    return ""


def simulator_words(data: CampaignData) -> str:
    """One sentence that names the simulator and what that means for the figures."""
    name = simulator_name(data)
    if not name:
        return "The campaign does not record which simulator it ran on: trust no figure until that is known."
    if "embedded" in name.lower():
        return (
            f"Simulator: {name} (a reference world with simple graphics that speaks CARLA's protocol). This campaign "
            "has not yet been run against CARLA itself; its figures must not be pooled with figures from there."
        )
    return f"Simulator: {name}. Figures of another simulator must not be pooled with these."


def _needs(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    counts = summary.get("counts") or {}
    wanted = (
        ("departures of the agent alone", finite(counts.get("departures")), float(DEPARTURES_NEEDED), 0),
        ("degraded-but-safe minutes", finite(counts.get("degraded_safe_minutes")), DEGRADED_SAFE_MINUTES_NEEDED, 1),
    )
    needs = []
    for name, have, need, digits in wanted:
        if have is None:
            continue
        missing = max(need - have, 0.0)
        needs.append(
            {
                "name": name,
                "have": number(have, digits),
                "need": number(need, 0),
                "missing": number(missing, digits) if missing > 0 else "",
                "share": f"{100 * min(have / need, 1.0):.1f}",
            }
        )
    return needs


def _estimate(summary: Mapping[str, Any]) -> str:
    needed = dig(summary, "verdict", "needed", "episodes_needed_estimate")
    done = finite(dig(summary, "counts", "episodes"))
    if needed is None or done is None:
        return "How many episodes are missing cannot be estimated: nothing of the kind was observed yet."
    more = max(int(needed) - int(done), 0)
    return (
        f"At this yield about {count(needed)} episodes of the same mix are needed, {count(more)} more than the "
        f"{count(done)} that were run."
    )


def _criterion(check: Mapping[str, Any]) -> dict[str, str]:
    bound = f"at least {check['at_least']:g}" if "at_least" in check else f"at most {check.get('at_most'):g}"
    return {
        "metric": str(check.get("metric")),
        "bound": bound,
        "value": number(check.get("value"), 3),
        "met": CRITERION_WORDS[str(check.get("verdict"))],
    }


def _doubts(data: CampaignData) -> list[str]:
    """What could move the verdict and must not hide further down."""
    counts = data.summary.get("counts") or {}
    doubts = []
    expected, done = len(data.campaign.get("episode_ids") or []), len(data.episodes)
    if expected > done:
        doubts.append(f"{count(expected - done)} of {count(expected)} episodes have not finished.")
    if dig(data.campaign, "agent", "privileged"):
        doubts.append(f"The agent {dig(data.campaign, 'agent', 'name')} is privileged: it steers by ground truth.")
    if counts.get("missing"):
        doubts.append(f"{count(counts['missing'])} episodes are missing (infrastructure or implausible); in no rate.")
    if counts.get("worlds_without_expert_run"):
        doubts.append(
            f"{count(counts['worlds_without_expert_run'])} worlds have no expert run: their unavoidable departures, if "
            "any, are not known and count against the agent."
        )
    if counts.get("unavoidable"):
        doubts.append(f"{count(counts['unavoidable'])} unavoidable pairs are out of every rate.")
    entries = data.summary.get("safety_gain") or []
    diverged = sum(int(entry.get("twins_diverged_early") or 0) for entry in entries)
    if diverged:
        doubts.append(f"{count(diverged)} twins differed before the first takeover.")
    return [*doubts, *(f"{warning}." for warning in data.summary.get("warnings") or [])]
