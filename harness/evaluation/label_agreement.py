"""Does the failure label depend on which expert gives the reference? (PROTOCOL §2)

Two experts, built differently, answer at every state the agent visits. They agree on a frame when both, or
neither, put the agent's error above 5°. Chance-corrected by Cohen's κ, because two experts that never see a
failure agree trivially.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.paper_parity import FAILURE_DEG, judged_frames
from harness.evaluation.rates import clustered_ratio

SECOND_EXPERT = "swa_second_expert_deg"


@dataclass
class LabelAgreement:
    """Per-run counts of the two experts' verdicts."""

    strata: list[str] = field(default_factory=list)
    both: list[int] = field(default_factory=list)
    only_first: list[int] = field(default_factory=list)
    only_second: list[int] = field(default_factory=list)
    neither: list[int] = field(default_factory=list)
    difference_deg: list[float] = field(default_factory=list)

    def add(self, episode: EpisodeData) -> None:
        """Add one shadow run; nothing where the second expert was not recorded."""
        if SECOND_EXPERT not in episode.ticks.columns:
            return
        agent = episode.column("swa_agent_deg").astype(np.float64)
        first = episode.column("swa_label_deg").astype(np.float64)
        second = episode.column(SECOND_EXPERT).astype(np.float64)
        keep = judged_frames(episode) & np.isfinite(agent) & np.isfinite(second)
        fails_first = np.abs(agent - first)[keep] > FAILURE_DEG
        fails_second = np.abs(agent - second)[keep] > FAILURE_DEG
        self.strata.append(episode.condition)
        self.both.append(int((fails_first & fails_second).sum()))
        self.only_first.append(int((fails_first & ~fails_second).sum()))
        self.only_second.append(int((~fails_first & fails_second).sum()))
        self.neither.append(int((~fails_first & ~fails_second).sum()))
        self.difference_deg.append(float(np.abs(first - second)[keep].sum()))

    def figures(self, seed: int) -> dict[str, Any] | None:
        """Agreement, κ and mean difference; None where the second expert was never recorded."""
        counts = np.array([self.both, self.only_first, self.only_second, self.neither], dtype=np.float64)
        frames = counts.sum(axis=0) if self.strata else np.zeros(0)
        if frames.sum() == 0:
            return None
        totals = counts.sum(axis=1)
        return {
            "threshold_deg": FAILURE_DEG,
            "frames": {
                name: int(total)
                for name, total in zip(("both", "only_first", "only_second", "neither"), totals, strict=True)
            },
            "agreement": clustered_ratio(counts[0] + counts[3], frames, self.strata, seed),
            "kappa": _kappa(*totals.tolist()),
            "mean_difference_deg": clustered_ratio(self.difference_deg, frames, self.strata, seed, is_share=False),
        }


def _kappa(both: float, only_first: float, only_second: float, neither: float) -> float | None:
    n = both + only_first + only_second + neither
    observed = (both + neither) / n
    fails_first, fails_second = (both + only_first) / n, (both + only_second) / n
    expected = fails_first * fails_second + (1 - fails_first) * (1 - fails_second)
    return (observed - expected) / (1 - expected) if expected < 1.0 else None
