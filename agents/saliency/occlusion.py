"""Occlusion maps (Zeiler & Fergus 2014; Brailovsky's tutorial): cover a patch of the *camera* picture, ask again.

Patches are grey squares in camera pixels, put on before crop and resize, so that what is covered is what a person would
cover. A map says where a cue is, never why, and two cues can hide each other: then one patch changes nothing, and the
iterative mode keeps the strongest patch on and looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from agents.network_file import LoadedNetwork
from agents.preprocessing import to_network_input
from agents.protocol import Frame

Predict = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.floating]]
"""Camera pictures uint8 RGB (N, H, W, 3) to steering wheel angles (N,), degrees."""

GREY = 128
_BATCH = 64


@dataclass(frozen=True)
class OcclusionPatches:
    """Where the squares go.

    Attributes:
        patch_px: side of the square. stride_px: step between squares.
        edge: "inside": only whole squares on the stride's grid, what is left at the right and lower edge stays
            uncovered; "flush": a last row and column of squares lies flush with these edges.
    """

    patch_px: int = 64
    stride_px: int = 16
    edge: Literal["inside", "flush"] = "flush"

    def corners(self, height: int, width: int) -> list[tuple[int, int]]:
        """Upper left corners (row, column), row by row.

        Raises:
            ValueError: no square fits.
        """
        if not 1 <= self.patch_px <= min(height, width) or self.stride_px < 1:
            raise ValueError(
                f"patches of {self.patch_px} px every {self.stride_px} px do not fit a picture of {width}×{height} px"
            )
        return [(row, column) for row in self._starts(height) for column in self._starts(width)]

    def _starts(self, size: int) -> list[int]:
        last = size - self.patch_px
        starts = list(range(0, last + 1, self.stride_px))
        return starts if self.edge == "inside" or starts[-1] == last else [*starts, last]


@dataclass(frozen=True)
class OcclusionMap:
    """One pass over a picture.

    Attributes:
        swa_deg: (H, W) mean output under the squares that cover a pixel; NaN where none does.
        base_swa_deg: output of the picture as it was given to this pass.
        corners: of the squares. outputs_deg: (len(corners),) output under each.
    """

    swa_deg: npt.NDArray[np.float64]
    base_swa_deg: float
    corners: list[tuple[int, int]]
    outputs_deg: npt.NDArray[np.float64]

    @property
    def change_deg(self) -> npt.NDArray[np.float64]:
        """(H, W) mean output minus the base: what covering a place does to the wheel; NaN where uncovered."""
        return self.swa_deg - self.base_swa_deg

    @property
    def strongest(self) -> int:
        """Index of the square that changes the output most."""
        return int(np.argmax(np.abs(self.outputs_deg - self.base_swa_deg)))


def camera_driver(loaded: LoadedNetwork) -> Predict:
    """A network that is asked with whole camera pictures: crop, shrinking and colours are its own."""

    def predict(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating]:
        crops = np.stack([loaded.preprocessing.crop(picture) for picture in pictures])
        inputs = to_network_input(crops, loaded.preprocessing.colour, loaded.device)
        with torch.inference_mode():
            return np.asarray(loaded.network(inputs).cpu().numpy())

    return predict


def occlusion_map(predict: Predict, frame: Frame, patches: OcclusionPatches = OcclusionPatches()) -> OcclusionMap:
    """Cover every place once.

    Args:
        predict: the driver, pictures to angles.
        frame: uint8 RGB (H, W, 3).

    Raises:
        ValueError: the patches do not fit.
    """
    height, width = frame.shape[:2]
    corners = patches.corners(height, width)
    outputs = np.concatenate(
        [_outputs(predict, frame, corners[at : at + _BATCH], patches.patch_px) for at in range(0, len(corners), _BATCH)]
    )
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for (row, column), output in zip(corners, outputs, strict=True):
        under = (slice(row, row + patches.patch_px), slice(column, column + patches.patch_px))
        total[under] += output
        count[under] += 1.0
    mean = np.full((height, width), np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return OcclusionMap(mean, float(predict(frame[np.newaxis])[0]), corners, outputs)


def iterative_occlusion(
    predict: Predict, frame: Frame, rounds: int, patches: OcclusionPatches = OcclusionPatches()
) -> list[OcclusionMap]:
    """Several passes; after each the strongest square stays on, so that cues hidden behind it come out.

    Raises:
        ValueError: no round, or the patches do not fit.
    """
    if rounds < 1:
        raise ValueError(f"iterative occlusion needs at least one round, not {rounds}")
    passes: list[OcclusionMap] = []
    covered = frame
    for _ in range(rounds):
        found = occlusion_map(predict, covered, patches)
        passes.append(found)
        covered = _covered(covered, found.corners[found.strongest], patches.patch_px)
    return passes


def _outputs(predict: Predict, frame: Frame, corners: list[tuple[int, int]], patch_px: int) -> npt.NDArray[np.float64]:
    pictures = np.stack([_covered(frame, corner, patch_px) for corner in corners])
    return np.asarray(predict(pictures), dtype=np.float64)


def _covered(frame: Frame, corner: tuple[int, int], patch_px: int) -> Frame:
    picture = frame.copy()
    picture[corner[0] : corner[0] + patch_px, corner[1] : corner[1] + patch_px] = GREY
    return picture
