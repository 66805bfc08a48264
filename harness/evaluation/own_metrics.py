"""Metrics of a user's own: one number per run from their class, mean and interval from here.

A scenario lists them under ``metrics``, by a short name that an installed package announces (entry points
``closed_loop_harness.metrics``) or as ``package.module:Class``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from agents.errors import UnknownNameError
from agents.plug_ins import load_class, target_of
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.modes import SHADOW
from harness.evaluation.rates import clustered_ratio


@runtime_checkable
class Metric(Protocol):
    """A number that a run has, or does not have.

    Attributes:
        name: in ``summary.json``, ``[a-z0-9_]+``.
        unit: of the number.
        version: raised whenever the same run would get another number.
    """

    name: str
    unit: str
    version: int

    def of_episode(self, episode: EpisodeData) -> float | None:
        """The number of one shadow run; None where it is undefined (never 0 instead)."""


@dataclass(frozen=True)
class MeasuredMetric:
    """A metric and its value in every shadow run.

    Attributes:
        requested: name in the scenario.
        name, unit, version: the metric's own; None where it could not be loaded.
        values: episode id -> value, None where undefined.
        problem: why there are no values; empty when there are.
    """

    requested: str
    name: str
    unit: str | None
    version: int | None
    values: Mapping[str, float | None]
    problem: str = ""


def load_plug_in(name: str, kind: str) -> Any:
    """An object of the class that a name of this kind (``metrics``, ``sections``) leads to; nothing is shipped.

    Raises:
        UnknownNameError: nothing of that name.
    """
    return load_class(target_of(name, kind, {}), kind)()


def make_metric(name: str) -> Metric:
    """A metric by name.

    Raises:
        UnknownNameError: nothing of that name, or the class is no metric.
    """
    metric = load_plug_in(name, "metrics")
    if not isinstance(metric, Metric):
        raise UnknownNameError(
            f"{name!r} is no metric: see harness.evaluation.own_metrics.Metric for what it must have"
        )
    return metric


def measure(folder: Path, campaign: Mapping[str, Any]) -> list[MeasuredMetric]:
    """The metrics that a stored campaign lists, in every shadow run.

    A metric that cannot be loaded here, or that fails on a run, has no values and says why: the other figures of the
    campaign do not depend on it.

    Args:
        folder, campaign: the folder and its ``campaign.json``.

    Raises:
        CorruptResultError: a file does not match its hash.
    """
    # The reader defines its records by this package's EpisodeData: imported late, or the two would import in a ring.
    from harness.results.reader import ordered_entries, read_episode

    names = (campaign.get("spec") or {}).get("metrics") or []
    if not names:
        return []
    loaded: dict[str, Metric] = {}
    values: dict[str, dict[str, float | None]] = {name: {} for name in names}
    problems: dict[str, str] = {}
    for name in names:
        try:
            loaded[name] = make_metric(name)
        except UnknownNameError as error:
            problems[name] = str(error)
    for entry in ordered_entries(folder, campaign):
        episode = read_episode(folder, entry)
        if episode.mode != SHADOW or episode.is_missing or episode.tick_count == 0:
            continue
        for name in [name for name in loaded if name not in problems]:
            try:
                values[name][episode.episode_id] = _checked(loaded[name].of_episode(episode))
            except Exception as error:  # a user's code: whatever it raises must not cost the campaign its summary
                problems[name] = f"failed on episode {episode.episode_id}: {type(error).__name__}: {error}"
    return [_measured(name, loaded.get(name), values[name], problems.get(name, "")) for name in names]


def own_metric_figures(
    measured: Sequence[MeasuredMetric], counted: Sequence[EpisodeFacts], seed: int
) -> list[dict[str, Any]]:
    """Mean over the shadow runs that count, bootstrap 95 % over pairs, all together and by condition.

    Args:
        measured: see :func:`measure`.
        counted: facts of the shadow runs that the campaign's other figures count.
        seed: of the bootstrap.

    Returns:
        ``{"requested", "name", "unit", "version", "problem", "mean": rate, "undefined": runs without a value,
        "by_condition": [{"condition", "mean"}]}`` for each metric; ``mean`` is null where there is a problem.
    """
    return [_figures(metric, counted, seed) for metric in measured]


def _figures(metric: MeasuredMetric, counted: Sequence[EpisodeFacts], seed: int) -> dict[str, Any]:
    named = {key: getattr(metric, key) for key in ("requested", "name", "unit", "version")}
    if metric.problem:
        return {**named, "problem": metric.problem, "mean": None, "undefined": None, "by_condition": []}
    runs = [(facts.condition, metric.values.get(facts.episode_id)) for facts in counted]
    known = [(condition, value) for condition, value in runs if value is not None]
    conditions = sorted({condition for condition, _ in runs})
    return {
        **named,
        "problem": None,
        "mean": _mean(known, seed),
        "undefined": len(runs) - len(known),
        "by_condition": [
            {"condition": condition, "mean": _mean([run for run in known if run[0] == condition], seed)}
            for condition in conditions
        ],
    }


def _mean(runs: Sequence[tuple[str, float]], seed: int) -> dict[str, Any]:
    return clustered_ratio([value for _, value in runs], [1.0] * len(runs), [c for c, _ in runs], seed, is_share=False)


def _measured(
    requested: str, metric: Metric | None, values: Mapping[str, float | None], problem: str
) -> MeasuredMetric:
    if metric is None:
        return MeasuredMetric(requested, requested, None, None, {}, problem)
    return MeasuredMetric(requested, metric.name, metric.unit, metric.version, {} if problem else values, problem)


def _checked(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"gave {value!r}; give a finite number, or None where it is undefined")
    return number
