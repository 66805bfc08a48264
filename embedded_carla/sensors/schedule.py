"""When a sensor measures."""

from __future__ import annotations

from dataclasses import dataclass

_TOLERANCE_S = 1e-6
"""Ticks add up in floating point: 2 x 0.05 s must reach a sensor_tick of 0.1 s."""


@dataclass
class SensorSchedule:
    """The ``sensor_tick`` of a sensor: it measures only when that much simulated time has passed; 0 = every
    tick.

    The first measurement is at the first tick after the spawn.
    """

    sensor_tick_s: float = 0.0
    _last_s: float | None = None

    def is_due(self, time_s: float) -> bool:
        """True if the sensor measures at this simulation time; asks once per tick."""
        if self._last_s is not None and time_s - self._last_s < self.sensor_tick_s - _TOLERANCE_S:
            return False
        self._last_s = time_s
        return True
