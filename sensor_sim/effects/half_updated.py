"""Half-updated picture: the lower rows are still those of an earlier frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.effect import Camera, Frame, PictureEffect
from sensor_sim.frame_context import FrameContext


class HalfUpdated(PictureEffect):
    """Upper rows new, lower rows old, as when a frame buffer is read while it is written."""

    definition = EffectDefinition(
        "half_updated",
        (
            NumberParameter("stale_share", "share of rows, from below", 0.0, 1.0, neutral=0.0),
            NumberParameter("age_s", "s", 0.0, 2.0, default=0.1),
        ),
        Stage.TRANSPORT,
        summary="A tear across the picture: below it the scene is old.",
        formula="rows from (1 − stale_share)·H on are those of age_s ago, at least one tick",
        source="read-write race of a frame buffer",
        axis=SeverityAxis(
            "stale_share", 0.0, 1.0,
            steps=(0.1, 0.25, 0.5, 0.75, 1.0), reason="a still picture does not show it",
        ),
        stateful=True,
    )  # fmt: skip

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self._earlier: deque[Frame] = deque(maxlen=max(1, round(self.number("age_s") / camera.tick_s)))

    def reset(self, seed: int) -> None:
        """Forget earlier frames."""
        super().reset(seed)
        self._earlier.clear()

    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """See ``PictureEffect.apply``."""
        stale_rows = round(self.strength(level) * picture.shape[0])
        old = self._earlier[0] if self._earlier else picture
        self._earlier.append(picture.copy())
        if stale_rows == 0:
            return picture
        torn = picture.copy()
        torn[-stale_rows:] = old[-stale_rows:]
        return torn
