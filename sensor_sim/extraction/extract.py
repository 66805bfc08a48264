"""Parameters of a real camera from its frames, with intervals; what the frames do not show is said, not guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_sim.effects.chromatic_aberration import focal_px
from sensor_sim.effects.definition import ParameterValue
from sensor_sim.effects.effect import Frame
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.extraction import estimates
from sensor_sim.extraction.edges import Edges, find_edges
from sensor_sim.extraction.flat_patches import FlatPatches, flat_patches
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from sensor_sim.transfer_curve import srgb_decode

FEWEST_FRAMES = 3
CURVES = ("display", "book")
_DRAWS = 200
_INTERVAL = (0.025, 0.975)
_SEED = 20_22
_FEWEST_EDGES = 20
_FEWEST_BORDER_EDGES = 10
_BORDER_SHARE = 0.7
_WIDEST_GAMMA_INTERVAL = 0.5
_WIDEST_EDGE_SHIFT_PX = 1.0
_SMALLEST_SHARE_PERCENT = 0.05
_LARGEST_SHARE_SPREAD = 0.5

_BLUR = ("blur", "width_px")
_CHROMATIC = ("chromatic_aberration", "k1")
_NOISE = ("noise", "sigma_dn")
_EXPOSURE = ("exposure", "saturation_percent")
_GAMMA = ("gamma", "gamma")
_RESTS_ON = (
    "rests on noise that does not depend on the signal before the tone curve; shot noise looks like another gamma"
)


@dataclass(frozen=True)
class Estimate:
    """One parameter of the camera.

    Attributes:
        effect, parameter: as in a schedule.
        value: None = not identified.
        low, high: 95 % interval, bootstrap over frames: chance alone, not what the method gets wrong; None without a
            value.
        basis: what it was measured on.
        reason: why it is not identified, or what the value rests on.
    """

    effect: str
    parameter: str
    value: float | None
    low: float | None
    high: float | None
    basis: str
    reason: str


@dataclass(frozen=True)
class Extraction:
    """What the frames of one camera show.

    Attributes:
        estimates: of the five parameters of the camera model.
        width_px, focal_px: of the frames' camera.
        curve: assumed encoding of the frames (see ``extract``).
        frames: how many there were.
    """

    estimates: tuple[Estimate, ...]
    width_px: int
    focal_px: float
    curve: str
    frames: int

    def schedule(self) -> SensorSchedule:
        """The identified effects; of an unidentified one nothing is assumed."""
        found: dict[str, dict[str, ParameterValue]] = {
            estimate.effect: {estimate.parameter: estimate.value}
            for estimate in self.estimates
            if estimate.value is not None
        }
        if "gamma" in found or self.curve == "book":
            found["gamma"] = {"gamma": 1.0, **found.get("gamma", {}), "curve": self.curve}
        return SensorSchedule(tuple(EffectSchedule(name, values) for name, values in found.items()))

    def provenance(self) -> dict[str, Any]:
        """Plain data for a preset file."""
        return {
            "made_by": "extraction from frames",
            "frames": self.frames,
            "assumed_curve": self.curve,
            "estimates": [asdict(estimate) for estimate in self.estimates],
        }


def extract(frames: Mapping[str, Frame], fov_deg: float, curve: str) -> Extraction:
    """Measure the camera model of Hagn and Grau (2022) on frames.

    Args:
        frames: name -> uint8 RGB (H, W, 3), all of one size; about ten, with even surfaces from dark to bright and
            straight edges up to the picture's border.
        fov_deg: horizontal field of view, degrees.
        curve: ``display``: the camera writes sRGB-like pictures (nearly all do); ``book``: linear light to the power
            of gamma. Frames alone do not tell.

    Raises:
        SensorFrameError: fewer than three frames. SensorSpecError: an unknown curve or field of view.
    """
    if curve not in CURVES:
        raise SensorSpecError(f"curve {curve!r} is not allowed; give one of {', '.join(CURVES)}")
    if not 1.0 <= fov_deg <= 179.0:
        raise SensorSpecError(f"fov_deg {fov_deg!r} is not allowed; give 1 to 179 degrees")
    if len(frames) < FEWEST_FRAMES:
        raise SensorFrameError(f"{len(frames)} frames are too few; give at least {FEWEST_FRAMES}, better ten or more")
    pictures = list(frames.values())
    width = pictures[0].shape[1]
    focal = focal_px(width, fov_deg)
    draws = _draws(len(pictures))
    noise, gamma = _noise_and_gamma([flat_patches(picture) for picture in pictures], draws)
    sigma_dn, exponent = noise.value or 0.0, gamma.value or 1.0
    edges = [find_edges(_linear(picture, exponent, curve), 2.0 * sigma_dn / 255.0) for picture in pictures]
    found = (
        _blur(edges, draws),
        _chromatic_aberration(edges, width, focal, draws),
        noise,
        _saturation(pictures, sigma_dn, exponent, draws),
        gamma,
    )
    return Extraction(found, width, focal, curve, len(pictures))


def _linear(picture: Frame, gamma: float, curve: str) -> npt.NDArray[np.float64]:
    table = (np.arange(256) / 255.0) ** (1.0 / gamma)
    return np.asarray((srgb_decode(table) if curve == "display" else table)[picture])


def _draws(frames: int) -> estimates.Array:
    """How often each frame counts: once in the first row, drawn with replacement in the others."""
    drawn = np.random.default_rng(_SEED).multinomial(frames, np.full(frames, 1.0 / frames), _DRAWS)
    return np.concatenate([np.ones((1, frames)), drawn])


def _with_interval(values: estimates.Array) -> tuple[float, float, float]:
    """The first value and the 95 % interval of the others; draws that decide nothing (NaN) are left out."""
    low, high = np.nanquantile(values[1:], _INTERVAL)
    return float(values[0]), float(low), float(high)


def _unidentified(name: tuple[str, str], basis: str, reason: str) -> Estimate:
    return Estimate(*name, None, None, None, basis, reason)


def _noise_and_gamma(per_frame: list[FlatPatches], draws: estimates.Array) -> tuple[Estimate, Estimate]:
    levels = estimates.noise_levels(per_frame)
    basis = f"{sum(int(patches.white.sum()) for patches in per_frame)} flat patches in {len(per_frame)} frames"
    if levels is None:
        reason = (
            "too few even surfaces with white noise above the rounding of codes; "
            "demosaicing, denoising and compression leave none"
        )
        return _unidentified(_NOISE, basis, reason), _unidentified(_GAMMA, basis, reason)
    found = estimates.gamma_and_sigma(levels, draws)
    if found is None:
        reason = "noise was not seen at enough levels of brightness"
    else:
        gamma = _with_interval(found[0])
        if gamma[2] - gamma[1] <= _WIDEST_GAMMA_INTERVAL:
            sigma = _with_interval(found[1])
            return Estimate(*_NOISE, *sigma, basis, _RESTS_ON), Estimate(*_GAMMA, *gamma, basis, _RESTS_ON)
        reason = f"interval {gamma[1]:.2f} to {gamma[2]:.2f}"
    sigma = _with_interval(estimates.sigma_without_curve(levels, draws))
    return Estimate(*_NOISE, *sigma, basis, "taken without a tone curve"), _unidentified(_GAMMA, basis, reason)


def _blur(per_frame: list[Edges], draws: estimates.Array) -> Estimate:
    variance, contrast = (np.concatenate([getattr(e, name) for e in per_frame]) for name in ("variance", "contrast"))
    frame = np.repeat(np.arange(len(per_frame)), [edges.variance.size for edges in per_frame])
    count = variance.size
    basis = f"{count} straight edges in {len(per_frame)} frames"
    if count < _FEWEST_EDGES:
        reason = f"fewer than {_FEWEST_EDGES} straight edges between even surfaces, or blur beyond 12 px"
        return _unidentified(_BLUR, basis, reason)
    weights = draws[:, frame] * contrast**2
    values = [estimates.blur_width_px(variance, weight) for weight in weights if weight.any()]
    reason = "the scene's own edges count as sharp; softer ones make the box too wide"
    return Estimate(*_BLUR, *_with_interval(np.array(values)), basis, reason)


def _chromatic_aberration(per_frame: list[Edges], width: int, focal: float, draws: estimates.Array) -> Estimate:
    position = np.concatenate([edges.position for edges in per_frame])
    at_border = int((np.abs(position) > _BORDER_SHARE * 0.5 * width).sum())
    basis = f"{position.size} straight edges in {len(per_frame)} frames, {at_border} near the border"
    if at_border < _FEWEST_BORDER_EDGES:
        reason = f"fewer than {_FEWEST_BORDER_EDGES} straight edges near the left or right border, where it shows"
        return _unidentified(_CHROMATIC, basis, reason)
    above, below = (draws @ sums for sums in estimates.k1_sums(per_frame, focal))
    value, low, high = _with_interval(above / np.maximum(below, 1e-12))
    shift_px = (high - low) * (0.5 * width) ** 3 / focal**2
    if shift_px > _WIDEST_EDGE_SHIFT_PX:
        reason = f"interval {low:.4g} to {high:.4g} is {shift_px:.1f} px wide at the border"
        return _unidentified(_CHROMATIC, basis, reason)
    return Estimate(*_CHROMATIC, value, low, high, basis, "not told from none" if low <= 0.0 <= high else "")


def _saturation(pictures: list[Frame], sigma_dn: float, gamma: float, draws: estimates.Array) -> Estimate:
    shares = np.array(
        [
            100.0 * estimates.saturated_share(np.bincount(picture.ravel(), minlength=256), sigma_dn, gamma)
            for picture in pictures
        ]
    )
    mean, spread = float(shares.mean()), float(shares.std(ddof=1))
    basis = f"clipped share of {len(pictures)} frames: {shares.min():.2f} to {shares.max():.2f} %"
    if mean < _SMALLEST_SHARE_PERCENT:
        return _unidentified(_EXPOSURE, basis, "hardly any value is clipped at white")
    if spread > _LARGEST_SHARE_SPREAD * mean:
        reason = "the share differs from frame to frame; this is no automatic exposure with a constant share"
        return _unidentified(_EXPOSURE, basis, reason)
    reason = "share after blur; light that blur spread out of small highlights is missing"
    return Estimate(*_EXPOSURE, *_with_interval(draws @ shares / len(pictures)), basis, reason)
