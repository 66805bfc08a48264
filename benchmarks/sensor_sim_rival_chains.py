"""The whole chain as other libraries would build it: each function makes a chain for frames of one size.

Every library gets the nearest it has to blur, lateral chromatic aberration, Gaussian noise, automatic exposure and
gamma of the preset ``cityscapes_like``. What a library lacks is left out, in its favour.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.sensor_sim import FOV_DEG, Frame, apply, make_chain
from sensor_sim.effects.chromatic_aberration import focal_px
from sensor_sim.presets import load_preset
from sensor_sim.transfer_curve import decode_table

Chain = Callable[[Frame, int], Frame]
"""(frame, tick) -> degraded frame."""

PRESET = "cityscapes_like"
BOX_PX = 3
"""The smallest box above 1 px that other libraries have; ours takes the preset's own width."""
SIGMA_DN = 3.0**0.5
GAMMA = 0.8
SATURATION_PERCENT = 2.0
BORDER = cv2.BORDER_REPLICATE

Plane = npt.NDArray[np.float32]


def ours(frame: Frame) -> Chain:
    """The preset cityscapes_like: all five steps in linear light"""
    chain = make_chain(load_preset(PRESET, frame.shape[1], FOV_DEG), frame)
    return lambda picture, tick: apply(chain, picture, tick)


def radial_maps(width: int, height: int, k1: float) -> list[tuple[Plane, Plane]]:
    """Source columns and rows of red and blue, float32 (H, W) each."""
    focal = focal_px(width, FOV_DEG)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (columns - (width - 1) / 2) / focal, (rows - (height - 1) / 2) / focal
    maps = []
    for coefficient in (k1, -k1):
        scale = 1.0 / (1.0 + coefficient * (x * x + y * y))
        source_x = (x * scale * focal + (width - 1) / 2).astype(np.float32)
        maps.append((source_x, (y * scale * focal + (height - 1) / 2).astype(np.float32)))
    return maps


def preset_k1(width: int) -> float:
    """The preset's coefficient for a picture of this width."""
    schedule = load_preset(PRESET, width, FOV_DEG)
    return next(float(e.parameters["k1"]) for e in schedule.effects if e.effect == "chromatic_aberration")


def plain_opencv(frame: Frame) -> Chain:
    """All five steps in linear light with OpenCV as one would write them; exposure range from the histogram"""
    height, width = frame.shape[:2]
    maps = [cv2.convertMaps(*pair, cv2.CV_16SC2) for pair in radial_maps(width, height, preset_k1(width))]
    table = decode_table().reshape(1, 256)
    noise = np.empty((height, width, 3), np.float32)

    def run(picture: Frame, tick: int) -> Frame:
        counts = np.cumsum(cv2.calcHist([picture.reshape(-1, 1)], [0], None, [256], [0, 256]))
        lo = float(table[0, int(np.argmax(counts > 0))])
        hi = float(table[0, int(np.searchsorted(counts, (1.0 - SATURATION_PERCENT / 100.0) * counts[-1]))])
        light = cv2.blur(cv2.LUT(picture, table), (BOX_PX, BOX_PX))
        red, green, blue = cv2.split(light)
        red, blue = (
            cv2.remap(plane, *m, cv2.INTER_LINEAR, borderMode=BORDER)
            for plane, m in zip((red, blue), maps, strict=True)
        )
        light = cv2.merge([red, green, blue])
        cv2.setRNGSeed(tick)
        cv2.randn(noise.reshape(height, -1), -lo / (hi - lo), SIGMA_DN / 255.0)
        exposed = cv2.scaleAdd(light, 1.0 / (hi - lo), noise)
        _, exposed = cv2.threshold(exposed, 0.0, 0.0, cv2.THRESH_TOZERO)
        return np.asarray(cv2.convertScaleAbs(cv2.pow(exposed, GAMMA), alpha=255.0), np.uint8)

    return run


def albumentations(frame: Frame) -> Chain:
    """Blur, ChromaticAberration, GaussNoise, AutoContrast, RandomGamma of fixed strength, on 8-bit codes"""
    import albumentations as a

    pipeline = a.Compose(
        [
            a.Blur(blur_limit=(BOX_PX, BOX_PX), p=1.0),
            a.ChromaticAberration(
                primary_distortion_limit=(0.01, 0.01), secondary_distortion_limit=(0.0, 0.0), mode="random", p=1.0
            ),
            a.GaussNoise(std_range=(SIGMA_DN / 255.0, SIGMA_DN / 255.0), p=1.0),
            a.AutoContrast(p=1.0),
            a.RandomGamma(gamma_limit=(100 * GAMMA, 100 * GAMMA), p=1.0),
        ],
        seed=1,
    )
    return lambda picture, tick: np.asarray(pipeline(image=picture)["image"], np.uint8)


def kornia(frame: Frame) -> Chain:
    """box_blur, remap of red and blue, torch.randn, normalize_min_max, adjust_gamma on float tensors"""
    import torch
    from kornia.enhance import adjust_gamma, normalize_min_max
    from kornia.filters import box_blur
    from kornia.geometry.transform import remap

    height, width = frame.shape[:2]
    maps = [tuple(torch.from_numpy(m)[None] for m in pair) for pair in radial_maps(width, height, preset_k1(width))]

    def run(picture: Frame, tick: int) -> Frame:
        with torch.inference_mode():
            light = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255.0
            light = box_blur(light, (BOX_PX, BOX_PX))
            red, blue = (
                remap(light[:, channel : channel + 1], *pair, padding_mode="border", align_corners=True)
                for channel, pair in zip((0, 2), maps, strict=True)
            )
            light = normalize_min_max(torch.cat([red, light[:, 1:2], blue], dim=1))
            noise = torch.randn(light.shape, generator=torch.Generator().manual_seed(tick))
            noisy = (light + SIGMA_DN / 255.0 * noise).clamp(0.0, 1.0)
            codes = (255.0 * adjust_gamma(noisy, GAMMA)).round().to(torch.uint8)
            return np.ascontiguousarray(codes[0].permute(1, 2, 0).numpy())

    return run


def imagecorruptions(frame: Frame) -> Chain:
    """defocus_blur, gaussian_noise, contrast at severity 1; it has no aberration and no gamma"""
    from imagecorruptions import corrupt

    def run(picture: Frame, tick: int) -> Frame:
        for name in ("defocus_blur", "gaussian_noise", "contrast"):
            picture = corrupt(picture, corruption_name=name, severity=1)
        return np.asarray(picture, np.uint8)

    return run


CHAINS: dict[str, Callable[[Frame], Chain]] = {
    "sensor_sim": ours,
    "opencv": plain_opencv,
    "albumentations": albumentations,
    "kornia": kornia,
    "imagecorruptions": imagecorruptions,
}
