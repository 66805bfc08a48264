"""NetSVF and NetHVF of the VisualBackProp paper (Bojarski et al. 2016, arXiv:1611.05418, Table 1).

Ten 3×3 convolutions, strides 1 and 2 in turn, each behind a batch normalisation and in front of a ReLU; dense layers
of 1024, 512 and 1. The two differ in the input: NetSVF (small vertical field of view) sees a band of a 640 px wide
picture, NetHVF (high) about twice the band, scaled down by that factor.

The paper contradicts itself. Only an input of 125 rows gives the heights of its Table 1, not the 135 (NetSVF) and 173
(NetHVF) of its text, and NetHVF's rows 2 to 10 follow from a first map 347 px wide, not 349, which is the width of the
input. The sizes here are those that fit the layers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import nn

from agents.preprocessing import Preprocessing
from agents.saliency.conv_layer import ConvLayer
from agents.steering_network import SteeringNetwork, sizes_after

NETVF_CONVOLUTIONS = (ConvLayer(3, 1), ConvLayer(3, 2)) * 5
_WIDTHS = (32, 32, 48, 48, 64, 64, 96, 96, 128, 128)
_DENSE = (1024, 512)


@dataclass(frozen=True)
class NetVFConfig:
    """Shape of a NetSVF or NetHVF; stored inside its weights file.

    Attributes:
        height, width, channels: input size, px.
        dropout: drop-out rate after each hidden dense layer, training only; the paper has none.
        output_scale_deg: steering wheel degrees per unit of the last layer.
    """

    height: int = 125
    width: int = 640
    channels: int = 1
    dropout: float = 0.0
    output_scale_deg: float = 50.0

    def to_dict(self) -> dict[str, int | float]:
        """Plain values for JSON."""
        return asdict(self)

    def map_size(self) -> tuple[int, int]:
        """Height and width of the last convolution's maps.

        Raises:
            ValueError: the input is too small for ten convolutions.
        """
        height, width = sizes_after(self.height, self.width, NETVF_CONVOLUTIONS)[-1]
        if height < 1 or width < 1:
            raise ValueError(f"NetVF input {self.height}×{self.width} px is too small: it needs at least 125×125")
        return height, width


NETSVF = NetVFConfig(height=125, width=640)
NETHVF = NetVFConfig(height=125, width=349)

# On a 640×360 picture of a camera that looks 6° down: 125 rows from just above the horizon on, unscaled, and 229 rows
# down to the lower edge, scaled by 349/640.
NETSVF_PREPROCESSING = Preprocessing(
    lower_share=216 / 360, height=125, width=640, colour="grey", cut_bottom_share=91 / 360
)
NETHVF_PREPROCESSING = Preprocessing(lower_share=229 / 360, height=125, width=349, colour="grey")


class NetVF(SteeringNetwork):
    """NetSVF or NetHVF, by its input size; input, output and normalisation as every `SteeringNetwork`.

    Args:
        config: shape; NetSVF by default.
        seed: of the initial weights; the global generator is left as it was.
    """

    config: NetVFConfig
    layers = NETVF_CONVOLUTIONS

    def __init__(self, config: NetVFConfig | None = None, seed: int = 0) -> None:
        super().__init__()
        self.config = config or NETSVF
        height, width = self.config.map_size()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            inputs = (self.config.channels, *_WIDTHS[:-1])
            self.convolutions = nn.ModuleList(
                nn.Sequential(nn.BatchNorm2d(before), nn.Conv2d(before, after, layer.kernel, layer.stride))
                for before, after, layer in zip(inputs, _WIDTHS, NETVF_CONVOLUTIONS, strict=True)
            )
            sizes = (_WIDTHS[-1] * height * width, *_DENSE, 1)
            self.dense = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(sizes))
