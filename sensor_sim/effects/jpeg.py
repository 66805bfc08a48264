"""JPEG: blocks and ringing of a compressed video link."""

from __future__ import annotations

import cv2
import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Frame, PictureEffect
from sensor_sim.frame_context import FrameContext


class Jpeg(PictureEffect):
    """Baseline JPEG with halved colour resolution, there and back."""

    definition = EffectDefinition(
        "jpeg",
        (NumberParameter("quality", "IJG quality, 100 = not compressed", 1.0, 100.0, neutral=100.0),),
        Stage.TRANSPORT,
        summary="Blocks of 8 × 8 pixels, ringing at edges, coarse colours.",
        formula="x' = decode(encode(x, quality rounded)), 4:2:0; quality 100 leaves the picture alone, below 3 the "
        "tables hardly change",
        source="ITU-T T.81; libjpeg's quality scale",
        axis=SeverityAxis("quality", 100.0, 1.0),
    )

    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """See ``PictureEffect.apply``."""
        quality = round(self.strength(level))
        if quality == 100:
            return picture
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        return np.asarray(cv2.cvtColor(np.asarray(decoded), cv2.COLOR_BGR2RGB), np.uint8)
