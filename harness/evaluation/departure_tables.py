"""How often the agent alone leaves its lane: shadow runs by grade, condition and road."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.evaluation.departures import GRADES
from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.rates import per_exposure, proportion


def departure_tables(runs: Sequence[EpisodeFacts]) -> dict[str, Any]:
    """Departures of the agent.

    Args:
        runs: shadow runs that count: neither missing nor of an unavoidable world. A run whose agent failed is a
            failed run (``departed`` counts it), but adds no event to ``by_grade``.
    """
    return {
        "by_grade": {grade: _grade(runs, grade) for grade in GRADES},
        "by_condition": _grouped(runs, ("condition",), lambda run: (run.condition,)),
        "by_road": _grouped(runs, ("road",), lambda run: (run.road,)),
        "by_condition_road": _grouped(runs, ("condition", "road"), lambda run: (run.condition, run.road)),
        "departed": proportion(sum(run.failed for run in runs), len(runs)),
        "per_km": per_exposure(sum(run.failed for run in runs), sum(run.km for run in runs)),
        "agent_errors": sum(run.agent_error for run in runs),
        "collisions": sum(run.collisions for run in runs),
        "stuck": sum(run.stuck for run in runs),
    }


def _grade(runs: Sequence[EpisodeFacts], grade: str) -> dict[str, Any]:
    events = [run.events_by_grade.get(grade, 0) for run in runs]
    return {"events": sum(events), "runs": proportion(sum(count > 0 for count in events), len(runs))}


def _grouped(
    runs: Sequence[EpisodeFacts], names: tuple[str, ...], key: Callable[[EpisodeFacts], tuple[str, ...]]
) -> list[dict[str, Any]]:
    """One row per group, in the order in which the campaign runs them."""
    groups: dict[tuple[str, ...], list[EpisodeFacts]] = {}
    for run in runs:
        groups.setdefault(key(run), []).append(run)
    return [
        {
            **dict(zip(names, values, strict=True)),
            "episodes": len(members),
            "departed": proportion(sum(run.failed for run in members), len(members)),
            "per_km": per_exposure(sum(run.failed for run in members), sum(run.km for run in members)),
        }
        for values, members in groups.items()
    ]
