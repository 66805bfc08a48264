"""Impulse noise: values lost in transmission arrive as black or white."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sensor_sim.compiled import compiled
from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Frame, PictureEffect, frame_rng
from sensor_sim.effects.noise import BANK_UNIT, noise_bank, row_starts
from sensor_sim.frame_context import FrameContext

RARE_SHARE = 1e-3
"""Below it the bank's 65,536 steps are too coarse."""


class ImpulseNoise(PictureEffect):
    """A share of all values, independent over pixels and channels, becomes 0 or 255."""

    definition = EffectDefinition(
        "impulse_noise",
        (NumberParameter("share", "share of values", 0.0, 1.0, neutral=0.0),),
        Stage.TRANSPORT,
        summary="Salt and pepper: bit errors that turn single values black or white.",
        formula="x' = 0 or 255, each with probability share/2, else x",
        source="Hendrycks and Dietterich, Benchmarking neural network robustness (2019)",
        axis=SeverityAxis("share", 0.0, 1.0),
    )

    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """See ``PictureEffect.apply``."""
        return with_impulses(picture, self.strength(level), self.seed, context.tick)


def with_impulses(picture: Frame, share: float, seed: int, tick: int) -> Frame:
    """A copy of ``picture`` with a share of its values at 0 or 255, drawn for (seed, tick)."""
    if share < RARE_SHARE:
        return _with_rare_impulses(picture, share, frame_rng(seed, tick))
    height, width, channels = picture.shape
    # A sample beyond this limit strikes, its sign decides between white and black.
    limit = round(BANK_UNIT * float(ndtri(1.0 - 0.5 * share)))
    starts = row_starts(np.uint64(seed), tick, height)
    out = np.empty_like(picture)
    _strike(picture.reshape(height, -1), noise_bank(channels * width), starts, limit, out.reshape(height, -1))
    return out


def _with_rare_impulses(picture: Frame, share: float, rng: np.random.Generator) -> Frame:
    """As ``with_impulses``, value by value; the number of them is right in the mean to any fraction."""
    count = int(share * picture.size + rng.random())
    out = picture.copy()
    out.reshape(-1)[rng.integers(0, picture.size, count)] = np.where(rng.random(count) < 0.5, 0, 255)
    return out


@compiled()
def _strike(values: np.ndarray, bank: np.ndarray, starts: np.ndarray, limit: int, out: np.ndarray) -> None:
    """uint8 (H, 3·W), int16, int64 (H,), uint8 (H, 3·W)."""
    height, length = values.shape
    high, low = np.int16(limit), np.int16(-limit)
    for v in range(height):
        samples = bank[starts[v] : starts[v] + length]
        for i in range(length):
            value = values[v, i]
            value = np.uint8(255) if samples[i] > high else value
            out[v, i] = np.uint8(0) if samples[i] < low else value
