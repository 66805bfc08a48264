"""Frames from a folder of pictures, and where their camera stands: what the tools of this package work on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from sensor_sim.effects.effect import Frame
from sensor_sim.errors import SensorFrameError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


def read_folder(folder: Path) -> dict[str, Frame]:
    """All pictures of a folder by file name, in the order of the names.

    Returns:
        {file name: uint8 RGB (H, W, 3)}, all of one size.

    Raises:
        SensorFrameError: no picture there, one that cannot be read, or pictures of different sizes.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise SensorFrameError(f"no picture in {folder}; give a folder of frames ({', '.join(SUFFIXES)})")
    frames: dict[str, Frame] = {}
    for path in paths:
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise SensorFrameError(f"{path} cannot be read as a picture; remove it from the folder")
        frames[path.name] = np.ascontiguousarray(cv2.cvtColor(np.asarray(bgr, np.uint8), cv2.COLOR_BGR2RGB))
    sizes = {frame.shape[:2] for frame in frames.values()}
    if len(sizes) > 1:
        found = ", ".join(f"{width}×{height}" for height, width in sorted(sizes))
        raise SensorFrameError(f"frames in {folder} have different sizes ({found}); give frames of one camera")
    return frames
