"""VisualBackProp against the path enumeration of the paper's Eq. 4, and its edges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from agents.pilotnet import PILOTNET_CONVOLUTIONS, PilotNet, PilotNetConfig
from agents.saliency.conv_layer import ConvLayer
from agents.saliency.visualbackprop import visualbackprop

LAYERS = (ConvLayer(3, 2), ConvLayer(3, 1), ConvLayer(2, 2))


def tiny_activations(size: tuple[int, int], seed: int) -> list[torch.Tensor]:
    """Post-ReLU maps of a tiny random network with biases: 2, 3 and 2 channels."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand((1, 1, *size), generator=generator)
    activations = []
    for layer, (before, after) in zip(LAYERS, itertools.pairwise((1, 2, 3, 2)), strict=True):
        weight = torch.randn((after, before, layer.kernel, layer.kernel), generator=generator)
        bias = 0.3 * torch.randn(after, generator=generator)
        x = torch.relu(nn.functional.conv2d(x, weight, bias, layer.stride))
        activations.append(x)
    return activations


def paths_product_sum(activations: list[torch.Tensor], depth: int, row: int, column: int) -> float:
    """Sum over all paths from a neuron (depth 0: a pixel) to the last layer of the product of activations."""
    if depth == len(LAYERS):
        return 1.0
    layer, maps = LAYERS[depth], activations[depth][0].double().numpy()
    total = 0.0
    for channel, up_row, up_column in np.ndindex(*maps.shape):
        reaches = (
            0 <= row - up_row * layer.stride < layer.kernel and 0 <= column - up_column * layer.stride < layer.kernel
        )
        if reaches and maps[channel, up_row, up_column] > 0:
            value = float(maps[channel, up_row, up_column])
            total += value * paths_product_sum(activations, depth + 1, up_row, up_column)
    return total


@pytest.mark.parametrize(("size", "seed"), [((12, 15), 0), ((13, 14), 1), ((12, 14), 2)])
def test_equals_the_enumeration_of_all_paths(size: tuple[int, int], seed: int) -> None:
    activations = tiny_activations(size, seed)
    sums = [paths_product_sum(activations, 0, row, column) for row, column in np.ndindex(*size)]
    expected = np.array(sums).reshape(size)
    assert expected.max() > expected.min()
    result = visualbackprop(activations, LAYERS, size)
    normalised = (expected - expected.min()) / (expected.max() - expected.min())
    np.testing.assert_allclose(result.maps[0, 0].numpy(), normalised, rtol=1e-4, atol=1e-6)
    assert not bool(result.zero[0])
    mean_factor = np.prod([a.shape[1] for a in activations])
    assert float(result.high[0]) == pytest.approx(expected.max() / mean_factor, rel=1e-4)


def test_a_dead_layer_gives_a_zero_map_with_its_status() -> None:
    activations = tiny_activations((12, 15), 0)
    activations[-1] = torch.zeros_like(activations[-1])
    result = visualbackprop(activations, LAYERS, (12, 15))
    assert bool(result.zero[0]) and float(result.maps.abs().max()) == 0.0


def test_a_batch_equals_its_pictures_one_by_one() -> None:
    first, second = tiny_activations((12, 15), 0), tiny_activations((12, 15), 4)
    dead = [torch.zeros_like(a) for a in first]
    batch = [torch.cat(maps) for maps in zip(first, second, dead, strict=True)]
    together = visualbackprop(batch, LAYERS, (12, 15))
    for index, alone in enumerate((first, second, dead)):
        torch.testing.assert_close(together.maps[index], visualbackprop(alone, LAYERS, (12, 15)).maps[0])
    assert together.zero.tolist() == [False, False, True]


@pytest.mark.parametrize("size", [(66, 200), (102, 364)])
def test_pilotnet_maps_have_the_input_size_and_fill_zero_to_one(size: tuple[int, int]) -> None:
    torch.set_num_threads(1)
    network = PilotNet(PilotNetConfig(*size, 3)).eval()
    x = 255 * torch.rand((2, 3, *size), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        result = visualbackprop(network.forward_with_activations(x)[1], PILOTNET_CONVOLUTIONS, size)
    assert tuple(result.maps.shape) == (2, 1, *size)
    assert result.maps.amin(dim=(1, 2, 3)).tolist() == [0.0, 0.0]
    torch.testing.assert_close(result.maps.amax(dim=(1, 2, 3)), torch.ones(2))


def test_sizes_that_do_not_follow_from_the_layers_are_refused() -> None:
    activations = tiny_activations((12, 15), 0)
    with pytest.raises(ValueError, match="cannot have turned"):
        visualbackprop(activations, LAYERS, (40, 15))
    with pytest.raises(ValueError, match="2 activation maps for 3"):
        visualbackprop(activations[:2], LAYERS, (12, 15))
