"""Dropped frames: a lost frame is replaced by the last one that arrived."""

from __future__ import annotations

from collections.abc import Mapping

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.effect import Camera, Frame, PictureEffect, frame_rng
from sensor_sim.frame_context import FrameContext


class DroppedFrames(PictureEffect):
    """Each frame is lost with a probability of its own; the first one always arrives."""

    definition = EffectDefinition(
        "dropped_frames",
        (NumberParameter("probability", "per frame", 0.0, 1.0, neutral=0.0),),
        Stage.TRANSPORT,
        summary="Stutter: frames are lost and the last one is shown again.",
        formula="x'(tick) = x(tick) with probability 1 − p, else x'(tick − 1); drawn for (seed, tick)",
        source="packet loss without concealment",
        axis=SeverityAxis(
            "probability", 0.0, 1.0,
            steps=(0.1, 0.25, 0.5, 0.75, 0.9), reason="a still picture does not show it",
        ),
        stateful=True,
    )  # fmt: skip

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self._shown: Frame | None = None

    def reset(self, seed: int) -> None:
        """Forget earlier frames."""
        super().reset(seed)
        self._shown = None

    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """See ``PictureEffect.apply``."""
        lost = frame_rng(self.seed, context.tick).random() < self.strength(level)
        if self._shown is not None and lost:
            return self._shown
        self._shown = picture.copy()
        return picture
