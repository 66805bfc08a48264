"""Structural similarity of two pictures: SSIM of Wang et al. (2004)."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

_WINDOW = (11, 11)
_SIGMA_PX = 1.5
_BORDER = 5
_C1 = (0.01 * 255.0) ** 2
_C2 = (0.03 * 255.0) ** 2

Frame = npt.NDArray[np.uint8]


def ssim(first: Frame, second: Frame) -> float:
    """Mean SSIM over pixels and the three channels: Gaussian window 11 × 11, σ 1.5 px, whole windows only.

    Args:
        first, second: uint8 RGB (H, W, 3), at least 11 × 11.

    Returns:
        −1..1; 1 = identical.
    """
    x, y = first.astype(np.float32), second.astype(np.float32)
    mean_x, mean_y = _windowed(x), _windowed(y)
    variance_x = _windowed(x * x) - mean_x**2
    variance_y = _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    luminance = (2.0 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2.0 * covariance + _C2) / (variance_x + variance_y + _C2)
    return float(np.mean(luminance * structure))


def _windowed(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    blurred = np.asarray(cv2.GaussianBlur(values, _WINDOW, _SIGMA_PX), np.float32)
    return blurred[_BORDER:-_BORDER, _BORDER:-_BORDER]
