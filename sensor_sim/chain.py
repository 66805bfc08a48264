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

from sensor_sim import kernel
from sensor_sim.effects import blur, chromatic_aberration, exposure, gamma, noise
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.frame_context import FrameContext
from sensor_sim.frame_settings import FrameSettings, settings_at
from sensor_sim.schedule import SensorSchedule
from sensor_sim.transfer_curve import decode_table

Frame = npt.NDArray[np.uint8]

NoiseField = tuple[npt.NDArray[np.int16], npt.NDArray[np.int64], int]
"""Bank of samples, where each row begins in it, scale of the kernel (0 = no noise)."""

_NO_TABLE = np.empty(0, np.int16)
_NO_TABLE.setflags(write=False)
_NO_STARTS = np.empty(0, np.int64)


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
        self._decoded = np.empty((height, width), np.float32)
        self._linear = np.empty((height, width), np.float32)
        self._shifted = np.empty((height, width), np.float32)
        self._counts = np.empty((4, 256), np.int32)
        self._maps: dict[int, tuple[float, chromatic_aberration.RadialMap]] = {}

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
        noise_field = self._noise_field(settings.noise_sigma_dn, self._seed, context.tick)
        if settings.blur_width_px > 1.0 or settings.k1 != 0.0:
            return self._apply_spatial(codes, settings, lo, hi, noise_field)
        return _apply_pointwise(codes, settings, lo, hi, noise_field)

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

    def _noise_field(self, sigma_dn: float, seed: np.uint64, tick: int) -> NoiseField:
        if sigma_dn == 0.0:
            return _NO_TABLE, _NO_STARTS, 0
        starts = noise.row_starts(seed, tick, self._height)
        return noise.noise_bank(3 * self._width), starts, noise.kernel_scale(sigma_dn)

    def _apply_spatial(
        self, codes: Frame, settings: FrameSettings, lo: float, hi: float, noise_field: NoiseField
    ) -> Frame:
        out = np.empty_like(codes)
        book_level = settings.book_curve_level
        encode = _NO_TABLE if book_level == 1.0 else gamma.encode_table(book_level)
        if settings.noise_sigma_dn > 0.0:
            output = gamma.output_table(settings.gamma, settings.quantise)
        else:
            output = gamma.linear_output_table(book_level, settings.gamma, settings.quantise)
        fine_per_linear = kernel.FINE_TOP / (hi - lo)
        for channel, k1 in enumerate((settings.k1, 0.0, -settings.k1)):
            linear = self._blurred(codes[:, :, channel], settings.blur_width_px)
            if k1 != 0.0:
                inverse = self._map(channel, k1)
                chromatic_aberration.shift_channel(linear, inverse.scale, inverse.uniform, self._shifted)
                linear = self._shifted
            kernel.finish_linear(linear, channel, lo, fine_per_linear, encode, *noise_field, output, out)
        return out

    def _blurred(self, codes: Frame, width_px: float) -> npt.NDArray[np.float32]:
        """One channel in linear light, in the chain's own buffer."""
        if width_px > 1.0:
            row = np.empty(self._width + 2 * blur.box_reach(width_px), np.float32)
            blur.decode_and_blur(codes, decode_table(), width_px, self._decoded, row, self._linear)
        else:
            blur.decode_channel(codes, decode_table(), self._linear)
        return self._linear

    def _map(self, channel: int, k1: float) -> chromatic_aberration.RadialMap:
        cached_k1, radial_map = self._maps.get(channel, (0.0, None))
        if radial_map is None or cached_k1 != k1:
            radial_map = chromatic_aberration.radial_map(k1, self._width, self._height, self._focal_px)
            self._maps[channel] = (k1, radial_map)
        return radial_map


def _apply_pointwise(codes: Frame, settings: FrameSettings, lo: float, hi: float, noise_field: NoiseField) -> Frame:
    """Output values depend on one input value each: the chain but for its noise is a table of 256 entries."""
    exposed = np.clip((decode_table().astype(np.float64) - lo) / (hi - lo), 0.0, 1.0)
    display = gamma.encode(exposed, settings.book_curve_level)
    out = np.empty_like(codes)
    if settings.noise_sigma_dn == 0.0:
        table = gamma.output_codes(display, settings.gamma, settings.quantise)
        kernel.map_codes(codes.reshape(-1), table, out.reshape(-1))
    else:
        fine_table = np.round(kernel.FINE_TOP * display).astype(np.int16)
        output = gamma.output_table(settings.gamma, settings.quantise)
        kernel.finish_codes(codes, fine_table, *noise_field, output, out)
    return out
