"""The camera model of Hagn and Grau (2022) in one pass, from codes to codes.

Order: decode, blur, chromatic aberration, exposure, noise, tone curve.

Works band by band, a few dozen rows of all channels at a time, so that a row is still in the cache when the next
step needs it. Every step is the same for each row whatever the band, so bands do not change the result.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sensor_sim import kernel
from sensor_sim.effects import blur, chromatic_aberration, gamma, noise
from sensor_sim.effects.effect import Frame, Light
from sensor_sim.frame_settings import FrameSettings
from sensor_sim.transfer_curve import decode_table

NoiseField = tuple[npt.NDArray[np.int16], npt.NDArray[np.int64], int]
"""Bank of samples, where each row begins in it, scale of the kernel (0 = no noise)."""

_BAND_PIXELS = 1 << 16
"""Pixels of one channel worked on together: three float32 buffers of them fit a small second-level cache."""

_NO_TABLE = np.empty(0, np.int16)
_NO_TABLE.setflags(write=False)
_NO_STARTS = np.empty(0, np.int64)


class BaseChain:
    """Buffers and maps of one camera; no memory of earlier frames.

    Args:
        width, height: camera size, px.
        focal_px: focal length, px.
    """

    def __init__(self, width: int, height: int, focal_px: float) -> None:
        self._width, self._height, self._focal_px = width, height, focal_px
        self._band_rows = max(8, _BAND_PIXELS // width)
        self._decoded = np.empty((self._band_rows, width), np.float32)
        self._blurred = np.empty_like(self._decoded)
        self._shifted = np.empty_like(self._decoded)
        self._maps: dict[int, tuple[float, chromatic_aberration.RadialMap]] = {}

    def apply(self, codes: Frame, settings: FrameSettings, lo: float, hi: float, seed: np.uint64, tick: int) -> Frame:
        """Degrade one frame.

        Args:
            codes: uint8 (H, W, 3), contiguous, sRGB-encoded.
            settings: parameters in force.
            lo, hi: range of linear light that becomes 0..255.
            seed, tick: decide the noise.

        Returns:
            uint8 (H, W, 3), a new array.
        """
        noise_field = self._noise_field(settings.noise_sigma_dn, seed, tick)
        if settings.blur_width_px == 1.0 and settings.k1 == 0.0:
            return _apply_pointwise(codes, settings, lo, hi, noise_field)
        out = np.empty_like(codes)
        finish = _finisher(settings, lo, hi, noise_field, out)
        maps = self._radial_maps(settings.k1)
        for first in range(0, self._height, self._band_rows):
            last = min(first + self._band_rows, self._height)
            for channel, radial_map in enumerate(maps):
                reach = 0 if radial_map is None else radial_map.reach_px
                top, bottom = max(first - reach, 0), min(last + reach, self._height)
                band = self._blurred_band(codes[:, :, channel], settings.blur_width_px, top, bottom)
                if radial_map is not None:
                    shifted = self._shifted[: last - first]
                    chromatic_aberration.shift_rows(
                        band, top, radial_map.scale, radial_map.uniform, first, last, shifted
                    )
                    band = shifted
                finish(band, channel, first)
        return out

    def focused(self, light: Light, settings: FrameSettings) -> Light:
        """Blur and chromatic aberration of linear light that is decoded already.

        Args:
            light: float32 (3, H, W), the method's to overwrite.

        Returns:
            float32 (3, H, W), contiguous: ``light`` or a new array.
        """
        if settings.blur_width_px > 1.0:
            row = np.empty(self._width + 2 * blur.box_reach(settings.blur_width_px), np.float32)
            blurred = np.empty_like(light)
            for plane, target in zip(light, blurred, strict=True):
                blur.blur_rows(plane, settings.blur_width_px, row, target, 0, self._height)
            light = blurred
        for channel, radial_map in enumerate(self._radial_maps(settings.k1)):
            if radial_map is not None:
                shifted = np.empty_like(light[channel])
                chromatic_aberration.shift_rows(
                    light[channel], 0, radial_map.scale, radial_map.uniform, 0, self._height, shifted
                )
                light[channel] = shifted
        return light

    def finished(
        self, light: Light, settings: FrameSettings, lo: float, hi: float, seed: np.uint64, tick: int
    ) -> Frame:
        """Exposure, noise and tone curve: float32 (3, H, W) to uint8 (H, W, 3). Other arguments as for ``apply``."""
        out = np.empty((self._height, self._width, 3), np.uint8)
        finish = _finisher(settings, lo, hi, self._noise_field(settings.noise_sigma_dn, seed, tick), out)
        for channel, plane in enumerate(light):
            finish(plane, channel, 0)
        return out

    def _blurred_band(self, codes: npt.NDArray[np.uint8], width_px: float, top: int, bottom: int) -> npt.NDArray:
        """Rows ``top`` .. ``bottom`` − 1 of one channel in linear light, in a buffer that the next call uses again."""
        reach = 0 if width_px == 1.0 else blur.box_reach(width_px)
        start, stop = max(top - reach, 0), min(bottom + reach, self._height)
        if stop - start > self._decoded.shape[0]:
            self._decoded = np.empty((stop - start, self._width), np.float32)
            self._blurred = np.empty_like(self._decoded)
        decoded = self._decoded[: stop - start]
        blur.decode_rows(codes[start:stop], decode_table(), decoded)
        if reach == 0:
            return decoded
        blurred = self._blurred[: bottom - top]
        row = np.empty(self._width + 2 * reach, np.float32)
        blur.blur_rows(decoded, width_px, row, blurred, top - start, bottom - start)
        return blurred

    def _noise_field(self, sigma_dn: float, seed: np.uint64, tick: int) -> NoiseField:
        if sigma_dn == 0.0:
            return _NO_TABLE, _NO_STARTS, 0
        starts = noise.row_starts(seed, tick, self._height)
        return noise.noise_bank(3 * self._width), starts, noise.kernel_scale(sigma_dn)

    def _radial_maps(self, k1: float) -> list[chromatic_aberration.RadialMap | None]:
        """Inverse maps of red, green and blue; None = the channel stays where it is."""
        return [None if c == 0.0 else self._map(channel, c) for channel, c in enumerate((k1, 0.0, -k1))]

    def _map(self, channel: int, k1: float) -> chromatic_aberration.RadialMap:
        cached_k1, radial_map = self._maps.get(channel, (0.0, None))
        if radial_map is None or cached_k1 != k1:
            radial_map = chromatic_aberration.radial_map(k1, self._width, self._height, self._focal_px)
            self._maps[channel] = (k1, radial_map)
        return radial_map


def _finisher(
    settings: FrameSettings, lo: float, hi: float, noise_field: NoiseField, out: Frame
) -> Callable[[npt.NDArray[np.float32], int, int], None]:
    """What turns a band of linear light into codes of ``out``: called with (band, channel, first row)."""
    book_level = settings.book_curve_level
    if settings.noise_sigma_dn > 0.0:
        output = gamma.output_table(settings.gamma, settings.quantise)
    else:
        output = gamma.linear_output_table(book_level, settings.gamma, settings.quantise)
    encode = _NO_TABLE if book_level == 1.0 else gamma.encode_table(book_level)
    bank, starts, scale = noise_field
    fine_per_linear = kernel.FINE_TOP / (hi - lo)

    def finish(band: npt.NDArray[np.float32], channel: int, first: int) -> None:
        kernel.finish_linear(band, channel, lo, fine_per_linear, encode, bank, starts, scale, output, out, first)

    return finish


def _apply_pointwise(codes: Frame, settings: FrameSettings, lo: float, hi: float, noise_field: NoiseField) -> Frame:
    """Output values depend on one input value each: the chain but for its noise is a table of 256 entries."""
    table = pointwise_table(settings, lo, hi)
    out = np.empty_like(codes)
    if settings.noise_sigma_dn == 0.0:
        kernel.map_codes(codes.reshape(-1), table, out.reshape(-1))
    else:
        output = gamma.output_table(settings.gamma, settings.quantise)
        kernel.finish_codes(codes, table, *noise_field, output, out)
    return out


def pointwise_table(settings: FrameSettings, lo: float, hi: float) -> npt.NDArray:
    """What each code becomes where no pixel looks at its neighbours.

    Returns:
        Without noise the output code, uint8 (256,); with noise the display value that it is added to, in 1/64 grey
        levels, int16 (256,).
    """
    exposed = np.clip((decode_table().astype(np.float64) - lo) / (hi - lo), 0.0, 1.0)
    display = gamma.encode(exposed, settings.book_curve_level)
    if settings.noise_sigma_dn == 0.0:
        return gamma.output_codes(display, settings.gamma, settings.quantise)
    return np.round(kernel.FINE_TOP * display).astype(np.int16)
