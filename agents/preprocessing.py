"""From camera picture to network input: crop the road, shrink, change the colour space.

Two steps on purpose. The crop (uint8 RGB, small) is what data collection stores; the network input is made
from it, at training and at run time by the same function, so the two can never drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch

from agents.protocol import Frame

Colour = Literal["yuv", "grey", "rgb", "bgr"]

# Rows: Y, U, V of full-range BT.601 (what cv2.COLOR_RGB2YUV computes); U and V are centred on 128.
_RGB_TO_YUV = ((0.299, 0.587, 0.114), (-0.14713, -0.28886, 0.436), (0.615, -0.51499, -0.10001))
_YUV_OFFSET = (0.0, 128.0, 128.0)
_RGB = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_FROM_RGB: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    "yuv": _RGB_TO_YUV,
    "grey": _RGB_TO_YUV[:1],
    "rgb": _RGB,
    "bgr": _RGB[::-1],
}
CHANNELS: Mapping[str, int] = {colour: len(rows) for colour, rows in _FROM_RGB.items()}
"""Colour space -> channels of the network input."""


@dataclass(frozen=True)
class Preprocessing:
    """How a network wants to see the road; stored inside its weights file.

    Attributes:
        lower_share: share of the picture's height that is kept, from the bottom up (sky and treetops go).
        height, width: size of the crop, px.
        colour: "yuv" or "grey" (1 channel, the Y of yuv); "rgb" and "bgr" for networks from elsewhere.
        cut_bottom_share: share of the picture's height that is left out at the bottom (a bonnet).
    """

    lower_share: float = 0.62
    height: int = 66
    width: int = 200
    colour: Colour = "yuv"
    cut_bottom_share: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.lower_share <= 1.0:
            raise ValueError(f"lower_share must lie in (0, 1], not {self.lower_share}")
        if not 0.0 <= self.cut_bottom_share < self.lower_share:
            raise ValueError(f"cut_bottom_share must lie in [0, lower_share), not {self.cut_bottom_share}")
        if self.colour not in CHANNELS:
            raise ValueError(f"colour must be one of {', '.join(CHANNELS)}, not {self.colour!r}")

    @property
    def channels(self) -> int:
        """Channels of the network input."""
        return CHANNELS[self.colour]

    def to_dict(self) -> dict[str, str | int | float]:
        """Plain values for JSON."""
        return asdict(self)

    def first_row(self, frame_height: int) -> int:
        """First picture row that is kept: saliency maps cover the rows from here to `end_row`."""
        return frame_height - max(1, round(frame_height * self.lower_share))

    def end_row(self, frame_height: int) -> int:
        """First picture row below the kept ones; the frame's height where nothing is cut at the bottom."""
        kept_above = frame_height - round(frame_height * self.cut_bottom_share)
        return max(self.first_row(frame_height) + 1, kept_above)

    @property
    def seen_rows(self) -> tuple[float, float]:
        """The kept rows as shares of the picture's height, from its top: (first, end)."""
        return 1.0 - self.lower_share, 1.0 - self.cut_bottom_share

    def crop(self, frame: Frame) -> Frame:
        """The road part of a camera picture, shrunk by area averaging.

        Args:
            frame: uint8 RGB (H, W, 3).

        Returns:
            uint8 RGB (height, width, 3).

        Raises:
            ValueError: not a uint8 RGB picture.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.size == 0:
            raise ValueError(f"expected a uint8 RGB picture (H, W, 3), got {frame.dtype} {frame.shape}")
        kept = frame[self.first_row(frame.shape[0]) : self.end_row(frame.shape[0])]
        resized = cv2.resize(kept, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return np.asarray(resized, dtype=np.uint8)

    def network_input(self, frame: Frame, device: torch.device | str = "cpu") -> torch.Tensor:
        """One camera picture as network input, (1, channels, height, width) float32, 0..255."""
        return to_network_input(self.crop(frame)[np.newaxis], self.colour, device)


def crop(frame: Frame) -> Frame:
    """The default crop: uint8 RGB (H, W, 3) to (66, 200, 3), what data collection stores."""
    return Preprocessing().crop(frame)


def to_network_input(
    crops: npt.NDArray[np.uint8] | torch.Tensor, colour: Colour, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """A batch of crops as network input.

    Args:
        crops: uint8 RGB (B, H, W, 3).
        colour: colour space of the network.
        device: where the result is wanted; the conversion runs there.

    Returns:
        float32 (B, channels of the colour, H, W), 0..255 (not rounded; U and V of extreme colours reach just beyond).
    """
    tensor = torch.as_tensor(crops).to(device)
    if tensor.dtype != torch.uint8 or tensor.ndim != 4 or tensor.shape[3] != 3:
        raise ValueError(f"expected uint8 RGB crops (B, H, W, 3), got {tensor.dtype} {tuple(tensor.shape)}")
    rows = _FROM_RGB[colour]
    matrix = torch.tensor(rows, dtype=torch.float32, device=tensor.device)
    added = _YUV_OFFSET if colour == "yuv" else (0.0,) * len(rows)
    offset = torch.tensor(added, dtype=torch.float32, device=tensor.device)
    converted = torch.matmul(tensor.to(torch.float32), matrix.T) + offset
    # Memory stays channels-last (B, H, W, C), which the convolutions prefer.
    return converted.permute(0, 3, 1, 2)
