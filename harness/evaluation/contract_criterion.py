"""One criterion, three answers: shown, refuted, or not known yet.

A counted figure (k of n runs, events per km) is judged by its exact one-sided bounds: PASS if the bound on the far side
keeps the limit, FAIL if the bound on the near side breaks it, else INSUFFICIENT. A bootstrapped figure is judged by its
stored interval. An undefined figure is an open gap, INSUFFICIENT, whatever the limit. A bare number (a count, or the
``.low`` of a rate) is compared as it is: whoever wrote the path chose it.

Slices (``departures.by_condition[*].departed``): the criterion passes only if every slice passes, each at the full
confidence (an intersection-union test needs no correction); slices fail by Holm-corrected p-values, so that the chance
of any false FAIL stays at 1 − confidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binom, fisher_exact, poisson

from harness.evaluation.statistics.holm import holm
from harness.evaluation.statistics.intervals import CONFIDENCE, clopper_pearson, poisson_rate

PASS, FAIL, INSUFFICIENT = "PASS", "FAIL", "INSUFFICIENT"
COUNTED = {"clopper-pearson": "share", "poisson-exact": "rate"}


class CriterionError(ValueError):
    """A criterion that cannot be read or names a figure that no summary has."""


@dataclass(frozen=True)
class Bounded:
    """A figure against its limit.

    Attributes:
        slice: name of the slice, empty for a figure of the whole campaign.
        value, k, n, low, high: the figure; the ends are one-sided bounds at the confidence (the stored two-sided
            ones of a bootstrap), None where undefined.
        p_broken: p-value of "the limit is kept", None where none can be given.
        verdict: ``PASS``, ``FAIL`` or ``INSUFFICIENT``. why: in words.
    """

    slice: str
    value: float | None
    k: float | None
    n: float | None
    low: float | None
    high: float | None
    p_broken: float | None
    verdict: str
    why: str


def combined(verdicts: Sequence[str]) -> str:
    """The verdict of a claim from those of its parts: FAIL if any fails, PASS only if there are parts and all pass."""
    if FAIL in verdicts:
        return FAIL
    return PASS if verdicts and all(verdict == PASS for verdict in verdicts) else INSUFFICIENT


def judge_figure(figure: Any, limit: float, is_upper: bool, confidence: float = CONFIDENCE, name: str = "") -> Bounded:
    """One figure against its limit.

    Args:
        figure: a rate object, a number, or None.
        limit, is_upper: at most (True) or at least (False) this.
        confidence: one-sided.
        name: of the slice.

    Raises:
        CriterionError: the figure is neither.
    """
    if not isinstance(figure, Mapping):
        return _judge_number(figure, limit, is_upper, name)
    k, n, method = figure.get("k"), figure.get("n"), str(figure.get("method"))
    kind = COUNTED.get(method)
    if kind is None:
        low, high = figure.get("low"), figure.get("high")
        if figure.get("value") is None or low is None or high is None:
            return _gap(name, figure, str(figure.get("reason") or "undefined"))
        return _by_bounds(name, figure, low, high, None, limit, is_upper)
    if not n:
        return _gap(name, figure, str(figure.get("reason") or "no trials"))
    assert k is not None
    two_sided = 2.0 * confidence - 1.0
    exact = clopper_pearson(int(k), int(n), two_sided) if kind == "share" else poisson_rate(int(k), n, two_sided)
    return _by_bounds(name, figure, *exact, _p_broken(kind, int(k), n, limit, is_upper), limit, is_upper)


def judge_slices(
    figures: Sequence[tuple[str, Any]], limit: float, is_upper: bool, confidence: float = CONFIDENCE
) -> list[Bounded]:
    """Every slice against the limit, failures under multiple-testing control.

    Args:
        figures: (name, figure) of each slice; names differ.
        limit, is_upper, confidence: as :func:`judge_figure`.

    Raises:
        CriterionError: a slice has no counts, and so no p-value to correct.
    """
    judged = [judge_figure(figure, limit, is_upper, confidence, name) for name, figure in figures]
    for one in judged:
        if one.p_broken is None and one.verdict != INSUFFICIENT:
            raise CriterionError(f"slice {one.slice!r} is no counted figure (k of n, events per km): give it no [*]")
    corrected = holm({one.slice: one.p_broken for one in judged})
    return [_with_corrected(one, corrected[one.slice], 1.0 - confidence) for one in judged]


def worst_slice(judged: Sequence[Bounded], is_upper: bool) -> Bounded | None:
    """The slice that is surely furthest on the wrong side: by its near bound, not by its value."""
    known = [one for one in judged if one.low is not None and one.high is not None]
    return max(known, key=lambda s: (s.low if is_upper else -float(s.high or 0.0)) or 0.0) if known else None


def uneven_slices(figures: Sequence[tuple[str, Any]], alpha: float = 1.0 - CONFIDENCE) -> dict[str, float]:
    """Slices that fail more often than the rest together: name -> Holm-corrected one-sided Fisher p, if ≤ alpha.

    Args:
        figures: (name, rate object) of each slice; those that are no shares of runs are left out.
    """
    counts = {name: (int(f["k"]), int(f["n"])) for name, f in figures if _is_share(f)}
    k_all, n_all = (sum(column) for column in zip(*counts.values(), strict=True)) if counts else (0, 0)
    p_values: dict[str, float | None] = {}
    for name, (k, n) in counts.items():
        table = [[k, n - k], [k_all - k, n_all - n - (k_all - k)]]
        p_values[name] = float(fisher_exact(table, alternative="greater").pvalue) if n < n_all else None
    return {name: p for name, p in holm(p_values).items() if p is not None and p <= alpha}


def _is_share(figure: Any) -> bool:
    return isinstance(figure, Mapping) and COUNTED.get(str(figure.get("method"))) == "share" and bool(figure.get("n"))


def _p_broken(kind: str, k: int, n: float, limit: float, is_upper: bool) -> float:
    """P(as bad or worse) if the true figure just keeps the limit."""
    if kind == "share":
        limit = min(1.0, max(0.0, limit))
        return float(binom.sf(k - 1, int(n), limit) if is_upper else binom.cdf(k, int(n), limit))
    return float(poisson.sf(k - 1, limit * n) if is_upper else poisson.cdf(k, limit * n))


def _judge_number(figure: Any, limit: float, is_upper: bool, name: str) -> Bounded:
    if figure is None:
        return Bounded(name, None, None, None, None, None, None, INSUFFICIENT, "undefined")
    if isinstance(figure, bool) or not isinstance(figure, int | float):
        raise CriterionError(f"a criterion needs a number or a rate, got {type(figure).__name__}")
    kept = figure <= limit if is_upper else figure >= limit
    why = "keeps the limit" if kept else "breaks the limit"
    return Bounded(name, float(figure), None, None, None, None, None, PASS if kept else FAIL, why)


def _gap(name: str, figure: Mapping[str, Any], why: str) -> Bounded:
    return Bounded(name, None, figure.get("k"), figure.get("n"), None, None, None, INSUFFICIENT, why)


def _by_bounds(
    name: str, figure: Mapping[str, Any], low: float, high: float, p_broken: float | None, limit: float, is_upper: bool
) -> Bounded:
    passes, fails = (high <= limit, low > limit) if is_upper else (low >= limit, high < limit)
    verdict = PASS if passes else FAIL if fails else INSUFFICIENT
    words = {PASS: "shown", FAIL: "refuted", INSUFFICIENT: "the limit lies within its bounds: more runs are needed"}
    return Bounded(
        name, figure.get("value"), figure.get("k"), figure.get("n"), low, high, p_broken, verdict, words[verdict]
    )


def _with_corrected(one: Bounded, p_corrected: float | None, alpha: float) -> Bounded:
    if one.verdict != FAIL or p_corrected is None or p_corrected <= alpha:
        return one
    why = "worse than the limit, but not beyond chance among so many slices"
    return Bounded(**{**vars(one), "verdict": INSUFFICIENT, "why": why})
