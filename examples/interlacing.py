"""A sensor effect of one's own: every second row is late, as from an interlaced camera.

Use it in a scenario: ``effects: [{effect: "examples.interlacing:Interlacing", share: 0.8}]``.
"""

from __future__ import annotations

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Frame, PictureEffect
from sensor_sim.frame_context import FrameContext


class Interlacing(PictureEffect):
    """Mixes the odd rows of the frame before into this frame."""

    definition = EffectDefinition(
        name="examples.interlacing:Interlacing",
        parameters=(NumberParameter("share", "share of the frame before", 0.0, 1.0, neutral=0.0),),
        stage=Stage.TRANSPORT,
        summary="Odd rows come from the frame before.",
        formula="odd rows = (1 − share) · this frame + share · frame before",
        source="two fields per frame, as in interlaced video",
        axis=SeverityAxis("share", 0.0, 1.0),
        stateful=True,
    )

    def reset(self, seed: int) -> None:
        """Start an episode: no frame before."""
        super().reset(seed)
        self._before: Frame | None = None

    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """uint8 RGB (H, W, 3) in and out."""
        before, self._before = self._before, picture
        if before is None or level == 0.0:
            return picture
        share = self.strength(level)
        mixed = picture.copy()
        mixed[1::2] = ((1.0 - share) * picture[1::2] + share * before[1::2]).round().astype(picture.dtype)
        return mixed
