"""Motion blur: the car drives and turns while the shutter is open."""

from __future__ import annotations

from collections.abc import Mapping

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.displacement import Resampler
from sensor_sim.effects.effect import Camera, Light, LightEffect
from sensor_sim.effects.ego_flow import EgoFlow
from sensor_sim.frame_context import FrameContext


class MotionBlur(LightEffect):
    """Mean of the light along the way that each point travels during the exposure."""

    definition = EffectDefinition(
        "motion_blur",
        (NumberParameter("exposure_s", "s", 0.0, 0.1, neutral=0.0),),
        Stage.OPTICS,
        summary="Streaks from the car's own speed and yaw rate during the exposure time; none at standstill.",
        formula="L' = mean of L over the flow of exposure_s, centred; flow of a flat road, scenery 40 m away",
        source="Longuet-Higgins and Prazdny, The interpretation of a moving retinal image (1980)",
        axis=SeverityAxis(
            "exposure_s", 0.0, 0.1,
            steps=(0.01, 0.02, 0.033, 0.05, 0.1),
            reason="at exposure times that a video camera can have, similarity stays high",
        ),
    )  # fmt: skip

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self._flow = EgoFlow(camera)
        self._resampler = Resampler(camera)

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        if context.speed_mps == 0.0 and context.yaw_rate_dps == 0.0:
            return light
        return self._resampler.mean_along(light, self._flow.displacement(context, self.strength(level)))
