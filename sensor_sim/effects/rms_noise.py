"""Noise of a given strength: kinds that differ in shape and have the same root mean square."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from sensor_sim.compiled import compiled
from sensor_sim.effects.definition import EffectDefinition, NumberParameter, OptionParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Frame, PictureEffect
from sensor_sim.effects.impulse_noise import with_impulses
from sensor_sim.effects.noise import BANK_UNIT, noise_bank, row_starts
from sensor_sim.frame_context import FrameContext

EPSILONS_DN = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""The axis of Klingner and Fingscheidt (2022)."""
_BITS = 22
"""Binary places of the product of sample and factor; 64 grey levels times the bank's largest sample fit 31 bits."""


class RmsNoise(PictureEffect):
    """Gaussian or salt-and-pepper noise, comparable by its root mean square before clipping."""

    definition = EffectDefinition(
        "rms_noise",
        (
            NumberParameter("epsilon_dn", "grey levels, root mean square", 0.0, 64.0, neutral=0.0),
            OptionParameter("kind", ("gaussian", "salt_and_pepper")),
        ),
        Stage.TRANSPORT,
        summary="The perturbation axis 0.25 … 16 grey levels: kinds of noise of equal strength.",
        formula="x' = x + r, ε² = mean(r²); gaussian: r rounded, its σ such that the rounded r has ε; "
        "salt_and_pepper: share ε²/mean(½x² + ½(255 − x)²) of the values",
        source="Klingner and Fingscheidt, Improved DNN robustness by multi-task training (2022)",
        axis=SeverityAxis("epsilon_dn", 0.0, 64.0),
    )

    def apply(self, picture: Frame, level: float, context: FrameContext) -> Frame:
        """See ``PictureEffect.apply``."""
        epsilon_dn = self.strength(level)
        if epsilon_dn == 0.0:
            return picture
        if self.parameters["kind"] == "salt_and_pepper":
            share = epsilon_dn**2 / strike_power(picture)
            return with_impulses(picture, share, self.seed, context.tick)
        height, width, channels = picture.shape
        scale = round(rounded_sigma(epsilon_dn) * (1 << _BITS) / BANK_UNIT)
        out = np.empty_like(picture)
        starts = row_starts(np.uint64(self.seed), context.tick, height)
        _add(picture.reshape(height, -1), noise_bank(channels * width), starts, scale, out.reshape(height, -1))
        return out


def strike_power(picture: Frame) -> float:
    """Mean square of the change if every value became 0 or 255 with equal probability."""
    counts = np.bincount(picture.reshape(-1), minlength=256)
    codes = np.arange(256.0)
    return float(counts @ (0.5 * codes**2 + 0.5 * (255.0 - codes) ** 2)) / picture.size


@lru_cache(maxsize=256)
def rounded_sigma(rms: float) -> float:
    """Standard deviation of a Gaussian that has this root mean square after rounding to whole numbers."""

    def excess(sigma: float) -> float:
        steps = np.arange(1, int(8.0 * sigma) + 3)
        beyond = 2.0 * ndtr(-(steps - 0.5) / sigma)
        # E[k²] = Σ (2k − 1)·P(|r| ≥ k)
        return float(np.sum((2 * steps - 1) * beyond)) - rms**2

    return float(brentq(excess, 1e-2, rms + 1.0))


@compiled()
def _add(values: np.ndarray, bank: np.ndarray, starts: np.ndarray, scale: int, out: np.ndarray) -> None:
    """uint8 (H, 3·W), int16, int64 (H,), fixed-point factor, uint8 (H, 3·W)."""
    height, length = values.shape
    factor = np.int32(scale)
    half = np.int32(1 << (_BITS - 1))
    for v in range(height):
        samples = bank[starts[v] : starts[v] + length]
        for i in range(length):
            value = np.int32(values[v, i]) + ((np.int32(samples[i]) * factor + half) >> np.int32(_BITS))
            out[v, i] = np.uint8(min(max(value, np.int32(0)), np.int32(255)))
