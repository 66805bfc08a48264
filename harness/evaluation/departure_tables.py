"""How often the agent alone leaves its lane: shadow runs by grade, condition and road."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.evaluation.departures import GRADES
from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.event_figures import missing_bounds
from harness.evaluation.first_departure import distance_limit_m, first_departure_figures
from harness.evaluation.rates import clustered_ratio, per_exposure, proportion
from harness.evaluation.statistics.independence import dispersion_index, dispersion_warning

# Coverage of the bootstrap on clustered data, measured by benchmarks/coverage.py.
TRUSTED_PAIRS = 300


def departure_tables(runs: Sequence[EpisodeFacts], missing_runs: int, seed: int) -> dict[str, Any]:
    """Departures of the agent.

    Args:
        runs: shadow runs that count: neither missing nor of an unavoidable world. A run whose agent failed is a
            failed run (``departed`` counts it), but adds no event to ``by_grade``.
        missing_runs: runs that nobody knows; each could have departed or not.
        seed: of the bootstrap.
    """
    failed = [run.failed for run in runs]
    return {
        "by_grade": {grade: _grade(runs, grade) for grade in GRADES},
        "by_condition": _grouped(runs, ("condition",), lambda run: (run.condition,)),
        "by_road": _grouped(runs, ("road",), lambda run: (run.road,)),
        "by_condition_road": _grouped(runs, ("condition", "road"), lambda run: (run.condition, run.road)),
        "departed": proportion(sum(failed), len(runs)),
        "departed_bounds": missing_bounds(sum(failed), len(runs), missing_runs),
        "per_km": per_exposure(sum(failed), sum(run.km for run in runs)),
        "per_km_over_pairs": clustered_ratio(
            failed, [run.km for run in runs], [run.condition for run in runs], seed, is_share=False
        ),
        "dispersion": _dispersion(runs),
        "first_departure": first_departure_figures(runs, distance_limit_m(runs), seed),
        "agent_errors": sum(run.agent_error for run in runs),
        "collisions": sum(run.collisions for run in runs),
        "stuck": sum(run.stuck for run in runs),
    }


def campaign_warnings(runs: Sequence[EpisodeFacts]) -> list[str]:
    """What a reader must know before trusting an interval of this campaign."""
    warnings = []
    if 0 < len(runs) < TRUSTED_PAIRS:
        warnings.append(
            f"{len(runs)} shadow runs: below {TRUSTED_PAIRS} a bootstrap interval over pairs covers less than its 95 %"
        )
    found = dispersion_warning(_by_road(runs), "road")
    return warnings if found is None else [*warnings, found]


def _dispersion(runs: Sequence[EpisodeFacts]) -> dict[str, float | None]:
    """Dispersion index of the departures over roads: 1 if they fall anywhere alike, more if on some roads."""
    groups = _by_road(runs).values()
    return {"by_road": dispersion_index([k for k, _ in groups], [km for _, km in groups])}


def _by_road(runs: Sequence[EpisodeFacts]) -> dict[str, tuple[float, float]]:
    groups: dict[str, tuple[float, float]] = {}
    for run in runs:
        events, km = groups.get(run.road, (0.0, 0.0))
        groups[run.road] = (events + run.failed, km + run.km)
    return groups


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
