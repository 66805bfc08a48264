"""The parameters in force at one tick: targets of the schedule scaled by the current severity levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sensor_sim.effects import blur, chromatic_aberration, exposure_lag, gain, gamma, noise
from sensor_sim.schedule import SensorSchedule


@dataclass(frozen=True)
class FrameSettings:
    """Parameters of the whole chain for one frame; the defaults change nothing.

    Attributes:
        blur_width_px: box width, px, 1 = none.
        k1: chromatic aberration of red (blue: −k1).
        noise_sigma_dn: grey levels.
        gain: fixed exposure factor on linear light.
        auto_exposure_level: 0 = fixed exposure, 1 = the measured range.
        saturation_percent: share of values that auto exposure lets saturate.
        gamma: exponent of the tone curve.
        book_curve_level: 0 = sRGB encoding before gamma, 1 = none.
        quantise: ``late`` or ``book``.
        exposure_lag_s: time constant with which the exposure follows, 0 = at once.
    """

    blur_width_px: float = 1.0
    k1: float = 0.0
    noise_sigma_dn: float = 0.0
    gain: float = 1.0
    auto_exposure_level: float = 0.0
    saturation_percent: float = 0.0
    gamma: float = 1.0
    book_curve_level: float = 0.0
    quantise: str = "late"
    exposure_lag_s: float = 0.0

    @property
    def changes_nothing(self) -> bool:
        """True if the chain would return every frame as it is."""
        return self == FrameSettings(quantise=self.quantise, saturation_percent=self.saturation_percent)


def settings_at(schedule: SensorSchedule, levels: Mapping[str, float]) -> FrameSettings:
    """Scale every scheduled effect of the base chain by its level (0..1, by effect name)."""
    values: dict[str, float | str] = {}
    for entry in schedule.effects:
        level, target = levels[entry.effect], entry.parameters
        if level == 0.0:
            continue
        match entry.effect:
            case "blur":
                values["blur_width_px"] = blur.width_at(float(target["width_px"]), level)
            case "chromatic_aberration":
                values["k1"] = chromatic_aberration.k1_at(float(target["k1"]), level)
            case "noise":
                values["noise_sigma_dn"] = noise.sigma_at(float(target["sigma_dn"]), level)
            case "gain":
                values["gain"] = gain.gain_at(float(target["factor"]), level)
            case "exposure":
                values["auto_exposure_level"] = max(level, float(values.get("auto_exposure_level", 0.0)))
                values["saturation_percent"] = float(target["saturation_percent"])
            case "exposure_lag":
                values["exposure_lag_s"] = level * float(target["time_constant_s"])
                values["auto_exposure_level"] = max(level, float(values.get("auto_exposure_level", 0.0)))
                values.setdefault("saturation_percent", exposure_lag.SATURATION_PERCENT)
            case "gamma":
                values["gamma"] = gamma.gamma_at(float(target["gamma"]), level)
                values["book_curve_level"] = level if target["curve"] == "book" else 0.0
                values["quantise"] = str(target["quantise"])
    return FrameSettings(**values)  # type: ignore[arg-type]
