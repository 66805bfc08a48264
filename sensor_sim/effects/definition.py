"""How an effect describes its parameters, so that a schedule can be checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sensor_sim.errors import SensorSpecError

ParameterValue = float | str
"""A number in the parameter's unit, or the name of an option."""


@dataclass(frozen=True)
class NumberParameter:
    """A number with a unit and a closed range.

    Attributes:
        name: key in the schedule.
        unit: physical unit, for messages and documentation.
        low, high: allowed range, both included.
        default: value when the schedule leaves it out; None = must be given.
    """

    name: str
    unit: str
    low: float
    high: float
    default: float | None = None

    def check(self, effect: str, value: object) -> float:
        """Return ``value`` as a float in range.

        Raises:
            SensorSpecError: not a finite number, or outside the range.
        """
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
        if not self.low <= number <= self.high:
            raise SensorSpecError(
                f"effect '{effect}', parameter '{self.name}': {value!r} is not allowed; "
                f"give a number from {self.low:g} to {self.high:g} ({self.unit})"
            )
        return number


@dataclass(frozen=True)
class OptionParameter:
    """A choice among named options; the first is the default."""

    name: str
    options: tuple[str, ...]

    @property
    def default(self) -> str:
        """Option taken when the schedule leaves it out."""
        return self.options[0]

    def check(self, effect: str, value: object) -> str:
        """Return ``value`` if it is one of the options.

        Raises:
            SensorSpecError: anything else.
        """
        if value not in self.options:
            raise SensorSpecError(
                f"effect '{effect}', parameter '{self.name}': {value!r} is not allowed; "
                f"give one of {', '.join(self.options)}{suggestion(value, self.options)}"
            )
        return str(value)


@dataclass(frozen=True)
class EffectDefinition:
    """Name and parameters of one effect."""

    name: str
    parameters: tuple[NumberParameter | OptionParameter, ...]

    def check(self, values: Mapping[str, object]) -> dict[str, ParameterValue]:
        """Complete ``values`` with defaults and check each of them.

        Returns:
            Every parameter of the effect, in the order of its definition.

        Raises:
            SensorSpecError: unknown, missing or impossible parameter.
        """
        names = [parameter.name for parameter in self.parameters]
        for key in values:
            if key not in names:
                raise SensorSpecError(
                    f"effect '{self.name}' has no parameter {key!r}; it has {', '.join(names)}{suggestion(key, names)}"
                )
        checked: dict[str, ParameterValue] = {}
        for parameter in self.parameters:
            value = values.get(parameter.name, parameter.default)
            if value is None:
                raise SensorSpecError(f"effect '{self.name}': parameter '{parameter.name}' is missing")
            checked[parameter.name] = parameter.check(self.name, value)
        return checked


def suggestion(word: object, known: tuple[str, ...] | list[str]) -> str:
    """' (did you mean …?)' for the closest of ``known``, or nothing."""
    close = get_close_matches(str(word), known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
