"""How alike two heat maps are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Maps = npt.NDArray[np.floating]


def rank_correlation(first: Maps, second: Maps) -> npt.NDArray[np.float64]:
    """Spearman's correlation over the pixels of each pair of maps, ties at their mean rank.

    Args:
        first, second: (B, H, W).

    Returns:
        (B,), −1..1; NaN where a map has no contrast.

    Raises:
        ValueError: the shapes differ.
    """
    if first.shape != second.shape or first.ndim != 3:
        raise ValueError(f"maps to compare need one shape (B, H, W), got {first.shape} and {second.shape}")
    a, b = _centred_ranks(first), _centred_ranks(second)
    lengths = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.divide((a * b).sum(axis=1), lengths, out=np.full(len(a), np.nan), where=lengths > 0)


def _centred_ranks(maps: Maps) -> npt.NDArray[np.float64]:
    ranks = rankdata(maps.reshape(len(maps), -1), axis=1)
    return np.asarray(ranks - ranks.mean(axis=1, keepdims=True), dtype=np.float64)
