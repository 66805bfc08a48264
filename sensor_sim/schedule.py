"""When which effect acts, and how strongly: the part of a scenario that this package understands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sensor_sim.effects import definition_of
from sensor_sim.effects.definition import ParameterValue, suggestion
from sensor_sim.errors import SensorSpecError
from sensor_sim.ranges import as_number

_TIME_SLACK_S = 1e-9
"""Tick times are sums of binary fractions; an onset on a tick must not be missed by the last bit."""


@dataclass(frozen=True)
class EffectSchedule:
    """One effect over the time of an episode.

    The severity level is 0 before the onset, rises linearly to 1 during the ramp, stays, and is 0 again from
    onset + duration on.

    Attributes:
        effect: name in ``sensor_sim.effects.EFFECTS``, or ``package.module:Class``.
        parameters: target values, reached at level 1; completed with defaults.
        onset_s: simulation time at which the effect begins, s.
        ramp_s: time from onset to full strength, s; 0 = at once.
        duration_s: time from onset to end, s; None = to the end of the episode.

    Raises:
        SensorSpecError: unknown effect or parameter, or a value outside its range.
    """

    effect: str
    parameters: dict[str, ParameterValue]
    onset_s: float = 0.0
    ramp_s: float = 0.0
    duration_s: float | None = None

    def __post_init__(self) -> None:
        definition = definition_of(self.effect)
        if not isinstance(self.parameters, Mapping):
            raise SensorSpecError(
                f"effect '{self.effect}', field 'parameters': {self.parameters!r:.100} is not a mapping"
            )
        object.__setattr__(self, "parameters", definition.check(self.parameters))
        object.__setattr__(self, "onset_s", self._checked_time("onset_s", self.onset_s, above_zero=False))
        object.__setattr__(self, "ramp_s", self._checked_time("ramp_s", self.ramp_s, above_zero=False))
        if self.duration_s is not None:
            duration_s = self._checked_time("duration_s", self.duration_s, above_zero=True)
            object.__setattr__(self, "duration_s", duration_s)
            if self.ramp_s > duration_s:
                raise SensorSpecError(
                    f"effect '{self.effect}', field 'ramp_s': {self.ramp_s:g} is not allowed; "
                    f"give at most duration_s = {duration_s:g} (s), or it never reaches full strength"
                )

    def _checked_time(self, field: str, value: object, above_zero: bool) -> float:
        number = as_number(value)
        if not math.isfinite(number) or number < 0 or (above_zero and number == 0):
            raise SensorSpecError(
                f"effect '{self.effect}', field '{field}': {value!r:.100} is not allowed; "
                f"give a finite number {'> 0' if above_zero else '>= 0'} (s)"
            )
        return number

    def level_at(self, time_s: float) -> float:
        """Severity level 0..1 at simulation time ``time_s``."""
        since_onset_s = time_s - self.onset_s + _TIME_SLACK_S
        if since_onset_s < 0 or (self.duration_s is not None and since_onset_s >= self.duration_s):
            return 0.0
        if self.ramp_s == 0:
            return 1.0
        return min(max(0.0, time_s - self.onset_s) / self.ramp_s, 1.0)


@dataclass(frozen=True)
class SensorSchedule:
    """All effects of an episode; each effect at most once, in any order (the chain has its own order).

    Raises:
        SensorSpecError: an effect is scheduled twice.
    """

    effects: tuple[EffectSchedule, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for schedule in self.effects:
            if schedule.effect in seen:
                raise SensorSpecError(f"effect '{schedule.effect}' is scheduled twice; give each effect once")
            seen.add(schedule.effect)

    @classmethod
    def from_spec(cls, entries: Iterable[Mapping[str, Any]]) -> SensorSchedule:
        """Read a list of mappings with the fields of ``EffectSchedule`` (``parameters`` nested).

        Raises:
            SensorSpecError: names entry, effect, field, value and allowed range.
        """
        try:
            listed = None if isinstance(entries, (str, bytes, Mapping)) else list(entries)
        except TypeError:
            listed = None
        if listed is None:
            raise SensorSpecError(f"a sensor schedule is a list of effects, not {entries!r:.100}")
        known = [field.name for field in fields(EffectSchedule)]
        effects = []
        for number, entry in enumerate(listed):
            where = f"effects[{number}]"
            if not isinstance(entry, Mapping) or "effect" not in entry:
                raise SensorSpecError(f"{where}: {entry!r:.100} is not a mapping with the key 'effect'")
            for key in entry:
                if key not in known:
                    raise SensorSpecError(
                        f"{where} ('{entry['effect']}'): unknown field {key!r:.100}{suggestion(key, known)}; "
                        f"known: {', '.join(known)}"
                    )
            try:
                effects.append(EffectSchedule(**{"parameters": {}, **entry}))
            except SensorSpecError as error:
                raise SensorSpecError(f"{where}: {error}") from None
        return cls(tuple(effects))

    def to_spec(self) -> list[dict[str, Any]]:
        """The schedule as plain data, every value resolved; ``from_spec`` gives an equal schedule back."""
        return [
            {
                "effect": schedule.effect,
                "parameters": dict(schedule.parameters),
                "onset_s": schedule.onset_s,
                "ramp_s": schedule.ramp_s,
                "duration_s": schedule.duration_s,
            }
            for schedule in self.effects
        ]

    def with_timing(self, onset_s: float, ramp_s: float = 0.0, duration_s: float | None = None) -> SensorSchedule:
        """The same effects, all beginning at ``onset_s``: a preset that sets in during the run."""
        return SensorSchedule(
            tuple(EffectSchedule(e.effect, e.parameters, onset_s, ramp_s, duration_s) for e in self.effects)
        )

    def levels_at(self, time_s: float) -> dict[str, float]:
        """Severity level 0..1 of each scheduled effect."""
        return {schedule.effect: schedule.level_at(time_s) for schedule in self.effects}
