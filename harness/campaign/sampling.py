"""A seeded draw from the matrix: some pairs instead of all, every condition equally often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from harness.campaign.episode_spec import EpisodeSpec
from scenarios.roads.description import Slug

PairCount = Annotated[int, Field(ge=1)]


class SampleSpec(BaseModel):
    """Draw ``pairs`` pairs (world × sensor condition) without replacement.

    ``pairs`` is one number, or one per tier (``{smoke: 16, nightly: 160}``): the campaign's ``tier``
    chooses, and the pairs of a tier are among those of every larger one. A matrix of many roads, weathers and
    conditions grows beyond any budget, while many roads seen once say more about a driver than few roads seen often.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pairs: PairCount | Annotated[dict[Slug, PairCount], Field(min_length=1)]
    seed: int = Field(0, ge=0)

    @field_validator("pairs")
    @classmethod
    def _tiers_grow(cls, value: int | dict[str, int]) -> int | dict[str, int]:
        if isinstance(value, int):
            return value
        if len(set(value.values())) < len(value):
            raise ValueError(f"two tiers draw the same number of pairs, give each its own: {value}")
        return dict(sorted(value.items(), key=lambda tier: tier[1]))  # stored campaigns have them by name

    def pairs_of(self, tier: str | None) -> int:
        """How many pairs to draw.

        Raises:
            KeyError: no such tier.
        """
        return self.pairs[tier or ""] if isinstance(self.pairs, dict) else self.pairs


def draw_pairs(episodes: Sequence[EpisodeSpec], pairs: int, seed: int) -> list[EpisodeSpec]:
    """The episodes of the drawn pairs, in their old order, and the expert runs of the worlds drawn.

    Conditions take turns, each with its own shuffled pairs, so that their numbers differ by one at most
    until a condition runs out. Fewer pairs of the same matrix and seed are always among more of them.
    """
    by_condition: dict[str, list[EpisodeSpec]] = {}
    seen: set[str] = set()
    for episode in episodes:
        if episode.mode.kind != "expert" and episode.pair_id not in seen:
            seen.add(episode.pair_id)
            by_condition.setdefault(episode.condition, []).append(episode)
    rng = np.random.default_rng(seed)
    queues = [[group[k] for k in rng.permutation(len(group))] for group in by_condition.values()]
    drawn: list[EpisodeSpec] = []
    turn = 0
    while len(drawn) < pairs and any(queues):
        queue = queues[turn % len(queues)]
        if queue:
            drawn.append(queue.pop())
        turn += 1
    chosen = {episode.pair_id for episode in drawn}
    worlds = {episode.world_id for episode in drawn}
    return [e for e in episodes if (e.world_id in worlds if e.mode.kind == "expert" else e.pair_id in chosen)]
