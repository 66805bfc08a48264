"""Holm's step-down correction for several monitors tested at once (Holm 1979)."""

from __future__ import annotations

from collections.abc import Mapping


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Adjusted p-values by name, each at least its raw value and at most 1; None stays None and is no test.

    The k-th smallest of m values is multiplied by m − k + 1, and no adjusted value is below a smaller one's.
    """
    tested = sorted((p, name) for name, p in p_values.items() if p is not None)
    adjusted: dict[str, float | None] = dict.fromkeys(p_values)
    highest = 0.0
    for rank, (p, name) in enumerate(tested):
        highest = max(highest, min(1.0, p * (len(tested) - rank)))
        adjusted[name] = highest
    return adjusted
