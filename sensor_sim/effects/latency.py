"""Latency: every frame arrives late."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.effect import Camera, Frame, PictureEffect
from sensor_sim.frame_context import FrameContext


class Latency(PictureEffect):
    """Shows the frame of some ticks ago."""

    definition = EffectDefinition(
        "latency",
        (NumberParameter("delay_s", "s", 0.0, 5.0, neutral=0.0),),
        Stage.TRANSPORT,
        summary="The picture lags behind the world by a fixed time.",
        formula="x'(tick) = x(tick − round(delay_s/dt)); the first frame while there is none so old",
        source="buffering in a camera pipeline",
        axis=SeverityAxis(
            "delay_s", 0.0, 1.0,
            steps=(0.05, 0.1, 0.2, 0.4, 0.8), reason="a still picture does not show it",
        ),
        stateful=True,
    )  # fmt: skip

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self._recent: deque[Frame] = deque(maxlen=round(self.number("delay_s") / camera.tick_s) + 1)

    def reset(self, seed: int) -> None:
        """Forget earlier frames."""
        super().reset(seed)
        self._recent.clear()

    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """See ``PictureEffect.apply``."""
        self._recent.append(picture.copy())
        delay = round(self.strength(level) / self.camera.tick_s)
        return picture if delay == 0 else self._recent[max(len(self._recent) - 1 - delay, 0)]
