"""Black frame: now and then a frame arrives without content."""

from __future__ import annotations

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Frame, PictureEffect, frame_rng
from sensor_sim.frame_context import FrameContext


class BlackFrame(PictureEffect):
    """Each frame is black with a probability of its own."""

    definition = EffectDefinition(
        "black_frame",
        (NumberParameter("probability", "per frame", 0.0, 1.0, neutral=0.0),),
        Stage.TRANSPORT,
        summary="Whole frames are black.",
        formula="x' = 0 with the given probability, drawn for (seed, tick)",
        source="loss of signal of a camera link",
        axis=SeverityAxis(
            "probability", 0.0, 1.0,
            steps=(0.1, 0.2, 0.3, 0.4, 0.5),
            reason="a frame is whole or lost; a black one has similarity near 0, so the mean over time is 1 − V/10",
        ),
    )  # fmt: skip

    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """See ``PictureEffect.apply``."""
        lost = frame_rng(self.seed, context.tick).random() < self.strength(level)
        return np.zeros_like(picture) if lost else picture
