"""Scenes of the VisualBackProp paper (its Figures 10 to 17) made from one labelled picture by a known change.

Shadows across the road, one marking that vanishes, transverse lines: each changes pixels that are known exactly, so
that attention on the cue that still steers and on the one that must not can be measured. Distances are along the
ground, ahead of the camera, on a flat road.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from agents.protocol import Frame

ROAD, MARKING = 1, 24
SHADOWS_M = ((5.0, 6.5), (8.5, 11.0), (15.0, 20.0))
SHADOW_LIGHT = 0.35
BAR_M = (8.0, 8.7)
BAR_LIGHT = 215
ERASED_MARGIN_PX = 2

Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


class NoCueError(ValueError):
    """The picture has nothing of what the scene is about."""


@dataclass(frozen=True)
class GroundView:
    """How the camera looks at the ground: height m, pitch degrees (up positive), focal length px."""

    height_m: float
    pitch_deg: float
    focal_px: float

    @classmethod
    def of(cls, camera: Mapping[str, float]) -> GroundView:
        """From the camera of labelled pictures (``width_px``, ``fov_deg``, ``z_m``, ``pitch_deg``)."""
        focal_px = camera["width_px"] / 2 / math.tan(math.radians(camera["fov_deg"] / 2))
        return cls(camera["z_m"], camera["pitch_deg"], focal_px)

    def distance_m(self, rows: int) -> npt.NDArray[np.float64]:
        """Distance along the ground of each picture row's centre, (rows,); infinite above the horizon."""
        down = np.arctan((np.arange(rows) + 0.5 - rows / 2) / self.focal_px) - math.radians(self.pitch_deg)
        return np.where(down > 1e-6, self.height_m / np.tan(np.maximum(down, 1e-6)), np.inf)


@dataclass(frozen=True)
class CueScene:
    """A changed picture.

    Attributes:
        picture: uint8 RGB (H, W, 3).
        cue: (H, W) what still tells where to steer. distractor: (H, W) what was changed and must not steer.
    """

    picture: Frame
    cue: Mask
    distractor: Mask


def shadows(picture: Frame, labels: Labels, view: GroundView) -> CueScene:
    """Three dark bands across the road; the cue is the marking between them."""
    distance = view.distance_m(labels.shape[0])[:, None]
    on_ground = np.isin(labels, (ROAD, MARKING))
    dark = on_ground & np.any([(distance >= near) & (distance < far) for near, far in SHADOWS_M], axis=0)
    shaded = np.where(dark[..., None], np.rint(picture * SHADOW_LIGHT), picture).astype(np.uint8)
    return CueScene(shaded, (labels == MARKING) & ~dark, dark)


def transverse_line(picture: Frame, labels: Labels, view: GroundView) -> CueScene:
    """A white bar across the road; the cue is the marking along it."""
    distance = view.distance_m(labels.shape[0])[:, None]
    bar = np.isin(labels, (ROAD, MARKING)) & (distance >= BAR_M[0]) & (distance < BAR_M[1])
    painted = np.where(bar[..., None], np.uint8(BAR_LIGHT), picture).astype(np.uint8)
    return CueScene(painted, (labels == MARKING) & ~bar, bar)


def vanished_marking(picture: Frame, labels: Labels, view: GroundView) -> CueScene:
    """The right edge line painted over with the road beside it; the cue is what markings are left.

    Raises:
        NoCueError: there is no marking right of the middle in the lower part of the picture.
    """
    count, parts = cv2.connectedComponents((labels == MARKING).astype(np.uint8), connectivity=8)
    rows, columns = np.nonzero((labels == MARKING) & (np.arange(labels.shape[1]) > labels.shape[1] / 2))
    if count < 2 or not len(rows):
        raise NoCueError("there is no marking on the right to take away")
    lowest = int(np.argmax(rows))
    line = parts == parts[rows[lowest], columns[lowest]]
    margin = np.ones((2 * ERASED_MARGIN_PX + 1, 2 * ERASED_MARGIN_PX + 1), np.uint8)
    wide = cv2.dilate(line.astype(np.uint8), margin)
    filled = cv2.inpaint(picture, wide, 3.0, cv2.INPAINT_TELEA)
    return CueScene(np.asarray(filled, dtype=np.uint8), (labels == MARKING) & ~line, line)


EDITS: Mapping[str, Callable[[Frame, Labels, GroundView], CueScene]] = {
    "shadows": shadows,
    "vanished_marking": vanished_marking,
    "transverse_line": transverse_line,
}
