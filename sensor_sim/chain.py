"""The sensor chain: an ideal 8-bit frame in, what a real camera would deliver out.

The way of the light: glass in front of the lens, lens and motion (linear light) -> box blur -> chromatic aberration
-> readout, sensor noise, defects, white balance -> exposure -> noise -> tone curve -> transport of the codes.
``sensor_sim.effects.EFFECTS`` lists all effects in this order. Without any of the effects that have a class of their
own it is the chain of Hagn and Grau (2022) alone (``BaseChain``).

What they leave open is settled so:
- Fixed exposure and sRGB re-encoding are the default, so a single effect (only blur, say) keeps the
  brightness of the ideal picture. ``exposure`` switches their auto exposure on, ``gamma`` with
  ``curve: book`` its literal tone curve.
- Noise is in grey levels of the exposed picture. With ``curve: book`` that is their order exactly;
  with the display curve the encoding comes first, so that the noise keeps its size in the dark as well.
- The exposure's range is measured on the frame as it comes in, before blur, noise and everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np

from sensor_sim.base_chain import BaseChain
from sensor_sim.effects import BASE_EFFECTS, EFFECTS, chromatic_aberration, effect_class, exposure
from sensor_sim.effects.blur import decode_rows
from sensor_sim.effects.definition import Stage
from sensor_sim.effects.effect import Camera, Effect, Frame, Light, LightEffect, PictureEffect, effect_seed
from sensor_sim.effects.exposure_lag import ExposureMemory
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.frame_context import FrameContext
from sensor_sim.frame_settings import FrameSettings, settings_at
from sensor_sim.ranges import checked_number, checked_whole
from sensor_sim.schedule import SensorSchedule
from sensor_sim.transfer_curve import decode_table

DEFAULT_MOUNT_HEIGHT_M = 1.4
DEFAULT_PITCH_DEG = -6.0
MAX_SIDE_PX = 16384


class SensorChain:
    """Applies a schedule of camera effects to the frames of one camera.

    The result depends on (schedule, seed, tick, frame, motion of the car) alone, not on other chains or threads; with
    an effect that is ``stateful``, also on the frames since ``reset``, which must then come tick by tick.

    Args:
        schedule: which effects, when and how strong.
        width, height: camera size, px, 2..16384.
        fov_deg: horizontal field of view, degrees, 1..179.
        tick_s: simulation time between ticks, s, up to 10.
        mount_height_m: height of the camera above the road, m; only effects of the car's motion use it.
        pitch_deg: pitch of the camera, degrees, up positive, −90..90; as above, and for the place of the sun.

    Raises:
        SensorSpecError: impossible camera, or an effect too strong for it.
    """

    def __init__(
        self,
        schedule: SensorSchedule,
        width: int,
        height: int,
        fov_deg: float,
        tick_s: float,
        mount_height_m: float = DEFAULT_MOUNT_HEIGHT_M,
        pitch_deg: float = DEFAULT_PITCH_DEG,
    ) -> None:
        if not isinstance(schedule, SensorSchedule):
            raise SensorSpecError(f"schedule is {type(schedule).__name__}; give a SensorSchedule (see from_spec)")
        width = checked_whole("camera, field 'width'", width, 2, MAX_SIDE_PX)
        height = checked_whole("camera, field 'height'", height, 2, MAX_SIDE_PX)
        focal_px = chromatic_aberration.focal_px(width, fov_deg)
        tick_s = checked_number("camera, field 'tick_s'", tick_s, 1e-6, 10, "s")
        mount_height_m = checked_number("camera, field 'mount_height_m'", mount_height_m, 0, 1000, "m")
        pitch_deg = checked_number("camera, field 'pitch_deg'", pitch_deg, -90, 90, "degrees")
        self.schedule = schedule
        self._camera = Camera(width, height, focal_px, tick_s, mount_height_m, pitch_deg)
        self._seed: np.uint64 | None = None
        for entry in schedule.effects:
            if entry.effect == "chromatic_aberration":
                chromatic_aberration.check_k1(float(entry.parameters["k1"]), width, height, focal_px)
        self._base = BaseChain(width, height, focal_px)
        self._counts = np.empty((4, 256), np.int32)
        self._light: Light | None = None
        self._memory = ExposureMemory()
        self._effects = {
            entry.effect: effect_class(entry.effect)(self._camera, entry.parameters)
            for entry in schedule.effects
            if entry.effect not in BASE_EFFECTS
        }
        self._before, self._within, self._after = _in_order(self._effects)

    def reset(self, seed: int) -> None:
        """Start an episode. ``seed``: 0 .. 2^64 − 1, decides everything random together with the tick."""
        seed = checked_whole("seed", seed, 0, (1 << 64) - 1)
        self._seed = np.uint64(seed)
        self._memory.forget()
        for name, effect in self._effects.items():
            effect.reset(effect_seed(seed, name))

    def levels(self, tick: int) -> dict[str, float]:
        """Current severity level 0..1 of each scheduled effect."""
        return self.schedule.levels_at(tick * self._camera.tick_s)

    def apply(self, frame: Frame, context: FrameContext) -> Frame:
        """Degrade one frame.

        Args:
            frame: uint8 RGB (H, W, 3), sRGB-encoded; not modified.
            context: tick and motion of the car.

        Returns:
            uint8 RGB (H, W, 3): ``frame`` itself if nothing is active at this tick, otherwise another array, which
            must not be modified (a frozen picture is the same array every tick).

        Raises:
            SensorFrameError: wrong type or shape, or no ``reset`` before.
        """
        self._check(frame)
        if not isinstance(context.tick, Integral) or context.tick < 0:
            raise SensorFrameError(f"context, field 'tick': {context.tick!r} is not allowed; give a whole number >= 0")
        if self._seed is None:
            raise SensorFrameError("the chain has no seed yet; call reset(seed) before apply")
        levels = self.levels(context.tick)
        picture = self._developed(frame, levels, self._seed, context)
        for name, effect in self._after:
            if levels[name] > 0.0 or effect.definition.stateful:
                picture = effect.apply(picture, levels[name], context)
        return picture

    def _check(self, frame: Frame) -> None:
        wanted = (self._camera.height, self._camera.width, 3)
        if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.shape != wanted:
            found = f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
            raise SensorFrameError(f"frame is {found}; this chain takes uint8 RGB {wanted}")

    def _developed(self, frame: Frame, levels: dict[str, float], seed: np.uint64, context: FrameContext) -> Frame:
        """Everything up to the finished picture."""
        settings = settings_at(self.schedule, levels)
        before, within = _acting(self._before, levels), _acting(self._within, levels)
        if settings.changes_nothing and not before and not within:
            return frame
        codes = np.ascontiguousarray(frame)
        lo, hi = self._exposure_range(codes, settings)
        if not before and not within:
            return self._base.apply(codes, settings, lo, hi, seed, context.tick)
        light = self._decoded(codes)
        for effect, level in before:
            light = effect.apply(light, level, context)
        light = self._base.focused(light, settings)
        for effect, level in within:
            light = effect.apply(light, level, context)
        return self._base.finished(light, settings, lo, hi, seed, context.tick)

    def _exposure_range(self, codes: Frame, settings: FrameSettings) -> tuple[float, float]:
        """Range of linear light that becomes 0..255."""
        measured = None
        if settings.auto_exposure_level > 0.0:
            exposure.count_codes(codes.reshape(-1), self._counts)
            measured = exposure.measure_range(self._counts.sum(axis=0), decode_table(), settings.saturation_percent)
        lo, hi = exposure.range_at(measured, settings.auto_exposure_level, settings.gain)
        if settings.exposure_lag_s == 0.0:
            return lo, hi
        return self._memory.follow(lo, hi, self._camera.tick_s, settings.exposure_lag_s)

    def _decoded(self, codes: Frame) -> Light:
        """Linear light in the chain's own buffer."""
        if self._light is None:
            self._light = np.empty((3, *codes.shape[:2]), np.float32)
        for channel, plane in enumerate(self._light):
            decode_rows(codes[:, :, channel], decode_table(), plane)
        return self._light


_Before = list[tuple[str, LightEffect]]
_After = list[tuple[str, PictureEffect]]


def _in_order(effects: dict[str, Effect]) -> tuple[_Before, _Before, _After]:
    """Effects before, within and after the base chain, in the chain's order; plug-ins last in theirs."""
    known = list(EFFECTS)
    names = sorted(effects, key=lambda name: known.index(name) if name in known else len(known))
    before: _Before = []
    within: _Before = []
    after: _After = []
    for name in names:
        effect = effects[name]
        if isinstance(effect, PictureEffect):
            after.append((name, effect))
        elif isinstance(effect, LightEffect):
            (before if effect.definition.stage == Stage.OPTICS else within).append((name, effect))
    return before, within, after


def _acting(effects: Sequence[tuple[str, LightEffect]], levels: dict[str, float]) -> list[tuple[LightEffect, float]]:
    return [(effect, levels[name]) for name, effect in effects if levels[name] > 0.0 or effect.definition.stateful]
