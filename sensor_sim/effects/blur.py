"""Blur: a symmetric box of fractional width, the same in both directions.

After Hagn and Grau (2022): normalised box filter F × F. An even integer box shifts the picture by half a
pixel, and a constant sideways shift is a steering bias; so the box of width w is centred on the pixel:
weight 1/w on every pixel wholly inside it and a part of 1/w on the two at its ends (w = 4: ½, 1, 1, 1, ½
over 4).
"""

from __future__ import annotations

import numpy as np

from sensor_sim.compiled import compiled
from sensor_sim.effects.definition import HAGN_GRAU, EffectDefinition, NumberParameter, SeverityAxis, Stage

DEFINITION = EffectDefinition(
    "blur",
    (NumberParameter("width_px", "pixels of this sensor", 1.0, 1024.0, neutral=1.0, transfer="width"),),
    Stage.OPTICS,
    summary="A soft lens: every point becomes a square patch.",
    formula="L'(u, v) = mean of L over a box of width_px × width_px centred there, ends by fractions",
    source=HAGN_GRAU + "; symmetric, so that nothing shifts sideways",
    axis=SeverityAxis("width_px", 1.0, 64.0),
)
"""``width_px``: width of the box in pixels at the sensor's own resolution; 1 = no blur."""


def width_at(width_px: float, level: float) -> float:
    """Box width at severity ``level`` (0..1), px; 1 at level 0."""
    return 1.0 + level * (width_px - 1.0)


def box_reach(width_px: float) -> int:
    """Pixels on either side of the centre that the box touches."""
    return int((width_px - 1.0) / 2.0) + 1


@compiled()
def blur_rows(linear: np.ndarray, width_px: float, row: np.ndarray, blurred: np.ndarray, first: int, last: int) -> None:
    """Blur rows ``first`` .. ``last`` − 1 of one channel, or of a band of it. Borders repeat the edge pixel.

    Args:
        linear: float32 (R, W), linear light.
        width_px: box width, > 1.
        row: float32 (W + 2·reach,), scratch.
        blurred: float32 (last − first, W), receives the rows.
    """
    height, width = linear.shape
    full = int((width_px - 1.0) / 2.0)
    edge = np.float32((width_px - (2 * full + 1)) / 2.0)
    norm = np.float32(1.0 / (width_px * width_px))
    reach = full + 1
    middle = row[reach : reach + width]
    for v in range(first, last):
        centre = linear[v]
        above = linear[max(v - reach, 0)]
        below = linear[min(v + reach, height - 1)]
        for u in range(width):
            middle[u] = centre[u] + edge * (above[u] + below[u])
        for d in range(1, full + 1):
            above = linear[max(v - d, 0)]
            below = linear[min(v + d, height - 1)]
            for u in range(width):
                middle[u] += above[u] + below[u]
        row[:reach] = middle[0]
        row[reach + width :] = middle[width - 1]
        left = row[0:width]
        right = row[2 * reach : 2 * reach + width]
        out = blurred[v - first]
        for u in range(width):
            out[u] = (middle[u] + edge * (left[u] + right[u])) * norm
        for d in range(1, full + 1):
            left = row[reach - d : reach - d + width]
            right = row[reach + d : reach + d + width]
            for u in range(width):
                out[u] += (left[u] + right[u]) * norm


@compiled()
def decode_rows(codes: np.ndarray, decode: np.ndarray, linear: np.ndarray) -> None:
    """Decode one channel, or a band of it, to linear light: uint8 (R, W), float32 (256,), float32 (R, W)."""
    for v in range(codes.shape[0]):
        for u in range(codes.shape[1]):
            linear[v, u] = decode[codes[v, u]]
