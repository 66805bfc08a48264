"""Pictures of effects that a single frame does not show: some ticks of a drive, and what arrived of them."""

from __future__ import annotations

import cv2
import numpy as np

from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS
from sensor_sim.effects.effect import Frame
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from sensor_sim.severities.calibration import FOV_DEG, SPEED_MPS, TICK_S, YAW_RATE_DPS
from sensor_sim.severities.table import severity_parameters

FILMED = frozenset(name for name, definition in EFFECTS.items() if definition.stateful) | {"black_frame"}
"""Effects whose pictures are films: those with a memory, and one that strikes whole frames."""

TICKS = 6
ONSET_TICK = 2
"""The effect sets in here; ``exposure_lag`` acts all the time, and the light changes here."""
APPROACH_PER_TICK = 1.06
"""Each tick shows the scene so much larger, as if driving into it, faster than a car does."""
DARK_FACTOR = 0.25
"""Light before the change, as in a tunnel."""
SEED = 3


def film(name: str, severity: int, frame: Frame, fov_deg: float = FOV_DEG) -> tuple[list[Frame], list[Frame]]:
    """What the camera saw and what arrived, tick by tick; each frame carries the number of its tick.

    Args:
        name: an effect of ``FILMED``.
        severity: 1 to 5.
        frame: uint8 RGB (H, W, 3), the first.
        fov_deg: horizontal field of view.
    """
    height, width = frame.shape[:2]
    changing_light = name == "exposure_lag"
    onset_s = 0.0 if changing_light else ONSET_TICK * TICK_S
    parameters = severity_parameters(name, severity, width, fov_deg)
    chain = SensorChain(SensorSchedule((EffectSchedule(name, parameters, onset_s),)), width, height, fov_deg, TICK_S)
    chain.reset(SEED)
    seen = _drive(frame)
    if changing_light:
        seen = [*(_dark(scene, fov_deg) for scene in seen[:ONSET_TICK]), *seen[ONSET_TICK:]]
    else:
        seen = [_numbered(scene, tick) for tick, scene in enumerate(seen)]
    arrived = [
        chain.apply(scene, FrameContext(tick, TICK_S, SPEED_MPS, YAW_RATE_DPS)) for tick, scene in enumerate(seen)
    ]
    if changing_light:
        # Every frame arrives in time; white digits before the camera would decide its exposure.
        seen, arrived = ([_numbered(picture, n) for n, picture in enumerate(row)] for row in (seen, arrived))
    return seen, arrived


def _drive(frame: Frame) -> list[Frame]:
    """The frame, magnified a little more about its middle on every tick."""
    height, width = frame.shape[:2]
    scenes = []
    for tick in range(TICKS):
        zoom = APPROACH_PER_TICK**tick
        shift = np.array([[zoom, 0.0, 0.5 * width * (1.0 - zoom)], [0.0, zoom, 0.5 * height * (1.0 - zoom)]])
        scenes.append(np.asarray(cv2.warpAffine(frame, shift, (width, height)), np.uint8))
    return scenes


def _dark(frame: Frame, fov_deg: float) -> Frame:
    dark = SensorSchedule((EffectSchedule("gain", {"factor": DARK_FACTOR}),))
    chain = SensorChain(dark, frame.shape[1], frame.shape[0], fov_deg, TICK_S)
    chain.reset(0)
    return chain.apply(frame, FrameContext(0, TICK_S, 0.0, 0.0))


def _numbered(frame: Frame, tick: int) -> Frame:
    """The frame with its tick written large at the lower left."""
    scale = frame.shape[1] / 110.0
    place = (frame.shape[1] // 24, frame.shape[0] - frame.shape[0] // 16)
    marked = frame.copy()
    for colour, thickness in (((0, 0, 0), 4.0), ((255, 255, 255), 1.6)):
        cv2.putText(marked, str(tick), place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, max(1, round(thickness * scale)))
    return marked
