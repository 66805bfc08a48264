"""What a calibration may change: a schedule whose free parameters are a vector of numbers between bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensor_sim.effects import definition_of
from sensor_sim.effects.chromatic_aberration import MAX_CORNER_DISTORTION, focal_px
from sensor_sim.errors import SensorSpecError
from sensor_sim.schedule import EffectSchedule, SensorSchedule

Values = npt.NDArray[np.float64]
_SHARE_OF_LARGEST_K1 = 0.8
_SHARE_OF_WIDTH = 0.03


@dataclass(frozen=True)
class FreeParameter:
    """One parameter that is searched.

    Attributes:
        effect, parameter: as in a schedule.
        low, high: bounds of the search, in the parameter's unit.
        start: value where the start preset lacks the effect.
        whole: whole numbers only, found by search instead of a gradient.
    """

    effect: str
    parameter: str
    low: float
    high: float
    start: float
    whole: bool = False

    @property
    def name(self) -> str:
        """``effect.parameter``."""
        return f"{self.effect}.{self.parameter}"


def hagn_grau_parameters(width_px: int, height_px: int, fov_deg: float) -> tuple[FreeParameter, ...]:
    """The five parameters of Hagn and Grau (2022), with bounds that make sense for this camera."""
    focal = focal_px(width_px, fov_deg)
    largest_k1 = _SHARE_OF_LARGEST_K1 * MAX_CORNER_DISTORTION * 4.0 * focal**2 / (width_px**2 + height_px**2)
    largest_k1 = min(largest_k1, 0.2)
    return (
        FreeParameter("exposure", "saturation_percent", 0.1, 10.0, 2.0),
        FreeParameter("noise", "sigma_dn", 0.1, 15.0, 3.0**0.5),
        FreeParameter("gamma", "gamma", 0.3, 2.5, 1.0),
        FreeParameter("chromatic_aberration", "k1", -largest_k1, largest_k1, 0.0),
        FreeParameter("blur", "width_px", 1.0, float(max(5, round(_SHARE_OF_WIDTH * width_px))), 1.0, whole=True),
    )


@dataclass(frozen=True)
class CameraModel:
    """A start schedule and what of it is free; effects of the schedule that are not free stay as they are.

    Raises:
        SensorSpecError: an effect that needs frames in their order, or more than one whole parameter.
    """

    base: SensorSchedule
    free: tuple[FreeParameter, ...]

    def __post_init__(self) -> None:
        for entry in self.base.effects:
            if definition_of(entry.effect).stateful:
                raise SensorSpecError(
                    f"effect '{entry.effect}' depends on earlier frames and cannot be calibrated on single ones; "
                    "take it out of the start preset"
                )
        if sum(parameter.whole for parameter in self.free) > 1:
            raise SensorSpecError("at most one free parameter may be a whole number")

    def start(self) -> Values:
        """The start schedule's values, moved into the bounds, float64 (number of free parameters,)."""
        present = {entry.effect: entry.parameters for entry in self.base.effects}
        found = [
            float(present[parameter.effect][parameter.parameter]) if parameter.effect in present else parameter.start
            for parameter in self.free
        ]
        clipped = [min(max(value, p.low), p.high) for value, p in zip(found, self.free, strict=True)]
        return np.array([float(round(v)) if p.whole else v for v, p in zip(clipped, self.free, strict=True)])

    def schedule(self, values: Sequence[float] | Values) -> SensorSchedule:
        """The camera with these values of the free parameters."""
        parameters = {entry.effect: dict(entry.parameters) for entry in self.base.effects}
        for free, value in zip(self.free, values, strict=True):
            parameters.setdefault(free.effect, {})[free.parameter] = float(value)
        return SensorSchedule(tuple(EffectSchedule(name, values) for name, values in parameters.items()))
