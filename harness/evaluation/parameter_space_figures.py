"""What a campaign over a parameter space says about its parameters: failures by range, sensitivity, coverage.

The unit is the point: it failed if any of its shadow runs failed; its margin is the mean of their smallest lane
margins. Sensitivity is the share of the variance of the margin that a parameter explains alone, from the points as they
are (one-way analysis of variance over equal parts of the range; ε² of Kelley 1935, interval by inversion of the
noncentral F, Steiger 2004). ``dummy``, which nothing depends on, is judged beside the parameters: if it seems to act,
believe none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import f as f_distribution
from scipy.stats import ncf

from harness.campaign.coverage_pairs import bin_count, bin_label, bin_of, pairwise_coverage
from harness.campaign.parameter_space import DUMMY, ParameterSpec, Point, SpaceSpec
from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.modes import SHADOW
from harness.evaluation.rates import MIN_EVENTS, NO_TRIALS, TOO_FEW
from harness.evaluation.statistics.holm import holm
from harness.evaluation.statistics.intervals import wilson

SENSITIVITY_PARTS = 8
MIN_POINTS_PER_PART = 3
ALPHA = 0.05
CONTROL = ParameterSpec(id="control", target="control", type="float", min=0.0, max=1.0)

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PointOutcome:
    """What happened at one point.

    Attributes:
        point: its values. failed: any of its shadow runs departed or the agent failed; None if all runs are missing.
        margin_m: mean of the smallest lane margins of its runs, None without one.
        episode_ids: its shadow runs.
    """

    point: Point
    failed: bool | None
    margin_m: float | None
    episode_ids: tuple[str, ...]


def space_of(campaign: Mapping[str, Any]) -> SpaceSpec | None:
    """The parameter space that a campaign declared (content of ``campaign.json``), None without one."""
    declared = (campaign.get("spec") or {}).get("space")
    return None if declared is None else SpaceSpec.model_validate(declared)


def point_outcomes(facts: Sequence[EpisodeFacts], unavoidable: set[str]) -> list[PointOutcome]:
    """Outcome of every point with a shadow run in a world that can be driven, in the order of the runs."""
    runs: dict[tuple[tuple[str, Any], ...], list[EpisodeFacts]] = {}
    for run in facts:
        if run.parameters and run.mode == SHADOW and run.world_id not in unavoidable:
            runs.setdefault(tuple(sorted(run.parameters.items())), []).append(run)
    outcomes = []
    for key, members in runs.items():
        known = [run for run in members if not run.is_missing]
        margins = [run.minimum_lane_margin_m for run in known if run.minimum_lane_margin_m is not None]
        outcomes.append(
            PointOutcome(
                dict(key),
                any(run.failed for run in known) if known else None,
                float(np.mean(margins)) if margins else None,
                tuple(run.episode_id for run in members),
            )
        )
    return outcomes


def parameter_space_figures(
    space: SpaceSpec | None, facts: Sequence[EpisodeFacts], unavoidable: set[str]
) -> dict[str, Any] | None:
    """The figures of ``summary.json``; None for a campaign without a parameter space.

    Sensitivities are null for bisected points: these crowd around the boundary and say nothing about the space.
    """
    if space is None:
        return None
    outcomes = [one for one in point_outcomes(facts, unavoidable) if one.failed is not None]
    points = [one.point for one in outcomes]
    representative = space.sampler.kind != "bisect"
    shares = _sensitivities(space.parameters, outcomes) if representative else {}
    parameters = [
        {
            "id": parameter.id,
            "target": parameter.target,
            "layer": parameter.layer,
            "unit": parameter.unit,
            "parts": _parts(parameter, outcomes),
            "sensitivity": shares.get(parameter.id),
        }
        for parameter in space.parameters
    ]
    control = shares.get(DUMMY)
    coverage = pairwise_coverage(space.parameters, points)
    cells, driven = sum(row.cells for row in coverage), sum(row.driven for row in coverage)
    return {
        "sampler": space.sampler.kind,
        "points": len(outcomes),
        "failed": sum(bool(one.failed) for one in outcomes),
        "parameters": parameters,
        "control": control,
        "control_acts": bool(control and control["acts"]),
        "pairwise": {
            "cells": cells,
            "driven": driven,
            "share": driven / cells if cells else None,
            "pairs": [asdict(row) for row in coverage],
        },
    }


def explained_share(groups: npt.NDArray[np.int64], response: FloatArray) -> dict[str, float | None] | None:
    """Share of the variance of a response that groups explain: ε² with a 95 % interval and the p-value of "none".

    Args:
        groups: group of each point, (N,). response: (N,).

    Returns:
        ``value low high p``; None with fewer than two groups, no point beyond one per group, or a constant response.
        ε² is 0 on average, and may be negative, where nothing is explained.
    """
    names, member = np.unique(groups, return_inverse=True)
    k, n = len(names), len(response)
    total = float(np.sum((response - response.mean()) ** 2)) if n else 0.0
    if k < 2 or n - k < 1 or total <= 0.0:
        return None
    means = np.bincount(member, weights=response) / np.bincount(member)
    within = float(np.sum((response - means[member]) ** 2))
    if within <= 1e-12 * total:
        return {"value": 1.0, "low": None, "high": None, "p": 0.0}
    noise = within / (n - k)
    ratio = (total - within) / (k - 1) / noise
    low, high = (_noncentrality(ratio, k - 1, n - k, level) for level in (0.975, 0.025))
    return {
        "value": (total - within - (k - 1) * noise) / total,
        "low": low / (low + n),
        "high": high / (high + n),
        "p": float(f_distribution.sf(ratio, k - 1, n - k)),
    }


def _noncentrality(ratio: float, between: int, within: int, level: float) -> float:
    """λ at which the noncentral F has this much mass below ``ratio``; 0 where even λ = 0 has less."""
    if f_distribution.cdf(ratio, between, within) <= level:
        return 0.0
    top = 10.0 * (between * ratio + 1.0)
    while ncf.cdf(ratio, between, within, top) > level:
        top *= 2.0
    return float(brentq(lambda size: float(ncf.cdf(ratio, between, within, size)) - level, 1e-9, top))


def _sensitivities(parameters: Sequence[ParameterSpec], outcomes: Sequence[PointOutcome]) -> dict[str, dict[str, Any]]:
    """Sensitivity of every parameter and of the control by id; without those that the points cannot tell."""
    known = [one for one in outcomes if one.margin_m is not None]
    margins = np.array([one.margin_m for one in known], dtype=np.float64)
    parts = max(2, min(SENSITIVITY_PARTS, len(known) // MIN_POINTS_PER_PART))
    found: dict[str, dict[str, Any]] = {}
    for name, parameter in [*((p.id, p) for p in parameters), (DUMMY, CONTROL)]:
        groups = np.array([bin_of(parameter, one.point[name], parts) for one in known], dtype=np.int64)
        share = explained_share(groups, margins)
        if share is not None:
            found[name] = dict(share)
    corrected = holm({name: share["p"] for name, share in found.items()})
    for name, share in found.items():
        p = corrected[name]
        share |= {"points": len(known), "p_corrected": p, "acts": p is not None and p <= ALPHA}
    return found


def _parts(parameter: ParameterSpec, outcomes: Sequence[PointOutcome]) -> list[dict[str, Any]]:
    """Failed points by part of the range, Wilson 95 %; null value below ten points."""
    rows = []
    for place in range(bin_count(parameter)):
        inside = [one for one in outcomes if bin_of(parameter, one.point[parameter.id]) == place]
        k, n = sum(bool(one.failed) for one in inside), len(inside)
        low, high = wilson(k, n) if n else (None, None)
        rate: Mapping[str, Any] = {
            "value": k / n if n >= MIN_EVENTS else None,
            "k": k,
            "n": n,
            "low": low,
            "high": high,
            "method": "wilson",
        }
        few = {} if n >= MIN_EVENTS else {"reason": TOO_FEW if n else NO_TRIALS}
        rows.append({"range": bin_label(parameter, place), "failed": {**rate, **few}})
    return rows
