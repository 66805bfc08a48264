"""Score functions as a caller would write them."""

from __future__ import annotations

import cv2
import numpy as np

from sensor_sim.effects.effect import Frame


def sharpness(frames: list[Frame], names: list[str]) -> list[float]:
    """How much of a picture's fine structure is edges, 0..100."""
    scores = []
    for frame in frames:
        green = frame[:, :, 1].astype(np.float32)
        edges = float(np.abs(np.diff(cv2.GaussianBlur(green, (0, 0), 1.0), axis=1)).mean())
        grain = float(np.median(np.abs(cv2.Laplacian(green, cv2.CV_32F))))
        fringes = float(np.abs(np.diff(frame[:, :, 0].astype(np.float32) - frame[:, :, 2], axis=1)).mean())
        scores.append(100.0 * edges / (edges + 0.2 * grain + 0.2 * fringes + 0.5))
    return scores


def too_few(frames: list[Frame], names: list[str]) -> list[float]:
    """Wrong: one score for all frames."""
    return [50.0]
