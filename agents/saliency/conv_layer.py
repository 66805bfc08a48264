"""Geometry of one convolution: all that value-based saliency needs to know of a network."""

from __future__ import annotations

from typing import NamedTuple


class ConvLayer(NamedTuple):
    """A square convolution without padding: kernel size and stride, px."""

    kernel: int
    stride: int
