"""A seeded draw from the matrix: some pairs instead of all, every condition equally often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from harness.campaign.episode_spec import EpisodeSpec


class SampleSpec(BaseModel):
    """Draw ``pairs`` pairs (world × sensor condition) without replacement.

    A matrix of many roads, weathers and conditions grows beyond any budget, while many roads seen once say more
    about a driver than few roads seen often.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pairs: int = Field(ge=1)
    seed: int = Field(0, ge=0)


def draw_pairs(episodes: Sequence[EpisodeSpec], sample: SampleSpec) -> list[EpisodeSpec]:
    """The episodes of the drawn pairs, in their old order, and the expert runs of the worlds drawn.

    Conditions take turns, each with its own shuffled pairs, so that their numbers differ by one at most
    until a condition runs out.
    """
    by_condition: dict[str, list[EpisodeSpec]] = {}
    seen: set[str] = set()
    for episode in episodes:
        if episode.mode.kind != "expert" and episode.pair_id not in seen:
            seen.add(episode.pair_id)
            by_condition.setdefault(episode.condition, []).append(episode)
    rng = np.random.default_rng(sample.seed)
    queues = [[group[k] for k in rng.permutation(len(group))] for group in by_condition.values()]
    drawn: list[EpisodeSpec] = []
    turn = 0
    while len(drawn) < sample.pairs and any(queues):
        queue = queues[turn % len(queues)]
        if queue:
            drawn.append(queue.pop())
        turn += 1
    pairs = {episode.pair_id for episode in drawn}
    worlds = {episode.world_id for episode in drawn}
    return [e for e in episodes if (e.world_id in worlds if e.mode.kind == "expert" else e.pair_id in pairs)]
