"""Test frames and one-line chains."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sensor_sim.chain import SensorChain
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import SensorSchedule

Frame = npt.NDArray[np.uint8]

BOOK_LINEAR: dict[str, Any] = {"effect": "gamma", "parameters": {"gamma": 1.0, "curve": "book"}}
"""Output = rounded linear light: what the chain computes becomes directly visible."""


def effect(name: str, **parameters: Any) -> dict[str, Any]:
    """One entry of a schedule, active from the first tick on."""
    return {"effect": name, "parameters": parameters}


def chain(entries: list[dict[str, Any]], frame: Frame, fov_deg: float = 90.0, seed: int = 7) -> SensorChain:
    """A seeded chain for frames of this size at 20 Hz."""
    made = SensorChain(SensorSchedule.from_spec(entries), frame.shape[1], frame.shape[0], fov_deg, 0.05)
    made.reset(seed)
    return made


def context(tick: int) -> FrameContext:
    """A car at 10 m/s straight ahead."""
    return FrameContext(tick, 0.05, 10.0, 0.0)


def degrade(entries: list[dict[str, Any]], frame: Frame, tick: int = 0, **camera: Any) -> Frame:
    """One frame through a fresh chain."""
    return chain(entries, frame, **camera).apply(frame, context(tick))


def smooth_frame(width: int = 160, height: int = 90, seed: int = 1) -> Frame:
    """Soft coloured structure over the whole range of codes."""
    rough = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    soft = cv2.GaussianBlur(rough, (0, 0), 4.0)
    return np.asarray(cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX), np.uint8)
