"""VisualBackProp (Bojarski et al. 2016, arXiv:1611.05418), exactly as published.

1. average the maps of each layer over channels, after its ReLU;
2. from the last layer on: scale up by a transposed convolution whose weights are all 1, with the kernel and
   stride of the convolution that made the map and the output padding its size needs, and multiply by the
   averaged map below;
3. scale the result of the first layer up to the input and normalise to [0, 1].

It works on stored activations, so it costs no forward pass. Up to normalisation the value of a pixel is the
sum over all paths to the last layer of the product of the activations on the path (the paper's Eq. 4; its
factor v(X), the pixel's own value, is no part of the published algorithm: it never multiplies by the input).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from agents.saliency.conv_layer import ConvLayer
from agents.saliency.maps import SaliencyMaps, normalised


def visualbackprop(
    activations: Sequence[torch.Tensor], layers: Sequence[ConvLayer], input_size: tuple[int, int]
) -> SaliencyMaps:
    """Saliency of a batch from its stored activations, normalised; arguments and errors as `visualbackprop_mask`."""
    return normalised(visualbackprop_mask(activations, layers, input_size))


def visualbackprop_mask(
    activations: Sequence[torch.Tensor], layers: Sequence[ConvLayer], input_size: tuple[int, int]
) -> torch.Tensor:
    """Saliency of a batch from its stored activations before normalisation, (B, 1, H, W), >= 0.

    Args:
        activations: post-ReLU maps of each convolution, first to last, each (B, C, h, w), >= 0.
        layers: kernel and stride of each convolution, no padding.
        input_size: height and width of the network input.

    Raises:
        ValueError: the sizes do not follow from the layers.
    """
    if len(activations) != len(layers) or not layers:
        raise ValueError(f"visualbackprop got {len(activations)} activation maps for {len(layers)} convolutions")
    means = [activation.mean(dim=1, keepdim=True) for activation in activations]
    mask = means[-1]
    for index in range(len(layers) - 1, -1, -1):
        below = means[index - 1].shape[-2:] if index else input_size
        mask = _scale_up(mask, layers[index], (int(below[0]), int(below[1])))
        if index:
            mask = mask * means[index - 1]
    return mask


def _scale_up(mask: torch.Tensor, layer: ConvLayer, size: tuple[int, int]) -> torch.Tensor:
    """All-ones transposed convolution to exactly ``size``."""
    padding = [
        wanted - ((have - 1) * layer.stride + layer.kernel) for wanted, have in zip(size, mask.shape[-2:], strict=True)
    ]
    if not all(0 <= extra < layer.stride for extra in padding):
        raise ValueError(
            f"a {layer.kernel}×{layer.kernel} convolution with stride {layer.stride} cannot have turned "
            f"{size[0]}×{size[1]} into {mask.shape[-2]}×{mask.shape[-1]} px"
        )
    return _spread(_spread(mask, layer, size[0], dim=2), layer, size[1], dim=3)


def _spread(mask: torch.Tensor, layer: ConvLayer, size: int, dim: int) -> torch.Tensor:
    """One direction of it: all-ones kernels are separable, and a few shifted sums beat a general convolution."""
    shape = list(mask.shape)
    shape[dim] = size
    spread = mask.new_zeros(shape)
    reach = (mask.shape[dim] - 1) * layer.stride + 1
    for offset in range(layer.kernel):
        under = spread.narrow(dim, offset, reach)
        (under[:, :, :: layer.stride] if dim == 2 else under[..., :: layer.stride]).add_(mask)
    return spread
