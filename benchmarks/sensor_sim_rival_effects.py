"""Single effects as other libraries have them, as near to ours in kind and strength as their parameters allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from benchmarks.sensor_sim import Frame, apply, make_chain
from benchmarks.sensor_sim_rival_chains import BORDER, Chain, radial_maps
from sensor_sim.effects.spread import disc_kernel
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from sensor_sim.transfer_curve import srgb_decode, srgb_encode

Maker = Callable[[Frame], Chain]


@dataclass(frozen=True)
class Contest:
    """One effect of ours and what stands against it.

    Attributes:
        effect, parameters: ours.
        rivals: library -> maker; a library without anything like it is left out.
        same_strength: True where the plain OpenCV version has the same formula and strength, so that both must change
            the picture by nearly as much.
    """

    effect: str
    parameters: dict[str, Any]
    rivals: dict[str, Maker]
    same_strength: bool = True

    def ours(self, frame: Frame) -> Chain:
        """Our chain with this effect alone."""
        chain = make_chain(SensorSchedule((EffectSchedule(self.effect, self.parameters),)), frame)
        return lambda picture, tick: apply(chain, picture, tick)


def opencv(function: Callable[[Frame], Any]) -> Maker:
    """A plain function of the picture."""
    return lambda frame: lambda picture, tick: np.asarray(function(picture), np.uint8)


def transform(name: str, **parameters: Any) -> Maker:
    """A transform of albumentations that always acts."""

    def make(frame: Frame) -> Chain:
        import albumentations

        pipeline = albumentations.Compose([getattr(albumentations, name)(**parameters, p=1.0)], seed=1)
        return lambda picture, tick: np.asarray(pipeline(image=picture)["image"], np.uint8)

    return make


def tensor(module: str, name: str, *arguments: Any, noise: bool = False, **parameters: Any) -> Maker:
    """A function of kornia on a float tensor, there and back from uint8; an augmentation if ``noise``."""

    def make(frame: Frame) -> Chain:
        import importlib

        import torch

        found = getattr(importlib.import_module(module), name)
        act = found(*arguments, **parameters) if noise else lambda light: found(light, *arguments, **parameters)

        def run(picture: Frame, tick: int) -> Frame:
            with torch.inference_mode():
                light = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255.0
                codes = (255.0 * act(light)).round().clamp(0.0, 255.0).to(torch.uint8)
                return np.ascontiguousarray(codes[0].permute(1, 2, 0).numpy())

        return run

    return make


def corruption(name: str) -> Maker:
    """A corruption of imagecorruptions at severity 1."""

    def make(frame: Frame) -> Chain:
        from imagecorruptions import corrupt

        return lambda picture, tick: np.asarray(corrupt(picture, corruption_name=name, severity=1), np.uint8)

    return make


def shift_colours(frame: Frame) -> Chain:
    """Red and blue resampled by OpenCV."""
    maps = [cv2.convertMaps(*pair, cv2.CV_16SC2) for pair in radial_maps(frame.shape[1], frame.shape[0], K1)]

    def run(picture: Frame, tick: int) -> Frame:
        red, green, blue = cv2.split(picture)
        red, blue = (
            cv2.remap(plane, *m, cv2.INTER_LINEAR, borderMode=BORDER)
            for plane, m in zip((red, blue), maps, strict=True)
        )
        return np.asarray(cv2.merge([red, green, blue]), np.uint8)

    return run


def shift_colours_kornia(frame: Frame) -> Chain:
    """Red and blue resampled by kornia."""
    import torch
    from kornia.geometry.transform import remap

    maps = [tuple(torch.from_numpy(m)[None] for m in pair) for pair in radial_maps(frame.shape[1], frame.shape[0], K1)]

    def run(picture: Frame, tick: int) -> Frame:
        with torch.inference_mode():
            light = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
            for channel, pair in zip((0, 2), maps, strict=True):
                light[:, channel : channel + 1] = remap(
                    light[:, channel : channel + 1], *pair, padding_mode="border", align_corners=True
                )
            return np.ascontiguousarray(light.round().to(torch.uint8)[0].permute(1, 2, 0).numpy())

    return run


def gaussian_noise(picture: Frame, sigma_dn: float) -> Frame:
    """Codes plus rounded normal noise, clipped."""
    noise = np.empty(picture.shape, np.float32)
    cv2.randn(noise.reshape(len(noise), -1), 0.0, sigma_dn)
    return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)


def salt_and_pepper(picture: Frame, share: float) -> Frame:
    """Values at 0 or 255 by uniform draws."""
    drawn = np.empty(picture.shape, np.uint16)
    cv2.randu(drawn.reshape(len(drawn), -1), 0, 65536)
    out = picture.copy()
    out[drawn < 32768 * share] = 0
    out[drawn >= 65536 - 32768 * share] = 255
    return out


def line_kernel(length_px: int) -> np.ndarray:
    """A level line of whole pixels, float32 (1, length)."""
    return np.full((1, length_px), 1.0 / length_px, np.float32)


def recompressed(picture: Frame, quality: int) -> Frame:
    """JPEG there and back."""
    encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def stretched(picture: Frame) -> Frame:
    """Codes from the darkest to the 98th percentile spread over the whole range by a table."""
    counts = np.cumsum(cv2.calcHist([picture.reshape(-1, 1)], [0], None, [256], [0, 256]))
    lo, hi = int(np.argmax(counts > 0)), int(np.searchsorted(counts, 0.98 * counts[-1]))
    return np.asarray(cv2.LUT(picture, np.uint8(np.clip(255.0 * (_CODES - lo) / (hi - lo), 0, 255))), np.uint8)


K1 = 0.02
SIGMA_DN = 0.08 * 255.0
"""Of imagecorruptions' gaussian_noise at severity 1, as for the others below."""
IMPULSE_SHARE = 0.03
RADIUS_PX = 3.0
QUALITY = 25
LENGTH_PX = 15
_CODES = np.arange(256)
_HALF_LIGHT = np.round(255 * srgb_encode(0.5 * srgb_decode(_CODES / 255.0))).astype(np.uint8)
_GAMMA_CURVE = np.round(255 * (_CODES / 255.0) ** 0.6).astype(np.uint8)

CONTESTS: dict[str, Contest] = {
    "blur": Contest("blur", {"width_px": 5.0}, {
        "opencv": opencv(lambda p: cv2.blur(p, (5, 5))),
        "albumentations": transform("Blur", blur_limit=(5, 5)),
        "kornia": tensor("kornia.filters", "box_blur", (5, 5)),
    }),
    "gaussian_blur": Contest("gaussian_blur", {"sigma_px": 2.0}, {
        "opencv": opencv(lambda p: cv2.GaussianBlur(p, (0, 0), 2.0)),
        "albumentations": transform("GaussianBlur", sigma_limit=(2.0, 2.0)),
        "kornia": tensor("kornia.filters", "gaussian_blur2d", (13, 13), (2.0, 2.0)),
        "imagecorruptions": corruption("gaussian_blur"),
    }),
    "defocus": Contest("defocus", {"radius_px": RADIUS_PX}, {
        "opencv": opencv(lambda p: cv2.filter2D(p, -1, disc_kernel(RADIUS_PX))),
        "albumentations": transform("Defocus", radius=(3, 3), alias_blur=(0.1, 0.1)),
        "imagecorruptions": corruption("defocus_blur"),
    }),
    "motion_blur": Contest("shake_blur", {"length_px": float(LENGTH_PX)}, {
        "opencv": opencv(lambda p: cv2.filter2D(p, -1, line_kernel(LENGTH_PX))),
        "albumentations": transform("MotionBlur", blur_limit=(LENGTH_PX, LENGTH_PX)),
        "kornia": tensor("kornia.filters", "motion_blur", LENGTH_PX, 35.0, 0.0),
        "imagecorruptions": corruption("motion_blur"),
    }, same_strength=False),
    "zoom_blur": Contest("zoom_blur", {"zoom": 1.1}, {
        "albumentations": transform("ZoomBlur", max_factor=(1.1, 1.1), step_factor=(0.01, 0.01)),
        "imagecorruptions": corruption("zoom_blur"),
    }),
    "frosted_glass": Contest("frosted_glass", {"shift_px": 2.0}, {
        "albumentations": transform("GlassBlur", sigma=0.7, max_delta=2, iterations=2),
        "imagecorruptions": corruption("glass_blur"),
    }),
    "chromatic_aberration": Contest("chromatic_aberration", {"k1": K1}, {
        "opencv": shift_colours,
        "albumentations": transform("ChromaticAberration", primary_distortion_limit=(0.02, 0.02),
                                    secondary_distortion_limit=(0.0, 0.0), mode="random"),
        "kornia": shift_colours_kornia,
    }),
    "noise": Contest("noise", {"sigma_dn": SIGMA_DN}, {
        "opencv": opencv(lambda p: gaussian_noise(p, SIGMA_DN)),
        "albumentations": transform("GaussNoise", std_range=(0.08, 0.08)),
        "kornia": tensor("kornia.augmentation", "RandomGaussianNoise", noise=True, std=0.08, p=1.0),
        "imagecorruptions": corruption("gaussian_noise"),
    }),
    "shot_noise": Contest("shot_noise", {"electrons_at_white": 30.0, "read_noise_e": 0.0}, {
        "albumentations": transform("ShotNoise", scale_range=(0.02, 0.02)),
        "imagecorruptions": corruption("shot_noise"),
    }),
    "impulse_noise": Contest("impulse_noise", {"share": IMPULSE_SHARE}, {
        "opencv": opencv(lambda p: salt_and_pepper(p, IMPULSE_SHARE)),
        "albumentations": transform("SaltAndPepper", amount=(IMPULSE_SHARE, IMPULSE_SHARE)),
        "kornia": tensor("kornia.augmentation", "RandomSaltAndPepperNoise", noise=True,
                         amount=IMPULSE_SHARE, salt_vs_pepper=0.5, p=1.0),
        "imagecorruptions": corruption("impulse_noise"),
    }),
    "exposure": Contest("exposure", {"saturation_percent": 2.0}, {
        "opencv": opencv(stretched),
        "albumentations": transform("AutoContrast", cutoff=1),
        "kornia": tensor("kornia.enhance", "normalize_min_max"),
        "imagecorruptions": corruption("contrast"),
    }, same_strength=False),
    "gain": Contest("gain", {"factor": 0.5}, {
        "opencv": opencv(lambda p: cv2.LUT(p, _HALF_LIGHT)),
        "albumentations": transform("RandomBrightnessContrast", brightness_limit=(-0.25, -0.25),
                                    contrast_limit=(0.0, 0.0)),
        "kornia": tensor("kornia.enhance", "adjust_brightness", -0.25),
        "imagecorruptions": corruption("brightness"),
    }),
    "gamma": Contest("gamma", {"gamma": 0.6}, {
        "opencv": opencv(lambda p: cv2.LUT(p, _GAMMA_CURVE)),
        "albumentations": transform("RandomGamma", gamma_limit=(60, 60)),
        "kornia": tensor("kornia.enhance", "adjust_gamma", 0.6),
    }),
    "jpeg": Contest("jpeg", {"quality": float(QUALITY)}, {
        "opencv": opencv(lambda p: recompressed(p, QUALITY)),
        "albumentations": transform("ImageCompression", quality_range=(QUALITY, QUALITY)),
        "imagecorruptions": corruption("jpeg_compression"),
    }),
    "dirt": Contest("dirt", {"coverage": 0.2}, {
        "albumentations": transform("Spatter", mode="mud"),
        "imagecorruptions": corruption("spatter"),
    }),
}  # fmt: skip
