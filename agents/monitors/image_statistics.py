"""Two figures of a picture, and what they usually are on undisturbed driving."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from agents.errors import WeightsError
from agents.protocol import Frame
from agents.weights_io import REBUILD_HINT, WEIGHTS_FOLDER, load_json, save_json

IMAGE_STATISTICS_PATH = WEIGHTS_FOLDER / "image_statistics.json"
_SCHEMA_VERSION = 1


def mean_brightness_dn(frame: Frame) -> float:
    """Mean luma (BT.601) of a uint8 RGB picture, 0..255."""
    red, green, blue = cv2.mean(frame)[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue


def log_sharpness(frame: Frame) -> float:
    """Natural logarithm of the variance of luma's Laplacian (Pech-Pacheco et al. 2000), uint8 RGB picture.

    Blur lowers it, noise raises it. A flat picture gives log(1e-6), not minus infinity.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))
    return math.log(max(float(deviation[0, 0]) ** 2, 1e-6))


@dataclass(frozen=True)
class ImageStatistics:
    """Means over undisturbed frames: what the brightness and sharpness monitors call normal."""

    brightness_dn: float
    log_sharpness: float
    frames: int

    @staticmethod
    def measure(frames: Iterable[Frame]) -> ImageStatistics:
        """Statistics of full-size uint8 RGB camera pictures.

        Raises:
            ValueError: no frames.
        """
        values = np.array([(mean_brightness_dn(frame), log_sharpness(frame)) for frame in frames])
        if not len(values):
            raise ValueError("image statistics need at least one frame")
        brightness, sharpness = values.mean(axis=0)
        return ImageStatistics(float(brightness), float(sharpness), len(values))

    def save(self, path: Path, provenance: Mapping[str, Any]) -> None:
        """Write to JSON with where it came from."""
        save_json(path, {"schema_version": _SCHEMA_VERSION, **asdict(self), "provenance": dict(provenance)})

    @staticmethod
    def load(path: Path = IMAGE_STATISTICS_PATH) -> ImageStatistics:
        """Read from JSON.

        Raises:
            WeightsError: missing, or not such a file.
        """
        value = load_json(path)
        try:
            return ImageStatistics(float(value["brightness_dn"]), float(value["log_sharpness"]), int(value["frames"]))
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(f"{path}: not a file of image statistics ({error}); {REBUILD_HINT}") from error
