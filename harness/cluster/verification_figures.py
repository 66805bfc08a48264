"""The figures of a verification: how far repeats part, and whether two simulators rank the same things alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, spearmanr

from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.rates import Rate, proportion
from harness.evaluation.recompute import recompute
from harness.results.reader import read_campaign

SETTLED_S = 2.0
Z95 = float(norm.ppf(0.975))


def divergence(repeats: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """How far repeats of one episode drift apart.

    Args:
        repeats: tick tables of the same episode, with ``x_m`` and ``y_m``.

    Returns:
        ``repeats``, ``identical``, ``first_differing_tick`` (null if none), ``largest_distance_m`` between any repeat
        and the first at the same tick, ``lengths`` in ticks.
    """
    first = repeats[0]
    largest, differing = 0.0, []
    for other in repeats[1:]:
        rows = min(len(first), len(other))
        a, b = first[["x_m", "y_m"]].to_numpy()[:rows], other[["x_m", "y_m"]].to_numpy()[:rows]
        distance_m = np.hypot(*(a - b).T)
        largest = max(largest, float(distance_m.max(initial=0.0)))
        differing += np.flatnonzero(distance_m)[:1].tolist()
    lengths = [len(table) for table in repeats]
    return {
        "repeats": len(repeats),
        "identical": all(table.equals(first) for table in repeats[1:]),
        "first_differing_tick": min(differing) if differing else None,
        "largest_distance_m": largest,
        "lengths": lengths,
    }


def compare(folders: Mapping[str, Path]) -> dict[str, Any]:
    """The same episodes on two simulators: departures, and whether they and the monitors rank alike.

    Args:
        folders: of the two finished campaigns, by the side's name.

    Returns:
        ``departures``: side -> rate object. ``conditions``: per condition the same, and ``conditions_rank``, the rank
        correlation of their shares. ``margins``: that of the episodes' smallest lane margins after the first two
        seconds. ``monitors``: that of the monitors' pooled AUROC, and each ``auroc`` by side. See `rank_correlation`.
    """
    episodes = {side: list(read_campaign(folder)[1]) for side, folder in folders.items()}
    one, other = ({_cell(episode): _smallest_margin_m(episode) for episode in each} for each in episodes.values())
    cells = sorted(cell for cell in set(one) & set(other) if None not in (one[cell], other[cell]))
    names = sorted({str(episode.spec["condition"]) for each in episodes.values() for episode in each})
    conditions: list[dict[str, Any]] = [
        {"condition": name, **{side: _departed(each, name) for side, each in episodes.items()}} for name in names
    ]
    aurocs = {side: _aurocs(folder) for side, folder in folders.items()}
    first, second = aurocs.values()
    ranked = [name for name in first if None not in (_value(first[name]), _value(second.get(name)))]
    return {
        "departures": {side: _departed(each) for side, each in episodes.items()},
        "conditions": conditions,
        "conditions_rank": rank_correlation(
            *([row[side]["k"] / row[side]["n"] for row in conditions] for side in folders)
        ),
        "margins": rank_correlation([one[cell] for cell in cells], [other[cell] for cell in cells]),
        "monitors": {
            **rank_correlation([_value(first[name]) for name in ranked], [_value(second[name]) for name in ranked]),
            "auroc": aurocs,
        },
    }


def rank_correlation(one: Sequence[float | None], other: Sequence[float | None]) -> dict[str, Any]:
    """Spearman's correlation with its 95 % interval (Fisher's z with the variance of Bonett and Wright, 2000).

    Returns:
        ``spearman``, ``n``, ``low``, ``high``; null where fewer than four, or only equal, values are to be ranked.
    """
    n = len(one)
    if n < 4 or len(set(one)) < 2 or len(set(other)) < 2:
        return {"spearman": None, "n": n, "low": None, "high": None}
    rho = float(spearmanr(one, other).statistic)
    if abs(rho) >= 1.0 - 1e-12:
        return {"spearman": rho, "n": n, "low": None, "high": None}
    half = Z95 * math.sqrt((1.0 + rho**2 / 2.0) / (n - 3))
    return {
        "spearman": rho,
        "n": n,
        "low": math.tanh(math.atanh(rho) - half),
        "high": math.tanh(math.atanh(rho) + half),
    }


def _cell(episode: EpisodeData) -> tuple[str, str]:
    return str(episode.spec["road"]), str(episode.spec["condition"])


def _smallest_margin_m(episode: EpisodeData) -> float | None:
    driven = episode.ticks[episode.ticks["time_s"] >= SETTLED_S]
    return float(driven["lane_margin_m"].min()) if len(driven) else None


def _departed(episodes: Sequence[EpisodeData], condition: str | None = None) -> Rate:
    chosen = [episode for episode in episodes if condition in (None, episode.spec["condition"])]
    return proportion(sum(bool(episode.events["departures"]) for episode in chosen), len(chosen))


def _aurocs(folder: Path) -> dict[str, Rate | None]:
    return {monitor["name"]: monitor["auroc_pooled"] for monitor in recompute(folder)[1]["monitors"]}


def _value(rate: Rate | None) -> float | None:
    return None if rate is None else rate["value"]
