"""PilotNet after Bojarski et al. 2016 (arXiv:1604.07316): five convolutions, four dense layers, one angle.

The input size and the number of channels are parameters: 66×200×3 YUV is the published form (252,219
parameters), 102×364×1 grey the one of the failure prediction paper, 66×200×1 the failure predictor's own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from agents.saliency.conv_layer import ConvLayer

PILOTNET_CONVOLUTIONS = (
    ConvLayer(5, 2),
    ConvLayer(5, 2),
    ConvLayer(5, 2),
    ConvLayer(3, 1),
    ConvLayer(3, 1),
)
_WIDTHS = (24, 36, 48, 64, 64)
_DENSE = (100, 50, 10)


@dataclass(frozen=True)
class PilotNetConfig:
    """Shape of a PilotNet; stored inside its weights file.

    Attributes:
        height, width, channels: input size, px.
        dropout: drop-out rate after each hidden dense layer, training only.
        output_scale_deg: steering wheel degrees per unit of the last layer: a typical curve is of order 1.
    """

    height: int = 66
    width: int = 200
    channels: int = 3
    dropout: float = 0.0
    output_scale_deg: float = 50.0

    def to_dict(self) -> dict[str, int | float]:
        """Plain values for JSON."""
        return asdict(self)

    def map_size(self) -> tuple[int, int]:
        """Height and width of the last convolution's maps.

        Raises:
            ValueError: the input is too small for five convolutions.
        """
        height, width = self.height, self.width
        for layer in PILOTNET_CONVOLUTIONS:
            height = (height - layer.kernel) // layer.stride + 1
            width = (width - layer.kernel) // layer.stride + 1
        if height < 1 or width < 1:
            raise ValueError(f"PilotNet input {self.height}×{self.width} px is too small: it needs at least 61×61")
        return height, width


class PilotNet(nn.Module):
    """Picture to steering wheel angle (the driver) or to its error (the failure predictor).

    Input: float32 (B, channels, height, width), values 0..255; normalisation to −1..1 is the hard-coded first
    layer, so no caller can forget it. Output: degrees SWA, left positive, (B,).

    Args:
        config: shape.
        seed: of the initial weights; the global generator is left as it was.
    """

    def __init__(self, config: PilotNetConfig | None = None, seed: int = 0) -> None:
        super().__init__()
        self.config = config or PilotNetConfig()
        height, width = self.config.map_size()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            inputs = (self.config.channels, *_WIDTHS[:-1])
            self.convolutions = nn.ModuleList(
                nn.Conv2d(before, after, layer.kernel, layer.stride)
                for before, after, layer in zip(inputs, _WIDTHS, PILOTNET_CONVOLUTIONS, strict=True)
            )
            sizes = (_WIDTHS[-1] * height * width, *_DENSE, 1)
            self.dense = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(sizes))

    @property
    def layers(self) -> tuple[ConvLayer, ...]:
        """Geometry of the convolutions, which saliency needs."""
        return PILOTNET_CONVOLUTIONS

    def normalise(self, x: torch.Tensor) -> torch.Tensor:
        """The hard-coded first layer: 0..255 to −1..1."""
        return x * (1.0 / 127.5) - 1.0

    def forward_with_activations(self, x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Steering and the maps that saliency needs, in one pass.

        Args:
            x: (B, channels, height, width), 0..255.

        Returns:
            (swa_deg (B,), five post-ReLU maps, each (B, C, h, w), first to last).
        """
        x = self.normalise(x)
        activations = []
        for convolution in self.convolutions:
            x = functional.relu(convolution(x))
            activations.append(x)
        # A channels-last map must be flattened in channel order, or the dense layers would see it shuffled.
        x = torch.flatten(x.contiguous(), 1)
        for layer in self.dense[:-1]:
            x = functional.relu(layer(x))
            x = functional.dropout(x, self.config.dropout, self.training)
        swa_deg = self.dense[-1](x).squeeze(1) * self.config.output_scale_deg
        return swa_deg, tuple(activations)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Steering wheel angle, degrees, (B,)."""
        return self.forward_with_activations(x)[0]


def transfer_convolutions(teacher: PilotNet, student: PilotNet) -> None:
    """Start a student from a teacher's convolutions (failure prediction paper, 4.3), in place.

    Where the student has one input channel and the teacher several, its first kernel is the sum of the
    teacher's over its input channels: what the teacher would do if every channel held the same picture.

    Raises:
        ValueError: the channel counts fit neither way.
    """
    with torch.no_grad():
        for index, (source, target) in enumerate(zip(teacher.convolutions, student.convolutions, strict=True)):
            weight: torch.Tensor = source.get_parameter("weight")
            wanted = target.get_parameter("weight")
            if index == 0 and weight.shape[1] != wanted.shape[1]:
                if wanted.shape[1] != 1:
                    raise ValueError(
                        f"cannot transfer a {weight.shape[1]}-channel teacher to a {wanted.shape[1]}-channel "
                        "student: it must have the same number of channels or one"
                    )
                weight = weight.sum(dim=1, keepdim=True)
            wanted.copy_(weight)
            target.get_parameter("bias").copy_(source.get_parameter("bias"))
