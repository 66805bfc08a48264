"""The worst and the best safety gain that pairs with a missing or cut-off run could still bring (PROTOCOL §3).

Every such pair has a few possible outcomes, each a change of (saved − harmed, departed). The extreme of the ratio of
their sums over all combinations is found exactly (Dinkelbach 1967): for a guess λ of the ratio each pair takes the
outcome that is extreme in net − λ · departed, and the ratio of that combination is the next guess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.evaluation.episode_facts import EpisodeFacts

Change = tuple[int, int]

CUT_OFF: tuple[Change, ...] = ((0, 0), (1, 0))
"""A departed pair whose twin the clock stopped before it had passed: already counted as not saved."""


def possible_changes(shadow: EpisodeFacts | None, twin: EpisodeFacts | None, passed_by_m: float) -> tuple[Change, ...]:
    """What a pair could have added to (saved − harmed, departed), None or missing facts for a missing run.

    Args:
        shadow, twin: at least one of them missing.
        passed_by_m: distance behind the place of a departure that makes a twin saved.
    """
    if shadow is not None and not shadow.is_missing:
        return ((0, 1), (1, 1)) if shadow.failed else ((0, 0), (-1, 0))
    if twin is None or twin.is_missing:
        return ((0, 0), (-1, 0), (0, 1), (1, 1))
    reached_m = twin.end_route_s_m if twin.failure_route_s_m is None else twin.failure_route_s_m
    to_the_end = twin.failure_route_s_m is None and twin.end_reason == "route_end"
    changes: list[Change] = [(-1, 0) if twin.failed else (0, 0)]
    if not to_the_end:
        changes.append((0, 1))
    if to_the_end or reached_m - twin.start_route_s_m >= passed_by_m:
        changes.append((1, 1))
    return tuple(changes)


def gain_bounds(net: int, departed: int, open_pairs: Sequence[tuple[Change, ...]]) -> dict[str, float | None]:
    """Worst and best (saved − harmed) / departed over every outcome of the open pairs; null without a departure.

    Args:
        net, departed: of the pairs that are known. open_pairs: the possible changes of each other pair.
    """
    if departed <= 0:
        return {"worst": None, "best": None}
    return {
        "worst": -_highest(-net, departed, [[(-n, d) for n, d in pair] for pair in open_pairs]) + 0.0,
        "best": _highest(net, departed, open_pairs),
    }


def _highest(net: int, departed: int, open_pairs: Sequence[Sequence[Change]]) -> float:
    ratio = -math.inf
    chosen = [pair[0] for pair in open_pairs]
    while True:
        better = (net + sum(n for n, _ in chosen)) / (departed + sum(d for _, d in chosen))
        if better <= ratio:
            return ratio
        ratio = better
        chosen = [max(pair, key=lambda change: change[0] - ratio * change[1]) for pair in open_pairs]
