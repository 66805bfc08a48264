"""Does the failure label depend on which expert gives the reference? (PROTOCOL §2)

Two experts, built differently, answer at every state the agent visits. They agree on a frame when both, or
neither, put the agent's error above 5°. Chance-corrected by Cohen's κ, because two experts that never see a
failure agree trivially.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.paper_parity import FAILURE_DEG, judged_frames
from harness.evaluation.rates import clustered_ratio

SECOND_EXPERT = "swa_second_expert_deg"


class AgreementCounts(NamedTuple):
    """Frames of one run on which both, one or none of the experts sees a failure; Σ |first − second|, deg."""

    both: int
    only_first: int
    only_second: int
    neither: int
    difference_deg: float


def agreement_counts(episode: EpisodeData) -> AgreementCounts | None:
    """The two experts' verdicts in one shadow run; None where the second expert was not recorded."""
    if SECOND_EXPERT not in episode.columns:
        return None
    agent = episode.column("swa_agent_deg").astype(np.float64)
    first = episode.column("swa_label_deg").astype(np.float64)
    second = episode.column(SECOND_EXPERT).astype(np.float64)
    keep = judged_frames(episode) & np.isfinite(agent) & np.isfinite(second)
    fails_first = np.abs(agent - first)[keep] > FAILURE_DEG
    fails_second = np.abs(agent - second)[keep] > FAILURE_DEG
    return AgreementCounts(
        int((fails_first & fails_second).sum()),
        int((fails_first & ~fails_second).sum()),
        int((~fails_first & fails_second).sum()),
        int((~fails_first & ~fails_second).sum()),
        float(np.abs(first - second)[keep].sum()),
    )


def agreement_figures(runs: Sequence[AgreementCounts], strata: Sequence[str], seed: int) -> dict[str, Any] | None:
    """Agreement, κ and mean difference over runs; None where the second expert was never recorded."""
    table = np.array(runs, dtype=np.float64).reshape(len(runs), len(AgreementCounts._fields)).T
    frames = table[:4].sum(axis=0)
    if frames.sum() == 0:
        return None
    totals = table[:4].sum(axis=1).tolist()
    return {
        "threshold_deg": FAILURE_DEG,
        "frames": {name: int(total) for name, total in zip(AgreementCounts._fields[:4], totals, strict=True)},
        "agreement": clustered_ratio(table[0] + table[3], frames, strata, seed),
        "kappa": _kappa(*totals),
        "mean_difference_deg": clustered_ratio(table[4], frames, strata, seed, is_share=False),
    }


def _kappa(both: float, only_first: float, only_second: float, neither: float) -> float | None:
    n = both + only_first + only_second + neither
    observed = (both + neither) / n
    fails_first, fails_second = (both + only_first) / n, (both + only_second) / n
    expected = fails_first * fails_second + (1 - fails_first) * (1 - fails_second)
    return (observed - expected) / (1 - expected) if expected < 1.0 else None
