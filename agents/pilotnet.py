"""PilotNet after Bojarski et al. 2016 (arXiv:1604.07316): five convolutions, four dense layers, one angle.

The input size and the number of channels are parameters: 66×200×3 YUV is the published form (252,219
parameters), 102×364×1 grey the one of the failure prediction paper, 66×200×1 the failure predictor's own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import nn

from agents.saliency.conv_layer import ConvLayer
from agents.steering_network import SteeringNetwork, sizes_after

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
        height, width = sizes_after(self.height, self.width, PILOTNET_CONVOLUTIONS)[-1]
        if height < 1 or width < 1:
            raise ValueError(f"PilotNet input {self.height}×{self.width} px is too small: it needs at least 61×61")
        return height, width


class PilotNet(SteeringNetwork):
    """Five convolutions, four dense layers; input, output and normalisation as every `SteeringNetwork`.

    Args:
        config: shape.
        seed: of the initial weights; the global generator is left as it was.
    """

    config: PilotNetConfig
    layers = PILOTNET_CONVOLUTIONS

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


def transfer_convolutions(teacher: SteeringNetwork, student: SteeringNetwork) -> None:
    """Start a student from a teacher's convolutions (failure prediction paper, 4.3), in place.

    Where the student has one input channel and the teacher several, its first kernel is the sum of the
    teacher's over its input channels: what the teacher would do if every channel held the same picture.

    Raises:
        ValueError: the channel counts fit neither way, or a convolution stands behind batch normalisation.
    """
    with torch.no_grad():
        for index, (source, target) in enumerate(zip(teacher.convolutions, student.convolutions, strict=True)):
            if not (isinstance(source, nn.Conv2d) and isinstance(target, nn.Conv2d)):
                raise ValueError("only convolutions without batch normalisation can be transferred: use PilotNets")
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
