"""From evidence to values: noise and tone curve, blur, chromatic aberration, saturation.

Pure functions of measured quantities; ``None`` means that the evidence does not decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensor_sim.extraction.edges import Edges
from sensor_sim.extraction.flat_patches import FlatPatches, least_noisy_cluster

Array = npt.NDArray[np.float64]

ROUNDING_VARIANCE = 1.0 / 12.0
PIXEL_VARIANCE_PX2 = 1.0 / 6.0
"""Of a sharp edge anywhere in a pixel: the pixel's own width and taking differences of pixels, 1/12 each."""

_LEVEL_BIN_DN = 16
_FEWEST_PATCHES = 12
_LEAST_WHITE_SHARE = 0.5
"""Of the patches that vary as little: where noise is white nearly all are; correlated noise passes by chance alone."""
_FEWEST_LEVELS = 4
_LEAST_LEVEL_RATIO = 2.5
_TEXTURE_LOG_RATIO = 0.4
"""A bin with a variance of more than e^0.4 = 1.5 times the line's holds no even surface, only fine texture."""
_STEEPEST_SLOPE = 1.9
"""Slope of γ = 20; no tone curve is steeper."""
_WIDEST_BOX_PX = 14.0
_OUTLIER_SIGMAS = 3.0
_NOISE_MARGIN_SIGMAS = 3.0
_DENSITY_WINDOW_DN = 16.0


@dataclass(frozen=True)
class NoiseLevels:
    """Noise over brightness, frame by frame: sums over the least noisy flat patches in bins of brightness.

    Attributes:
        count: patches, float64 (frames, bins).
        level: sum of their mean codes, float64 (frames, bins).
        variance: sum of their variances without rounding, float64 (frames, bins).
    """

    count: Array
    level: Array
    variance: Array

    def of_draws(self, draws: Array) -> tuple[Array, Array, Array]:
        """Mean level, mean variance and count, each (draws, bins), where frames count as ``draws`` (draws, frames)."""
        count = draws @ self.count
        divisor = np.maximum(count, 1.0)
        empty = count == 0.0  # has no weight, but needs numbers
        level = np.where(empty, self.level.sum(axis=0) / self.count.sum(axis=0), draws @ self.level / divisor)
        variance = np.where(empty, 1.0, np.maximum(draws @ self.variance / divisor, 1e-6))
        return level, variance, count


def noise_levels(per_frame: Sequence[FlatPatches]) -> NoiseLevels | None:
    """Noise of some frames; None if no bin of brightness holds enough patches with noise above the rounding."""
    level = np.concatenate([patches.level for patches in per_frame])
    variance = np.concatenate([patches.variance for patches in per_frame])
    white = np.concatenate([patches.white for patches in per_frame])
    frame = np.repeat(np.arange(len(per_frame)), [patches.level.size for patches in per_frame])
    sums: list[Array] = []
    for low in range(0, 256, _LEVEL_BIN_DN):
        in_bin = (level >= low) & (level < low + _LEVEL_BIN_DN)
        chosen = np.flatnonzero(in_bin & white)
        if chosen.size < _FEWEST_PATCHES:
            continue
        chosen = chosen[least_noisy_cluster(variance[chosen])]
        alike = in_bin & (variance >= variance[chosen].min()) & (variance <= variance[chosen].max())
        if white[alike].mean() < _LEAST_WHITE_SHARE:
            continue
        above_rounding = variance[chosen] - ROUNDING_VARIANCE
        if chosen.size < _FEWEST_PATCHES or above_rounding.mean() < ROUNDING_VARIANCE:
            continue
        sums.append(
            np.array(
                [
                    np.bincount(frame[chosen], weights, len(per_frame))
                    for weights in (np.ones(chosen.size), level[chosen], above_rounding)
                ]
            )
        )
    if not sums:
        return None
    return NoiseLevels(*np.stack(sums, axis=-1))


def gamma_and_sigma(levels: NoiseLevels, draws: Array) -> tuple[Array, Array] | None:
    """Exponent of the tone curve, and the noise before it, for every draw of frames.

    Noise of one size σ before 255·(x/255)^γ is σ·γ·(y/255)^(1 − 1/γ) at the code y after it: a straight line in
    logarithms. That rests on noise that did not depend on the signal before the curve: shot noise looks like another γ.
    Bins of brightness far above the line hold texture alone and are left out.

    Args:
        draws: how often each frame counts, float64 (draws, frames); the first decides which bins are left out.

    Returns:
        γ and σ in grey levels, float64 (draws,) each, or None with too few levels of brightness.
    """
    level, variance, count = levels.of_draws(draws)
    x, y = np.log(level / 255.0), np.log(variance)
    usable = np.ones(level.shape[1], np.bool_)
    for _ in range(2):
        seen = level[0][usable]
        if seen.size < _FEWEST_LEVELS or seen.max() < _LEAST_LEVEL_RATIO * seen.min():
            return None
        offset, slope = _weighted_line(x[:, usable], y[:, usable], count[:, usable])
        usable &= y[0] - offset[0] - slope[0] * x[0] < _TEXTURE_LOG_RATIO
    gamma = 1.0 / (1.0 - 0.5 * np.minimum(slope, _STEEPEST_SLOPE))
    return gamma, np.exp(0.5 * offset) / gamma


def _weighted_line(x: Array, y: Array, weight: Array) -> tuple[Array, Array]:
    """Offset and slope of least-squares lines, one per row; NaN where the weights leave no line."""
    weight = weight / _or_nan(weight.sum(axis=1, keepdims=True))
    mean_x, mean_y = (weight * x).sum(axis=1), (weight * y).sum(axis=1)
    away = x - mean_x[:, None]
    slope = (weight * away * y).sum(axis=1) / _or_nan((weight * away**2).sum(axis=1))
    return mean_y - slope * mean_x, slope


def sigma_without_curve(levels: NoiseLevels, draws: Array) -> Array:
    """Noise in grey levels if no tone curve follows it, float64 (draws,); NaN for draws without a patch."""
    _, variance, count = levels.of_draws(draws)
    return np.asarray(np.sqrt((variance * count).sum(axis=1) / _or_nan(count.sum(axis=1))))


def _or_nan(divisor: Array) -> Array:
    """The divisor, NaN where it is zero."""
    return np.where(divisor > 0.0, divisor, np.nan)


def box_variance_px2(width_px: Array) -> Array:
    """Variance of the symmetric fractional box of ``effects.blur``: whole pixels inside, parts of two at its ends."""
    full = np.floor((width_px - 1.0) / 2.0)
    end = (width_px - (2.0 * full + 1.0)) / 2.0
    return np.asarray((full * (full + 1.0) * (2.0 * full + 1.0) / 3.0 + 2.0 * end * (full + 1.0) ** 2) / width_px)


def blur_width_px(variance_px2: Array, weight: Array) -> float:
    """Width of the box that explains the (weighted) median edge, px, at least 1.

    The scene's own edges count as ideal but for the pixel that integrates them; softer ones make the box too wide.

    Args:
        variance_px2: of the derivatives of edges (``Edges.variance``), float64 (n,).
        weight: of each edge, float64 (n,), sum > 0: contrast squared, since noise counts by its inverse.
    """
    order = np.argsort(variance_px2)
    share = np.cumsum(weight[order])
    median = float(np.interp(0.5 * share[-1], share - 0.5 * weight[order], variance_px2[order]))
    widths = np.linspace(1.0, _WIDEST_BOX_PX, 1301)
    return float(np.interp(median - PIXEL_VARIANCE_PX2, np.maximum.accumulate(box_variance_px2(widths)), widths))


def k1_sums(per_frame: Sequence[Edges], focal_px: float) -> tuple[Array, Array]:
    """Radial coefficient of red (blue: minus that) as the ratio of two sums per frame.

    Least squares of shift = ±k1·r²·position, the shift of red and blue against green along the edge's normal; shifts
    off by more than three standard deviations are left out.

    Returns:
        Numerator and denominator, float64 (frames,) each; k1 is the quotient of their sums.
    """
    position = np.concatenate([edges.position for edges in per_frame])
    across = np.concatenate([edges.across for edges in per_frame])
    frame = np.repeat(np.arange(len(per_frame)), [edges.position.size for edges in per_frame])
    lever = (position**2 + across**2) / focal_px**2 * position
    lever, frame = np.concatenate([lever, -lever]), np.concatenate([frame, frame])
    red, blue = (np.concatenate([getattr(e, name) for e in per_frame]) for name in ("red_shift", "blue_shift"))
    shift = np.concatenate([red, blue])
    residual = shift - float(lever @ shift / (lever @ lever)) * lever
    residual = np.abs(residual - np.median(residual))
    kept = residual <= _OUTLIER_SIGMAS * 1.4826 * float(np.median(residual)) + 1e-12
    above, below = (np.bincount(frame[kept], term[kept], len(per_frame)) for term in (lever * shift, lever * lever))
    return np.asarray(above, np.float64), np.asarray(below, np.float64)


def saturated_share(counts: npt.NDArray[np.int64], sigma_dn: float, gamma: float) -> float:
    """Share of one frame's values that were clipped at white, 0..1.

    Noise added after clipping pulls half of the clipped values below 255, and unclipped ones above 254.5 read 255 as
    well: so everything within three standard deviations of white counts, less what the density just below that makes
    expect there.

    Args:
        counts: (256,) how often each code occurs.
        sigma_dn: noise before the tone curve, grey levels.
        gamma: exponent of the tone curve.
    """
    borders = np.clip(np.arange(257) - 0.5, 0.0, 255.0)
    exposed = 255.0 * (borders / 255.0) ** (1.0 / gamma)
    below = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    margin = _NOISE_MARGIN_SIGMAS * sigma_dn + 0.5 / gamma
    window = max(_DENSITY_WINDOW_DN, 2.0 * margin)
    top, bottom = np.interp([255.0 - margin, 255.0 - margin - window], exposed, below)
    return float(max(0.0, 1.0 - top - margin * (top - bottom) / window))
