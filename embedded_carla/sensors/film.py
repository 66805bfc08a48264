"""Exposure and gamma of one RGB camera, applied to the finished display values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from embedded_carla.render.lighting import TONE_ENTRIES, TONE_WHITE, display_radiance, tone_table

DEFAULT_GAMMA = 2.2
DEFAULT_ISO, DEFAULT_SHUTTER, DEFAULT_FSTOP = 100.0, 200.0, 1.4
STOPS_RANGE = (-16.0, 16.0)
GAMMA_RANGE = (0.2, 10.0)


class Film(NamedTuple):
    """What a camera does with light.

    Attributes:
        gain: factor on radiance, relative to the exposure that the weather decides.
        gamma: of the display; more than 2.2 lifts the dark tones.
    """

    gain: float = 1.0
    gamma: float = DEFAULT_GAMMA

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> Film:
        """Read CARLA's exposure attributes; a camera without them (depth, classes) has the default film.

        ``exposure_compensation`` counts stops in both modes. In mode ``manual``, ``iso``, ``shutter_speed`` (1/s) and
        ``fstop`` count relative to their defaults; in mode ``histogram`` they cancel out, as in CARLA.

        Raises:
            ValueError: not a number, not positive, or out of range.
        """

        def positive(name: str, default: float) -> float:
            value = float(attributes.get(name, default))
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} must be a positive number, got {attributes[name]!r}")
            return value

        stops = float(attributes.get("exposure_compensation", 0.0))
        if attributes.get("exposure_mode", "histogram") == "manual":
            light = positive("iso", DEFAULT_ISO) / DEFAULT_ISO * DEFAULT_SHUTTER
            light /= positive("shutter_speed", DEFAULT_SHUTTER)
            light *= (DEFAULT_FSTOP / positive("fstop", DEFAULT_FSTOP)) ** 2
            stops += math.log2(light)
        gamma = positive("gamma", DEFAULT_GAMMA)
        if not STOPS_RANGE[0] <= stops <= STOPS_RANGE[1]:
            raise ValueError(
                f"the exposure must lie within {STOPS_RANGE[0]:g}..{STOPS_RANGE[1]:g} stops, got {stops:g}"
            )
        if not GAMMA_RANGE[0] <= gamma <= GAMMA_RANGE[1]:
            raise ValueError(f"gamma must be {GAMMA_RANGE[0]:g}..{GAMMA_RANGE[1]:g}, got {gamma:g}")
        return cls(2.0**stops, gamma)

    def develop(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The picture as this film shows it. uint8 BGRA (H, W, 4), alpha kept; the default film changes nothing."""
        if self == Film():
            return picture
        return np.asarray(cv2.LUT(picture, _table(self)), dtype=np.uint8)


@lru_cache(maxsize=64)
def _table(film: Film) -> npt.NDArray[np.uint8]:
    """(1, 256, 4) new display value of each old one, by channel.

    Each display value is taken back to the radiance it stands for; radiance above the range of the display is lost, so
    a darkening film shows clipped places grey, as a scanned photograph would.
    """
    radiance = display_radiance().astype(np.float64) * film.gain
    entries = np.clip(np.sqrt(radiance / TONE_WHITE) * (TONE_ENTRIES - 1) + 0.5, 0, TONE_ENTRIES - 1).astype(np.int64)
    shown = tone_table()[entries] if film.gain != 1.0 else np.arange(256)
    shown = np.floor(255.0 * (shown / 255.0) ** (DEFAULT_GAMMA / film.gamma) + 0.5).astype(np.uint8)
    return np.stack([shown, shown, shown, np.arange(256, dtype=np.uint8)], axis=-1)[None]
