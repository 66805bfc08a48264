"""Exposure lag: the automatic exposure follows the light slowly."""

from __future__ import annotations

import math

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage

SATURATION_PERCENT = 2.0
"""Of the automatic exposure where ``exposure`` itself is not scheduled."""

DEFINITION = EffectDefinition(
    "exposure_lag",
    (NumberParameter("time_constant_s", "s", 0.0, 60.0, neutral=0.0),),
    Stage.SENSOR,
    summary="Too bright or too dark for a while after the light has changed. Brings automatic exposure along (2 % "
    "saturated) where none is scheduled.",
    formula="lo, hi of `exposure` follow their measured values with 1 − exp(−dt/time_constant_s) per tick",
    source="exponential moving average of the exposure's range",
    axis=SeverityAxis(
        "time_constant_s", 0.0, 10.0, steps=(0.1, 0.25, 0.5, 1.0, 2.0), reason="a still picture does not show it"
    ),
    stateful=True,
)


class ExposureMemory:
    """The exposure range in force; starts at the first measured one."""

    def __init__(self) -> None:
        self._range: tuple[float, float] | None = None

    def forget(self) -> None:
        """Start an episode."""
        self._range = None

    def follow(self, lo: float, hi: float, dt_s: float, time_constant_s: float) -> tuple[float, float]:
        """Range in force after ``dt_s`` more seconds, on its way to the measured [lo, hi]."""
        if self._range is None or time_constant_s == 0.0:
            self._range = (lo, hi)
        else:
            share = -math.expm1(-dt_s / time_constant_s)
            old_lo, old_hi = self._range
            self._range = (old_lo + share * (lo - old_lo), old_hi + share * (hi - old_hi))
        return self._range
