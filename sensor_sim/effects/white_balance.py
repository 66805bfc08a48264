"""White balance: the camera takes the light for warmer or colder than it is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Light, LightEffect
from sensor_sim.frame_context import FrameContext

DAYLIGHT_MIRED = 1e6 / 6504.0
XYZ_TO_LINEAR_SRGB = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)


class WhiteBalance(LightEffect):
    """Gains per channel for a light of another colour temperature."""

    definition = EffectDefinition(
        "white_balance",
        (NumberParameter("mired_shift", "mired = 10⁶/K, warmer positive", -110.0, 300.0, neutral=0.0),),
        Stage.ISP,
        summary="Colour cast: balanced for warmer light the picture turns blue, for colder light orange.",
        formula="gain = RGB(6504 K)/RGB(10⁶/(153.75 + mired_shift) K) of the black-body curve, green gain 1",
        source="Kim et al. (2002), cubic fit of the Planckian locus; IEC 61966-2-1 primaries",
        axis=SeverityAxis(
            "mired_shift", 0.0, 300.0,
            steps=(40.0, 80.0, 130.0, 190.0, 260.0), reason="similarity of structure hardly sees a colour cast",
        ),
    )  # fmt: skip

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        for plane, gain in zip(light, channel_gains(self.strength(level)), strict=True):
            plane *= gain
        return light


@lru_cache(maxsize=64)
def channel_gains(mired_shift: float) -> tuple[np.float32, np.float32, np.float32]:
    """Gains of red, green, blue of a camera balanced for light ``mired_shift`` warmer than daylight."""
    gains = black_body_rgb(1e6 / DAYLIGHT_MIRED) / black_body_rgb(1e6 / (DAYLIGHT_MIRED + mired_shift))
    gains = (gains / gains[1]).astype(np.float32)
    return gains[0], gains[1], gains[2]


def black_body_xy(temperature_k: float) -> tuple[float, float]:
    """CIE 1931 chromaticity of a black body, 1667 to 25000 K."""
    t = 1e3 / temperature_k
    if temperature_k <= 4000.0:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if temperature_k <= 2222.0:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif temperature_k <= 4000.0:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    return x, y


def black_body_rgb(temperature_k: float) -> npt.NDArray[np.float64]:
    """Linear sRGB of a black body at luminance 1, float64 (3,)."""
    x, y = black_body_xy(temperature_k)
    return XYZ_TO_LINEAR_SRGB @ np.array([x / y, 1.0, (1.0 - x - y) / y])
