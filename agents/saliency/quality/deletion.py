"""Deletion and insertion (Petsiuk et al. 2018), carried over to an angle: by how many degrees does the wheel turn?

Pixels are taken in the order of the map, most salient first. *Deletion* replaces them in the picture by a substrate
(the picture's mean colour, or the picture blurred); *insertion* starts from the substrate and puts them back. The
figure is the mean over the share of pixels (0 to 100 %) of |answer − answer to the whole picture|, degrees: a good map
makes deletion large and insertion small. It stands beside a random order and the order of Sobel edges.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch

from agents.saliency.method import ExplainedNetwork, answers_in_parts
from agents.saliency.quality.likeness import Maps

Substrate = Literal["mean", "blur"]
SUBSTRATES: tuple[Substrate, ...] = ("mean", "blur")
SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
BLUR_SIGMA_SHARE = 0.04
"""Of the picture's width: 8 px where it is 200 px wide."""

Predict = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Deletion:
    """One number per picture, degrees; larger ``deletion_deg`` and smaller ``insertion_deg`` are better.

    Attributes:
        deletion_deg, insertion_deg: (B,) area under the curve over the share of pixels.
    """

    deletion_deg: npt.NDArray[np.float64]
    insertion_deg: npt.NDArray[np.float64]


def deletion(network: ExplainedNetwork, inputs: torch.Tensor, maps: Maps, substrate: Substrate) -> Deletion:
    """Curves of one order of pixels, summed up.

    Args:
        inputs: (B, C, H, W), 0..255. maps: (B, H, W), larger = earlier; ties in a fixed random order, so that a flat
            map is the random order. substrate: what stands where a pixel is missing.

    Raises:
        ValueError: maps and inputs do not fit.
    """
    if maps.shape != (len(inputs), *inputs.shape[2:]):
        raise ValueError(f"maps {maps.shape} do not fit inputs {tuple(inputs.shape)}")
    empty = substrate_of(inputs, substrate)
    place = torch.from_numpy(_place_in_order(maps)).to(inputs.device)
    pixels = maps.shape[1] * maps.shape[2]
    whole = answers_in_parts(network, inputs)

    def turned_deg(pictures: torch.Tensor) -> npt.NDArray[np.float64]:
        return np.asarray((answers_in_parts(network, pictures) - whole).abs().double().cpu().numpy())

    deleted, inserted = [], []
    for share in SHARES:
        first = (place < round(share * pixels))[:, None]
        deleted.append(turned_deg(torch.where(first, empty, inputs)))
        inserted.append(turned_deg(torch.where(first, inputs, empty)))
    return Deletion(_area(deleted), _area(inserted))


def random_maps(shape: tuple[int, ...], seed: int = 0) -> Maps:
    """The random order, as maps of this shape (B, H, W)."""
    return np.random.default_rng(seed).random(shape)


def sobel_maps(inputs: torch.Tensor) -> Maps:
    """Edge strength of each picture's first channel (brightness), (B, H, W): what any edge finder would show."""
    luma = inputs[:, 0].cpu().numpy().astype(np.float32)
    return np.stack([np.hypot(cv2.Sobel(p, cv2.CV_32F, 1, 0), cv2.Sobel(p, cv2.CV_32F, 0, 1)) for p in luma])


def substrate_of(inputs: torch.Tensor, substrate: Substrate) -> torch.Tensor:
    """Pictures without content, same shape."""
    if substrate == "mean":
        return inputs.mean(dim=(2, 3), keepdim=True).expand_as(inputs)
    channels_last = inputs.permute(0, 2, 3, 1).cpu().numpy()
    sigma_px = BLUR_SIGMA_SHARE * inputs.shape[3]
    blurred = [cv2.GaussianBlur(np.ascontiguousarray(p), (0, 0), sigma_px) for p in channels_last]
    stacked = np.stack(blurred).reshape(channels_last.shape)
    return torch.from_numpy(stacked).to(inputs).permute(0, 3, 1, 2)


def _place_in_order(maps: Maps) -> npt.NDArray[np.int64]:
    """Place of each pixel in its picture's order, 0 = most salient."""
    flat = maps.reshape(len(maps), -1)
    tie_break = np.random.default_rng(0).permutation(flat.shape[1])
    order = np.stack([np.lexsort((tie_break, -row)) for row in flat])
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(flat.shape[1])[None], axis=1)
    return place.reshape(maps.shape)


def _area(curve_deg: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    return np.asarray(np.trapezoid(np.stack(curve_deg), np.array(SHARES), axis=0), dtype=np.float64)
