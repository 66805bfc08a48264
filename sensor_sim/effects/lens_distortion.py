"""Lens distortion: straight lines bend, all colours alike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.displacement import Displacement, Resampler
from sensor_sim.effects.effect import Camera, Light, LightEffect
from sensor_sim.errors import SensorSpecError
from sensor_sim.frame_context import FrameContext

MAX_CORNER_DISTORTION = 0.3
"""Largest |k1|·r² in the picture's corner; below −1/3 the map folds over."""
_TABLE_STEPS = 1024


class LensDistortion(LightEffect):
    """Resampling at the inverse of the radial map; a barrel is magnified until it fills the picture."""

    definition = EffectDefinition(
        "lens_distortion",
        (NumberParameter("k1", "1/1, radial coefficient", -0.5, 0.5, neutral=0.0, transfer="edge"),),
        Stage.OPTICS,
        summary="Barrel (k1 < 0) or pincushion (k1 > 0) distortion.",
        formula="x_d = x·(1 + k1·r²); for k1 < 0 magnified by 1/(1 + k1·r_corner²), so that no border shows",
        source="Brown, Decentering distortion of lenses (1966); OpenCV's k1",
        axis=SeverityAxis("k1", 0.0, -0.22),
    )

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        x, y = camera.rays()
        self._r2 = x**2 + y**2
        self._corner_r2 = float(self._r2[0, 0])
        limit = MAX_CORNER_DISTORTION / self._corner_r2
        if abs(self.number("k1")) > limit:
            raise SensorSpecError(
                f"effect 'lens_distortion', parameter 'k1': {self.number('k1'):g} is not allowed for a "
                f"{camera.width}×{camera.height} camera with focal length {camera.focal_px:.1f} px; "
                f"give a number from {-limit:.4g} to {limit:.4g}"
            )
        self._resampler = Resampler(camera)
        self._cached: tuple[float, Displacement] | None = None

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        k1 = self.strength(level)
        if k1 == 0.0:
            return light
        if self._cached is None or self._cached[0] != k1:
            self._cached = (k1, self._displacement(k1))
        return self._resampler.move(light, self._cached[1], 1.0)

    def _displacement(self, k1: float) -> Displacement:
        """From each pixel of the output to its source, px."""
        shrink = min(1.0 + k1 * self._corner_r2, 1.0)
        distorted_r2 = np.linspace(0.0, self._corner_r2 * shrink**2, _TABLE_STEPS + 1)
        ratio = np.ones_like(distorted_r2)
        for _ in range(20):  # Newton on s + k1·r_d²·s³ = 1
            a = k1 * distorted_r2
            ratio -= (ratio + a * ratio**3 - 1.0) / (1.0 + 3.0 * a * ratio**2)
        factor = (shrink * np.interp(self._r2 * shrink**2, distorted_r2, ratio) - 1.0).astype(np.float32)
        centre_x, centre_y = 0.5 * (self.camera.width - 1), 0.5 * (self.camera.height - 1)
        return factor * (self._resampler.column - centre_x), factor * (self._resampler.row - centre_y)
