"""Exact and approximate intervals for proportions and rates.

Sources: Clopper & Pearson 1934 through the beta quantile; Garwood 1936 for the Poisson rate through the
gamma quantile; Wilson 1927. Zero events are the rule of three: the one-sided 95 % bound is −ln(0.05)
= 2.996 per exposure.
"""

from __future__ import annotations

import math

from scipy.special import betaincinv, gammaincinv, ndtri

CONFIDENCE = 0.95


def clopper_pearson(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Two-sided exact interval of a proportion, k successes in n trials.

    Raises:
        ValueError: not 0 <= k <= n or n = 0.
    """
    _check_counts(k, n)
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1.0 - tail))
    return low, high


def clopper_pearson_upper(k: int, n: int, confidence: float = CONFIDENCE) -> float:
    """One-sided exact upper bound of a proportion.

    Raises:
        ValueError: not 0 <= k <= n or n = 0.
    """
    _check_counts(k, n)
    return 1.0 if k == n else float(betaincinv(k + 1, n - k, confidence))


def poisson_rate(count: int, exposure: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Two-sided exact interval of a rate, ``count`` events in ``exposure`` (km, minutes, …).

    Raises:
        ValueError: negative count or exposure not positive.
    """
    _check_exposure(count, exposure)
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if count == 0 else float(gammaincinv(count, tail)) / exposure
    return low, float(gammaincinv(count + 1, 1.0 - tail)) / exposure


def poisson_rate_upper(count: int, exposure: float, confidence: float = CONFIDENCE) -> float:
    """One-sided exact upper bound of a rate.

    Raises:
        ValueError: negative count or exposure not positive.
    """
    _check_exposure(count, exposure)
    return float(gammaincinv(count + 1, confidence)) / exposure


def wilson(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Two-sided score interval of a proportion: shorter than the exact one, for small cells of a table.

    Raises:
        ValueError: not 0 <= k <= n or n = 0.
    """
    _check_counts(k, n)
    z = float(ndtri(0.5 + confidence / 2.0))
    share = k / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At k = 0 and k = n the bound is exactly 0 and 1; round-off must not push it outside.
    return (0.0 if k == 0 else centre - half), (1.0 if k == n else centre + half)


def _check_counts(k: int, n: int) -> None:
    if n <= 0 or not 0 <= k <= n:
        raise ValueError(f"a proportion needs 0 <= k <= n and n > 0, got k={k}, n={n}")


def _check_exposure(count: int, exposure: float) -> None:
    if count < 0 or not exposure > 0.0:
        raise ValueError(f"a rate needs count >= 0 and exposure > 0, got count={count}, exposure={exposure}")
