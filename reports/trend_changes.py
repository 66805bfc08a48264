"""Did a figure change from one night to the next? Exact tests of counts, corrected for how many are looked at.

The nights are tested as if they had driven different pairs. Nights of the same pairs vary less than that, so the tests
find rather too little than too much; `harness.evaluation compare` pairs them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import fisher_exact, norm

from harness.evaluation.statistics.holm import holm
from harness.evaluation.statistics.rate_evidence import compare_rates
from reports.formatting import finite
from reports.trend_data import Night, Rate, Series

ALPHA = 0.05
COUNTED = ("departed", "recall")
PER_EXPOSURE = ("per_km", "false_alarms")
HIGHER_IS_BETTER = {"departed": False, "per_km": False, "recall": True, "false_alarms": False, "sg": True, "ac": False}


@dataclass(frozen=True)
class Change:
    """A figure of one night against the last comparable night before it.

    Attributes:
        series: which figure. night, before: their places in the list of nights.
        p: two-sided, None where it cannot be tested. p_corrected: by Holm over all changes of the page.
        is_better: direction of the difference; None where there is none.
    """

    series: Series
    night: int
    before: int
    p: float | None
    p_corrected: float | None
    is_better: bool | None

    @property
    def significant(self) -> bool:
        """Whether the change is more than chance explains."""
        return self.p_corrected is not None and self.p_corrected < ALPHA


def changes_of(nights: Sequence[Night]) -> list[Change]:
    """Every figure of every night against the last night before it that has it, in the same simulator."""
    found: list[tuple[Series, int, int, float | None]] = []
    for place, night in enumerate(nights):
        for series, rate in night.figures.items():
            before = _last_before(nights, place, series)
            if before is not None:
                found.append((series, place, before, p_of_change(series[0], nights[before].figures[series], rate)))
    corrected = holm({str(index): p for index, (*_, p) in enumerate(found)})
    return [
        Change(series, place, before, p, corrected[str(index)], _is_better(series, nights[before], nights[place]))
        for index, (series, place, before, p) in enumerate(found)
    ]


def p_of_change(panel: str, before: Rate, now: Rate) -> float | None:
    """Two-sided p of a change between two nights; None where one of them has no trials or no interval.

    Shares of independent runs by Fisher's exact test, rates per exposure by the conditional binomial test, what was
    estimated over pairs (safety gain, availability cost) by the normal approximation from both 95 % intervals.
    """
    if panel in COUNTED:
        (k0, n0), (k1, n1) = _counts(before), _counts(now)
        if not n0 or not n1:
            return None
        return float(fisher_exact(((k0, n0 - k0), (k1, n1 - k1))).pvalue)
    if panel in PER_EXPOSURE:
        exposures = finite(before.get("n")), finite(now.get("n"))
        if not exposures[0] or not exposures[1]:
            return None
        return compare_rates(int(before["k"]), exposures[0], int(now["k"]), exposures[1]).p_two_sided
    values = [finite(rate.get("value")) for rate in (before, now)]
    errors = [_standard_error(rate) for rate in (before, now)]
    if values[0] is None or values[1] is None or errors[0] is None or errors[1] is None:
        return None
    spread = math.hypot(errors[0], errors[1])
    if spread == 0.0:
        return 1.0 if values[0] == values[1] else None
    return float(2.0 * norm.sf(abs(values[1] - values[0]) / spread))


def parts_changed(before: Night, now: Night) -> list[str]:
    """What drove or watched differently than in the comparable night before, in words."""
    changed = [
        f"{name}: {'other thresholds' if name == 'thresholds' else 'other weights'}"
        for name, value in now.parts.items()
        if name in before.parts and before.parts[name] != value
    ]
    added = [f"{name}: new" for name in now.parts if name not in before.parts]
    gone = [f"{name}: gone" for name in before.parts if name not in now.parts]
    commit = [f"program {now.commit[:8]}"] if now.commit != before.commit else []
    return changed + added + gone + commit


def _last_before(nights: Sequence[Night], place: int, series: Series) -> int | None:
    pictures = nights[place].pictures
    return next(
        (k for k in range(place - 1, -1, -1) if nights[k].pictures == pictures and series in nights[k].figures), None
    )


def _counts(rate: Mapping[str, Any]) -> tuple[int, int]:
    return int(finite(rate.get("k")) or 0), int(finite(rate.get("n")) or 0)


def _standard_error(rate: Rate) -> float | None:
    low, high = finite(rate.get("low")), finite(rate.get("high"))
    return None if low is None or high is None else (high - low) / (2.0 * float(norm.ppf(0.975)))


def _is_better(series: Series, before: Night, now: Night) -> bool | None:
    first, second = (finite(night.figures[series].get("value")) for night in (before, now))
    if first is None or second is None or first == second:
        return None
    return (second > first) == HIGHER_IS_BETTER[series[0]]
