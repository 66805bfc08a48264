"""One recorded episode as the evaluation sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.evaluation.alarms import final_statistic
from harness.evaluation.departures import MAIN_GRADE, Departure, find_departures

SCORE_PREFIX = "score__"
SWA_ERROR_PREFIX = "swa_error__"
PROBABILITY_PREFIX = "probability__"
MAX_JITTER_S = 1e-3
MISSING_OUTCOMES = frozenset({"infrastructure_error", "invalid"})


Columns = Mapping[str, npt.NDArray[Any]]


class EpisodeDataError(ValueError):
    """An episode record lacks what its evaluation needs."""


@dataclass(frozen=True)
class EpisodeData:
    """The record of one finished episode (``docs/architecture.md`` §5).

    Attributes:
        spec: the resolved episode spec. Read here: ``episode_id pair_id world_id mode tick_s`` and the
            names ``road`` and ``condition``.
        columns: the tick table by column, each (N,); N is 0 where the episode never ran.
        events: the content of ``events.json``.
        timing_columns: the timings table by column, None where it was not kept.
    """

    spec: Mapping[str, Any]
    columns: Columns
    events: Mapping[str, Any]
    timing_columns: Columns | None = None

    @classmethod
    def of_frames(
        cls,
        spec: Mapping[str, Any],
        ticks: pd.DataFrame,
        events: Mapping[str, Any],
        timings: pd.DataFrame | None = None,
    ) -> EpisodeData:
        """From tables in memory."""
        return cls(spec, _columns_of(ticks), events, None if timings is None else _columns_of(timings))

    @cached_property
    def ticks(self) -> pd.DataFrame:
        """The tick table, one row per tick."""
        return pd.DataFrame(dict(self.columns))

    @cached_property
    def timings(self) -> pd.DataFrame | None:
        """The timings table, None where it was not kept."""
        return None if self.timing_columns is None else pd.DataFrame(dict(self.timing_columns))

    @cached_property
    def departures(self) -> list[Departure]:
        """All departures of all grades, derived from the ticks, sorted by onset."""
        return find_departures(self.columns, self.tick_s) if self.tick_count else []

    @cached_property
    def failures(self) -> list[Departure]:
        """What a monitor had to warn of: departures of the main grade, and the tick at which the agent failed."""
        found = [departure for departure in self.departures if departure.grade == MAIN_GRADE]
        if not self.is_agent_error or not self.tick_count:
            return found
        last, time_s = self.tick_count - 1, float(self.column("time_s")[-1])
        place_m = float(self.column("route_s_m")[-1])
        return [*found, Departure(MAIN_GRADE, last, last + 1, time_s, time_s + self.tick_s, place_m)]

    @property
    def tick_count(self) -> int:
        """Number of recorded ticks, 0 where the episode never ran."""
        return next((len(values) for values in self.columns.values()), 0)

    @property
    def episode_id(self) -> str:
        """Hash of the whole spec."""
        return str(self._required("episode_id"))

    @property
    def pair_id(self) -> str:
        """Hash of the world and the sensor schedule: twins share it."""
        return str(self._required("pair_id"))

    @property
    def world_id(self) -> str:
        """Hash of the world alone: names the expert run that finds unavoidable pairs."""
        return str(self._required("world_id"))

    @property
    def mode(self) -> str:
        """``shadow``, ``takeover:<monitor>@<point>``, ``expert`` or ``log``."""
        return str(self._required("mode"))

    @property
    def tick_s(self) -> float:
        """Simulation step, s."""
        return float(self._required("tick_s"))

    @property
    def road(self) -> str:
        """Name of the road."""
        return str(self._required("road"))

    @property
    def condition(self) -> str:
        """Name of the weather and sensor condition."""
        return str(self._required("condition"))

    @property
    def outcome(self) -> str:
        """``completed``, ``agent_error``, ``infrastructure_error`` or ``invalid``."""
        if "outcome" not in self.events:
            raise EpisodeDataError(f"events of episode {self.episode_id} have no outcome; re-run the episode")
        return str(self.events["outcome"])

    @property
    def is_missing(self) -> bool:
        """The episode says nothing about driving: the infrastructure failed or the simulation was
        implausible."""
        return self.outcome in MISSING_OUTCOMES

    @property
    def is_agent_error(self) -> bool:
        """The agent raised or gave no steering: a failure of the agent at its last tick."""
        return self.outcome == "agent_error"

    @property
    def duration_s(self) -> float:
        """Simulated time covered by the tick table, s."""
        return self.tick_count * self.tick_s

    @property
    def distance_m(self) -> float:
        """Distance driven, m: the loop's own figure, else speed summed over the ticks."""
        recorded = self.events.get("distance_m")
        if recorded is not None:
            return float(recorded)
        return float(np.sum(self.column("speed_mps")) * self.tick_s) if self.tick_count else 0.0

    @property
    def monitors(self) -> list[str]:
        """Names of the monitors that scored this episode, in the order of the columns."""
        return [name[len(SCORE_PREFIX) :] for name in self.columns if name.startswith(SCORE_PREFIX)]

    def column(self, name: str) -> npt.NDArray[Any]:
        """One column of the tick table, (N,), in its stored dtype.

        Raises:
            EpisodeDataError: the column is missing.
        """
        if name not in self.columns:
            raise EpisodeDataError(
                f"tick table of episode {self.episode_id} has no column {name!r}; it was recorded by another "
                "version, re-run the campaign"
            )
        return self.columns[name]

    def raw_score(self, monitor: str) -> npt.NDArray[np.float32]:
        """Raw score of a monitor, (N,) float32, NaN = monitor fault."""
        return self.column(SCORE_PREFIX + monitor)

    @cached_property
    def statistics(self) -> dict[str, npt.NDArray[np.float64]]:
        """Final statistic of every monitor, (N,) each, NaN = monitor fault."""
        return {name: final_statistic(self.raw_score(name), self.tick_s) for name in self.monitors}

    def swa_error_deg(self, monitor: str) -> npt.NDArray[np.float32] | None:
        """Predicted signed SWA error, (N,) float32; None if the monitor never predicts one."""
        return self._unless_all_nan(SWA_ERROR_PREFIX + monitor)

    def probability(self, monitor: str) -> npt.NDArray[np.float32] | None:
        """P(departure in the next 3 s), (N,) float32, NaN = monitor fault; None if the monitor never gives one."""
        return self._unless_all_nan(PROBABILITY_PREFIX + monitor)

    def _unless_all_nan(self, name: str) -> npt.NDArray[np.float32] | None:
        if name not in self.columns:
            return None
        values = self.columns[name]
        return None if np.isnan(values).all() else values

    def check_ticks(self) -> None:
        """Refuse a table with a lost, doubled or jittering tick: every duration here is a number of ticks.

        Raises:
            EpisodeDataError: names the first such row.
        """
        if self.tick_count < 2:
            return
        steps = np.diff(self.column("tick"))
        jitter_s = np.abs(np.diff(self.column("time_s")) - self.tick_s)
        wrong = (steps != 1) | ~(jitter_s < MAX_JITTER_S)
        if wrong.any():
            raise EpisodeDataError(
                f"tick table of episode {self.episode_id} does not advance by {self.tick_s} s at row "
                f"{int(np.argmax(wrong)) + 1}; run the episode again"
            )

    def _required(self, key: str) -> Any:
        if key not in self.spec:
            raise EpisodeDataError(f"episode spec has no {key!r}; it was written by another version")
        return self.spec[key]


def _columns_of(table: pd.DataFrame) -> dict[str, npt.NDArray[Any]]:
    return {str(name): table[name].to_numpy() for name in table.columns}
