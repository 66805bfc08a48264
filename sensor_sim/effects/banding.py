"""Banding: lamps that flicker with the mains leave bright and dark rows in a rolling shutter."""

from __future__ import annotations

import math

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Light, LightEffect
from sensor_sim.frame_context import FrameContext


class Banding(LightEffect):
    """Light that oscillates from row to row and from frame to frame."""

    definition = EffectDefinition(
        "banding",
        (
            NumberParameter("modulation", "share of the mean light", 0.0, 1.0, neutral=0.0),
            NumberParameter("frequency_hz", "Hz", 1.0, 1000.0, default=100.0),
            NumberParameter("readout_s", "s", 0.001, 0.2, default=0.03),
        ),
        Stage.SENSOR,
        summary="Horizontal bands that may wander, as under street lamps.",
        formula="L' = L·(1 + modulation·sin(2π·frequency_hz·(tick·dt + readout_s·v/H)))",
        source="light flicker in rolling shutters: IEEE P2020 automotive image quality (2018)",
        axis=SeverityAxis("modulation", 0.0, 1.0),
    )

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        rows = np.arange(self.camera.height) / self.camera.height
        time_s = context.tick * self.camera.tick_s + self.number("readout_s") * rows
        wave = np.sin(2.0 * math.pi * np.mod(self.number("frequency_hz") * time_s, 1.0))
        light *= (1.0 + self.strength(level) * wave).astype(np.float32)[:, None]
        return light
