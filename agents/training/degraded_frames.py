"""Single pictures behind one camera effect at a calibrated severity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import SensorSchedule
from sensor_sim.severities.table import calibration, severity_parameters

TICK_S = 0.05
FOV_DEG = 90.0
SPEED_MPS, YAW_RATE_DPS = 12.0, 6.0
"""Motion that effects of the car's own movement are shown with."""


def single_frame_effects() -> tuple[str, ...]:
    """Calibrated effects that change a picture by itself: those with a memory need the pictures before it."""
    calibrated = calibration()["effects"]
    return tuple(name for name, effect in EFFECTS.items() if name in calibrated and not effect.stateful)


def degraded_frames(
    pictures: npt.NDArray[np.uint8], effect: str, severity: int, seed: int = 0
) -> npt.NDArray[np.uint8]:
    """Each picture (N, H, W, 3) behind the effect, as in a picture of a drive at 12 m/s in a gentle left curve."""
    height, width = pictures.shape[1:3]
    parameters = severity_parameters(effect, severity, width, FOV_DEG)
    schedule = SensorSchedule.from_spec([{"effect": effect, "parameters": parameters}])
    chain = SensorChain(schedule, width, height, FOV_DEG, TICK_S)
    chain.reset(seed)
    contexts = [FrameContext(tick, TICK_S, SPEED_MPS, YAW_RATE_DPS) for tick in range(len(pictures))]
    return np.stack([chain.apply(p, context).copy() for p, context in zip(pictures, contexts, strict=True)])
