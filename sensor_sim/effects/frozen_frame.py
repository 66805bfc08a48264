"""Frozen frame: the picture stands still for a while, although frames seem to arrive."""

from __future__ import annotations

from collections.abc import Mapping

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.effect import Camera, Frame, PictureEffect
from sensor_sim.frame_context import FrameContext

_SLACK_S = 1e-9


class FrozenFrame(PictureEffect):
    """Holds a frame for a time, shows one fresh frame, holds that, and so on."""

    definition = EffectDefinition(
        "frozen_frame",
        (NumberParameter("hold_s", "s", 0.0, 3600.0, neutral=0.0),),
        Stage.TRANSPORT,
        summary="The picture freezes; with a long hold time for as long as the effect lasts.",
        formula="from the onset on, the last fresh frame is shown until it is hold_s old",
        source="stuck frame grabber or encoder",
        axis=SeverityAxis(
            "hold_s", 0.0, 10.0,
            steps=(0.1, 0.25, 0.5, 1.0, 2.0), reason="a still picture does not show it",
        ),
        stateful=True,
    )  # fmt: skip

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self._held: tuple[int, Frame] | None = None

    def reset(self, seed: int) -> None:
        """Forget earlier frames."""
        super().reset(seed)
        self._held = None

    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """See ``PictureEffect.apply``."""
        if self._held is not None:
            tick, held = self._held
            age_s = (context.tick - tick) * self.camera.tick_s
            if age_s <= self.strength(level) + _SLACK_S and level > 0.0:
                return held
        self._held = (context.tick, picture.copy())
        return picture
