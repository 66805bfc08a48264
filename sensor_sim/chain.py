"""The sensor chain: an ideal 8-bit frame in, what a real camera would deliver out.

Order of Hagn and Grau (2022): decode sRGB to linear light -> box blur -> chromatic aberration -> noise ->
exposure -> tone curve.

What they leave open is settled so:
- Fixed exposure and sRGB re-encoding are the default, so a single effect (only blur, say) keeps the
  brightness of the ideal picture. ``exposure`` switches their auto exposure on, ``gamma`` with
  ``curve: book`` its literal tone curve.
- Noise is in grey levels of the exposed picture. With ``curve: book`` that is their order exactly;
  with the display curve the encoding comes first, so that the noise keeps its size in the dark as well.
- The exposure's range is measured on the frame as it comes in, before blur and noise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensor_sim.base_chain import BaseChain
from sensor_sim.effects import chromatic_aberration, exposure
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.frame_context import FrameContext
from sensor_sim.frame_settings import FrameSettings, settings_at
from sensor_sim.schedule import SensorSchedule
from sensor_sim.transfer_curve import decode_table

Frame = npt.NDArray[np.uint8]


class SensorChain:
    """Applies a schedule of camera effects to the frames of one camera.

    The result depends on (schedule, seed, tick, frame) alone: not on earlier frames, other chains or threads.

    Args:
        schedule: which effects, when and how strong.
        width, height: camera size, px.
        fov_deg: horizontal field of view, degrees, 1..179.
        tick_s: simulation time between ticks, s.

    Raises:
        SensorSpecError: impossible camera, or an effect too strong for it.
    """

    def __init__(self, schedule: SensorSchedule, width: int, height: int, fov_deg: float, tick_s: float) -> None:
        if width < 2 or height < 2 or not 1.0 <= fov_deg <= 179.0 or not 0.0 < tick_s <= 10.0:
            raise SensorSpecError(
                f"camera {width}×{height} px, fov_deg {fov_deg!r}, tick_s {tick_s!r} is not allowed; "
                "give at least 2×2 px, fov_deg from 1 to 179 and tick_s above 0 up to 10"
            )
        self.schedule = schedule
        self._width, self._height = width, height
        self._focal_px = chromatic_aberration.focal_px(width, fov_deg)
        self._tick_s = tick_s
        self._seed: np.uint64 | None = None
        for entry in schedule.effects:
            if entry.effect == "chromatic_aberration":
                chromatic_aberration.check_k1(float(entry.parameters["k1"]), width, height, self._focal_px)
        self._base = BaseChain(width, height, self._focal_px)
        self._counts = np.empty((4, 256), np.int32)

    def reset(self, seed: int) -> None:
        """Start an episode. ``seed``: 0 .. 2^64 − 1, decides the noise together with the tick."""
        if not 0 <= seed < 1 << 64:
            raise SensorSpecError(f"seed {seed!r} is not allowed; give an integer from 0 to 2^64 - 1")
        self._seed = np.uint64(seed)

    def levels(self, tick: int) -> dict[str, float]:
        """Current severity level 0..1 of each scheduled effect."""
        return self.schedule.levels_at(tick * self._tick_s)

    def apply(self, frame: Frame, context: FrameContext) -> Frame:
        """Degrade one frame.

        Args:
            frame: uint8 RGB (H, W, 3), sRGB-encoded; not modified.
            context: tick and motion of the car.

        Returns:
            uint8 RGB (H, W, 3): ``frame`` itself if nothing is active at this tick, otherwise a new array.

        Raises:
            SensorFrameError: wrong type or shape, or no ``reset`` before.
        """
        self._check(frame)
        if self._seed is None:
            raise SensorFrameError("the chain has no seed yet; call reset(seed) before apply")
        settings = settings_at(self.schedule, self.levels(context.tick))
        if settings.changes_nothing:
            return frame
        codes = np.ascontiguousarray(frame)
        measured = self._measured(codes, settings)
        lo, hi = exposure.range_at(measured, settings.auto_exposure_level, settings.gain)
        return self._base.apply(codes, settings, lo, hi, self._seed, context.tick)

    def _check(self, frame: Frame) -> None:
        wanted = (self._height, self._width, 3)
        if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.shape != wanted:
            found = f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
            raise SensorFrameError(f"frame is {found}; this chain takes uint8 RGB {wanted}")

    def _measured(self, codes: Frame, settings: FrameSettings) -> tuple[float, float] | None:
        if settings.auto_exposure_level == 0.0:
            return None
        exposure.count_codes(codes.reshape(-1), self._counts)
        return exposure.measure_range(self._counts.sum(axis=0), decode_table(), settings.saturation_percent)
