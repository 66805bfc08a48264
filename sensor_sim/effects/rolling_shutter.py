"""Rolling shutter: rows are read one after the other while the car moves on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.displacement import Resampler
from sensor_sim.effects.effect import Camera, Light, LightEffect
from sensor_sim.effects.ego_flow import EgoFlow
from sensor_sim.frame_context import FrameContext


class RollingShutter(LightEffect):
    """Each row shows the scene as it was at the row's own time; the middle row is in time."""

    definition = EffectDefinition(
        "rolling_shutter",
        (NumberParameter("readout_s", "s", 0.0, 0.1, neutral=0.0),),
        Stage.SENSOR,
        summary="Upright edges lean when the car turns; the picture's top is older than its bottom.",
        formula="row v shows the time (v/(H − 1) − ½)·readout_s: L'(p) = L(p − flow·time)",
        source="Meingast, Geyer and Sastry, Geometric models of rolling-shutter cameras (2005)",
        axis=SeverityAxis(
            "readout_s", 0.0, 0.1,
            steps=(0.01, 0.02, 0.033, 0.05, 0.1),
            reason="at readout times that a video camera can have, similarity stays high",
        ),
    )  # fmt: skip

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self._flow = EgoFlow(camera)
        self._resampler = Resampler(camera)
        self._row_time = np.linspace(-0.5, 0.5, camera.height, dtype=np.float32)[:, None]

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        if context.speed_mps == 0.0 and context.yaw_rate_dps == 0.0:
            return light
        right, down = self._flow.displacement(context, self.strength(level))
        return self._resampler.move(light, (right * self._row_time, down * self._row_time), -1.0)
