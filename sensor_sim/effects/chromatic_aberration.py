"""Lateral chromatic aberration: each colour has its own radial distortion.

After Hagn and Grau (2022), OpenCV convention: x_d = x·(1 + k1·r²) with x normalised by the focal length,
k1(red) = +k1, k1(green) = 0, k1(blue) = −k1. It is read as a forward map, as OpenCV's ``projectPoints``
does: with k1 > 0 a red point appears further from the centre than the green one, by f·k1·r³ pixels. A
picture is therefore resampled at the inverse of that map.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sensor_sim.compiled import compiled
from sensor_sim.effects.definition import HAGN_GRAU, EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.errors import SensorSpecError
from sensor_sim.ranges import checked_number

DEFINITION = EffectDefinition(
    "chromatic_aberration",
    (NumberParameter("k1", "1/1, radial coefficient", -0.2, 0.2, neutral=0.0, transfer="edge"),),
    Stage.OPTICS,
    summary="Colour fringes that grow towards the border: red and blue are drawn larger and smaller than green.",
    formula="x_d = x·(1 + c·r²) with c = k1 for red, 0 for green, −k1 for blue; displacement f·k1·r³ px",
    source=HAGN_GRAU + "; OpenCV's radial model, read as a forward map",
    axis=SeverityAxis(
        "k1", 0.0, 0.075,
        steps=(0.005, 0.012, 0.025, 0.045, 0.075),
        reason="before the map folds over, similarity falls to 0.89 only",
    ),
)  # fmt: skip
"""``k1``: radial coefficient of red (blue: −k1) in units of the normalised picture plane of this camera."""

MAX_CORNER_DISTORTION = 0.1
"""Largest |k1|·r² in the picture's corner: beyond it the map comes close to folding over (at 4/27)."""

BLOCK_PX = 32
"""Pixels resampled together."""

_SCALE_STEPS = 4096
"""Intervals of the table that inverts the radial map; linear between them, error below 1e-8."""


def k1_at(k1: float, level: float) -> float:
    """Coefficient at severity ``level`` (0..1)."""
    return level * k1


def focal_px(width_px: float, fov_deg: float) -> float:
    """Focal length in pixels of a pinhole camera with horizontal field of view ``fov_deg``.

    Raises:
        SensorSpecError: no possible width or field of view.
    """
    width_px = checked_number("camera, field 'width_px'", width_px, 1, 100_000, "px")
    fov_deg = checked_number("camera, field 'fov_deg'", fov_deg, 1, 179, "degrees")
    return width_px / (2.0 * math.tan(math.radians(fov_deg) / 2.0))


def transfer_k1(k1: float, from_width_px: float, from_focal_px: float, to_width_px: float, to_focal_px: float) -> float:
    """k1 that moves the picture's left and right edge by the same share of the width in another camera.

    The displacement at the edge is f·k1·r³ with r = W/(2f); equal displacement per width gives
    k1' = k1·(r/r')³·(f/f')·(W'/W).
    """
    r = from_width_px / (2.0 * from_focal_px)
    r_to = to_width_px / (2.0 * to_focal_px)
    return k1 * (r / r_to) ** 3 * (from_focal_px / to_focal_px) * (to_width_px / from_width_px)


def check_k1(k1: float, width: int, height: int, focal: float) -> None:
    """Refuse a coefficient that would nearly fold this camera's picture over.

    Raises:
        SensorSpecError: |k1|·r² in the corner exceeds ``MAX_CORNER_DISTORTION``.
    """
    corner_r2 = (width**2 + height**2) / (4.0 * focal**2)
    limit = MAX_CORNER_DISTORTION / corner_r2
    if abs(k1) > limit:
        raise SensorSpecError(
            f"effect 'chromatic_aberration', parameter 'k1': {k1:g} is not allowed for a {width}×{height} "
            f"camera with focal length {focal:.1f} px; give a number from {-limit:.4g} to {limit:.4g}"
        )


@lru_cache(maxsize=1)
def _scale_table() -> npt.NDArray[np.float32]:
    """Ratio s of undistorted to distorted radius over a = k1·r_d²: the root of s + a·s³ = 1."""
    a = np.linspace(-MAX_CORNER_DISTORTION, MAX_CORNER_DISTORTION, _SCALE_STEPS + 1)
    s = np.ones_like(a)
    for _ in range(8):  # Newton; the roots are simple and close to 1
        s -= (s + a * s**3 - 1.0) / (1.0 + 3.0 * a * s**2)
    return s.astype(np.float32)


@dataclass(frozen=True)
class RadialMap:
    """The inverse map of one channel of one camera.

    Attributes:
        scale: undistorted/distorted radius per pixel of the upper half, float32 ((H + 1)//2, W); the lower
            half mirrors it.
        uniform: bool (H, W // BLOCK_PX): all pixels of this block come from neighbouring source pixels.
        reach_px: no pixel comes from further above or below than this.
    """

    scale: npt.NDArray[np.float32]
    uniform: npt.NDArray[np.bool_]
    reach_px: int


def radial_map(k1: float, width: int, height: int, focal: float) -> RadialMap:
    """Inverse of x_d = x·(1 + k1·r²) for a camera with its principal point in the middle."""
    scale = np.empty(((height + 1) // 2, width), np.float32)
    _fill_scale(k1, height, focal, _scale_table(), MAX_CORNER_DISTORTION, scale)
    uniform = np.empty((height, width // BLOCK_PX), np.bool_)
    _find_uniform_blocks(scale, uniform)
    half_height = 0.5 * (height - 1)
    # The largest displacement is at the top or bottom edge, where both radius and scale are extreme.
    reach_px = int(half_height * float(np.abs(scale[0] - 1.0).max())) + 2
    return RadialMap(scale, uniform, reach_px)


@compiled()
def _fill_scale(k1: float, height: int, focal: float, table: np.ndarray, table_limit: float, scale: np.ndarray) -> None:
    width = scale.shape[1]
    steps = table.size - 1
    to_place = steps / (2.0 * table_limit)
    for v in range(scale.shape[0]):
        y = (v - 0.5 * (height - 1)) / focal
        for u in range((width + 1) // 2):
            x = (u - 0.5 * (width - 1)) / focal
            place = (k1 * (x * x + y * y) + table_limit) * to_place
            cell = min(max(int(place), 0), steps - 1)
            s = table[cell] + np.float32(place - cell) * (table[cell + 1] - table[cell])
            scale[v, u] = s
            scale[v, width - 1 - u] = s


@compiled()
def _source_positions(
    scale: np.ndarray, height: int, v: int, index: np.ndarray, part_x: np.ndarray, part_y: np.ndarray
) -> None:
    """Source of each pixel of row ``v``: upper left pixel, int32 (W,), and parts beyond it, float32 (W,)."""
    width = scale.shape[1]
    half = np.float32(0.5)
    zero = np.float32(0.0)
    centre_x = np.float32(width - 1) * half
    centre_y = np.float32(height - 1) * half
    # The last cell is entered up to just before its far side, so that the neighbour of every sample exists.
    max_x = np.float32(width - 1) - np.float32(1e-3)
    max_y = np.float32(height - 1) - np.float32(1e-3)
    dy = np.float32(v) - centre_y
    row_scale = scale[v if v < scale.shape[0] else height - 1 - v]
    stride = np.int32(width)
    for u in range(width):
        s = row_scale[u]
        x = min(max(centre_x + (np.float32(np.int32(u)) - centre_x) * s, zero), max_x)
        y = min(max(centre_y + dy * s, zero), max_y)
        x0 = np.int32(x)
        y0 = np.int32(y)
        part_x[u] = x - np.float32(x0)
        part_y[u] = y - np.float32(y0)
        index[u] = y0 * stride + x0


@compiled()
def _find_uniform_blocks(scale: np.ndarray, uniform: np.ndarray) -> None:
    width = scale.shape[1]
    height = uniform.shape[0]
    index = np.empty(width, np.int32)
    part_x = np.empty(width, np.float32)
    part_y = np.empty(width, np.float32)
    for v in range(height):
        _source_positions(scale, height, v, index, part_x, part_y)
        for block in range(uniform.shape[1]):
            first = block * BLOCK_PX
            positions = index[first : first + BLOCK_PX]
            start = positions[0]
            difference = np.int32(0)
            for k in range(BLOCK_PX):
                difference |= (positions[k] - start) ^ np.int32(k)
            uniform[v, block] = difference == 0


@compiled()
def shift_rows(
    band: np.ndarray, top: int, scale: np.ndarray, uniform: np.ndarray, first_row: int, last_row: int, out: np.ndarray
) -> None:
    """Resample rows of one channel bilinearly at the undistorted positions; outside, the edge pixel is repeated.

    Args:
        band: float32 (R, W), rows ``top`` .. of the channel, at least all from which the wanted rows come.
        scale, uniform: of the channel's ``RadialMap``.
        first_row, last_row: wanted rows, the last one excluded.
        out: float32 (last_row − first_row, W), receives them.
    """
    height = uniform.shape[0]
    width = band.shape[1]
    values = band.reshape(-1)
    offset = np.int32(top) * np.int32(width)
    index = np.empty(width, np.int32)
    part_x = np.empty(width, np.float32)
    part_y = np.empty(width, np.float32)
    for v in range(first_row, last_row):
        _source_positions(scale, height, v, index, part_x, part_y)
        row = out[v - first_row]
        for first in range(0, width, BLOCK_PX):
            last = min(first + BLOCK_PX, width)
            if last - first == BLOCK_PX and uniform[v, first // BLOCK_PX]:
                # The displacement varies slowly, so most blocks come here, and this loop becomes vector
                # instructions.
                start = index[first] - offset
                upper_row = values[start : start + BLOCK_PX + 1]
                lower_row = values[start + width : start + width + BLOCK_PX + 1]
                block_x = part_x[first:last]
                block_y = part_y[first:last]
                block = row[first:last]
                for k in range(BLOCK_PX):
                    upper = upper_row[k] + block_x[k] * (upper_row[k + 1] - upper_row[k])
                    lower = lower_row[k] + block_x[k] * (lower_row[k + 1] - lower_row[k])
                    block[k] = upper + block_y[k] * (lower - upper)
            else:
                for u in range(first, last):
                    p = np.uint32(index[u] - offset)
                    upper = values[p]
                    lower = values[p + np.uint32(width)]
                    upper += part_x[u] * (values[p + np.uint32(1)] - upper)
                    lower += part_x[u] * (values[p + np.uint32(width + 1)] - lower)
                    row[u] = upper + part_y[u] * (lower - upper)
