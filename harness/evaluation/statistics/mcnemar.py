"""Exact McNemar test for twins: is a change from failing to safe as likely as one from safe to failing?"""

from __future__ import annotations

from scipy.stats import binomtest


def mcnemar_exact(only_first: int, only_second: int) -> float | None:
    """Two-sided exact p-value from the discordant pairs.

    Args:
        only_first: pairs where only the first of the twins failed (saved).
        only_second: pairs where only the second failed (harmed).

    Returns:
        p in (0, 1]; None without a discordant pair, where the test says nothing.

    Raises:
        ValueError: a negative count.
    """
    if only_first < 0 or only_second < 0:
        raise ValueError(f"counts of pairs must not be negative, got {only_first} and {only_second}")
    discordant = only_first + only_second
    return float(binomtest(only_first, discordant, 0.5).pvalue) if discordant else None
