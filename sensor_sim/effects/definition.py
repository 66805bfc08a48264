"""How an effect describes itself, so that a schedule can be checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Literal

from sensor_sim.errors import SensorSpecError
from sensor_sim.ranges import checked_number

HAGN_GRAU = (
    "Hagn and Grau, Optimized data synthesis for DNN training and validation by sensor artifact simulation (2022)"
)

ParameterValue = float | str
"""A number in the parameter's unit, or the name of an option."""


class Stage(StrEnum):
    """Where on the way of the light an effect acts; the chain applies the stages in this order."""

    OPTICS = "optics"
    """Glass in front of the lens, the lens, motion during the exposure: linear light."""
    SENSOR = "sensor"
    """Pixels and their readout, exposure: linear light."""
    ISP = "isp"
    """White balance and tone curve: linear light to codes."""
    TRANSPORT = "transport"
    """Digital picture on its way: codes."""


@dataclass(frozen=True)
class NumberParameter:
    """A number with a unit and a closed range.

    Attributes:
        name: key in the schedule.
        unit: physical unit, for messages and documentation.
        low, high: allowed range, both included.
        default: value when the schedule leaves it out; None = must be given.
        neutral: value that changes nothing, from which a ramp starts; None = the ramp does not touch the parameter.
        transfer: how it goes to another camera: ``width``, a length that grows with the picture's width; ``edge``, a
            radial coefficient that keeps the displacement at the left and right edge per width; None, unchanged.
    """

    name: str
    unit: str
    low: float
    high: float
    default: float | None = None
    neutral: float | None = None
    transfer: Literal["width", "edge"] | None = None

    def check(self, effect: str, value: object) -> float:
        """Return ``value`` as a float in range.

        Raises:
            SensorSpecError: not a finite number, or outside the range.
        """
        return checked_number(f"effect '{effect}', parameter '{self.name}'", value, self.low, self.high, self.unit)

    @property
    def allowed(self) -> str:
        """What may be given, for messages."""
        return f"a number from {self.low:g} to {self.high:g} ({self.unit})"


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
        if not isinstance(value, str) or value not in self.options:
            raise SensorSpecError(
                f"effect '{effect}', parameter '{self.name}': {value!r:.100} is not allowed; "
                f"give {self.allowed}{suggestion(value, self.options)}"
            )
        return value

    @property
    def allowed(self) -> str:
        """What may be given, for messages."""
        return f"one of {', '.join(self.options)}"


@dataclass(frozen=True)
class SeverityAxis:
    """The parameter by which severity is set, between an end that changes (next to) nothing and the strongest.

    Attributes:
        parameter: name of a number parameter; the others keep their defaults.
        weakest, strongest: its values at positions 0 and 1; the strongest that a test makes sense with, at a picture
            width of 320 px for lengths in pixels.
        log: positions are even in the logarithm of the value.
        steps: values at severities 1 to 5 where similarity of still pictures cannot define them, else None.
        reason: why not; empty without ``steps``.
    """

    parameter: str
    weakest: float
    strongest: float
    log: bool = False
    steps: tuple[float, float, float, float, float] | None = None
    reason: str = ""

    def value_at(self, position: float) -> float:
        """Value of the parameter at ``position`` 0..1."""
        if self.log:
            return self.weakest * (self.strongest / self.weakest) ** position
        return self.weakest + position * (self.strongest - self.weakest)

    def position_of(self, value: float) -> float:
        """Position 0..1 of a value; both directions of a two-sided parameter count alike."""
        if self.log:
            position = math.log(value / self.weakest) / math.log(self.strongest / self.weakest)
        else:
            position = abs(value - self.weakest) / abs(self.strongest - self.weakest)
        return min(max(position, 0.0), 1.0)


@dataclass(frozen=True)
class EffectDefinition:
    """What one effect is.

    Attributes:
        name: key in a schedule.
        parameters: all of them.
        stage: where on the way of the light.
        summary: what it does, for a reader, one sentence.
        formula: how it is computed.
        source: where that comes from.
        axis: what severity means.
        stateful: True if the picture depends on earlier frames since ``reset``, not on the tick alone.
    """

    name: str
    parameters: tuple[NumberParameter | OptionParameter, ...]
    stage: Stage
    summary: str
    formula: str
    source: str
    axis: SeverityAxis
    stateful: bool = False

    def number(self, name: str) -> NumberParameter:
        """The number parameter of this name.

        Raises:
            KeyError: it has none.
        """
        for parameter in self.parameters:
            if parameter.name == name and isinstance(parameter, NumberParameter):
                return parameter
        raise KeyError(f"effect '{self.name}' has no number parameter {name!r}")

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
                    f"effect '{self.name}' has no parameter {key!r:.100}; it has {', '.join(names)}"
                    f"{suggestion(key, names)}"
                )
        checked: dict[str, ParameterValue] = {}
        for parameter in self.parameters:
            value = values.get(parameter.name, parameter.default)
            if value is None and parameter.name not in values:
                raise SensorSpecError(
                    f"effect '{self.name}': parameter '{parameter.name}' is missing; give {parameter.allowed}"
                )
            checked[parameter.name] = parameter.check(self.name, value)
        return checked


def suggestion(word: object, known: tuple[str, ...] | list[str]) -> str:
    """' (did you mean …?)' for the closest of ``known``, or nothing."""
    close = get_close_matches(str(word), known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
