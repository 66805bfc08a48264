"""What an effect of its own class looks like: the contract for shipped effects and for plug-ins.

An effect acts on linear light (``LightEffect``) or on the finished picture (``PictureEffect``). The chain makes one
object per scheduled effect, calls ``reset`` at the start of each episode and ``apply`` once per tick.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from sensor_sim.effects.definition import EffectDefinition, ParameterValue
from sensor_sim.frame_context import FrameContext

Frame = npt.NDArray[np.uint8]
Light = npt.NDArray[np.float32]
"""Linear light, float32 (3, H, W), contiguous: red, green, blue; 1 = the brightest code of the incoming frame."""


@dataclass(frozen=True)
class Camera:
    """The camera an effect sits in.

    Attributes:
        width, height: picture size, px.
        focal_px: focal length, px; the principal point is the picture's middle.
        tick_s: time between frames, s.
        mount_height_m: height above the road, m.
        pitch_deg: pitch of the optical axis, degrees, up positive.
    """

    width: int
    height: int
    focal_px: float
    tick_s: float
    mount_height_m: float
    pitch_deg: float

    def rays(self) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        """Direction (x, y, 1) of every pixel, x right, y down: float64 (W,) and (H, 1)."""
        x = (np.arange(self.width) - 0.5 * (self.width - 1)) / self.focal_px
        y = (np.arange(self.height) - 0.5 * (self.height - 1)) / self.focal_px
        return x, y[:, None]


class Effect(ABC):
    """One scheduled effect in one camera.

    Args:
        camera: where it sits.
        parameters: target values, complete and checked.

    Raises:
        SensorSpecError: (constructor) the parameters do not fit this camera.
    """

    definition: ClassVar[EffectDefinition]

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        self.camera = camera
        self.parameters = parameters
        self.seed = 0

    def reset(self, seed: int) -> None:
        """Start an episode: forget earlier frames, take the effect's own 64-bit seed."""
        self.seed = seed

    def number(self, name: str) -> float:
        """Target value of a number parameter."""
        return float(self.parameters[name])

    def strength(self, level: float) -> float:
        """Value of the severity parameter at ramp level ``level`` 0..1, on the way from neutral to target."""
        parameter = self.definition.number(self.definition.axis.parameter)
        neutral = 0.0 if parameter.neutral is None else parameter.neutral
        return neutral + level * (self.number(parameter.name) - neutral)


class LightEffect(Effect):
    """An effect on linear light."""

    @abstractmethod
    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """Change one frame of linear light.

        Args:
            light: float32 (3, H, W), the effect's to overwrite.
            level: ramp level, above 0 up to 1 (0 as well, every tick, if the effect is stateful).
            context: tick and motion of the car.

        Returns:
            float32 (3, H, W), contiguous: ``light`` or a new array.
        """


class PictureEffect(Effect):
    """An effect on the finished picture."""

    @abstractmethod
    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """Change one finished picture.

        Args:
            picture: uint8 RGB (H, W, 3), not to be overwritten.
            level, context: as for ``LightEffect``.

        Returns:
            uint8 RGB (H, W, 3): ``picture``, an earlier one, or a new array.
        """


def effect_seed(seed: int, name: str) -> int:
    """64-bit seed of one effect, so that adding or removing another effect changes none of its draws."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big")


def frame_rng(seed: int, tick: int) -> np.random.Generator:
    """Random numbers that belong to (effect, tick) alone."""
    return np.random.Generator(np.random.PCG64([seed, tick]))
