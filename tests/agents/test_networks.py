"""NetSVF, NetHVF and PilotNet 102×364: sizes of the papers, saliency methods, files, driving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from agents.errors import WeightsError
from agents.netvf import (
    NETHVF,
    NETHVF_PREPROCESSING,
    NETSVF,
    NETSVF_PREPROCESSING,
    NETVF_CONVOLUTIONS,
    NetVF,
    NetVFConfig,
)
from agents.network_file import load_network, save_network
from agents.pilotnet import PilotNet, PilotNetConfig, transfer_convolutions
from agents.pilotnet_driver import PilotNetDriver
from agents.preprocessing import Preprocessing
from agents.protocol import DrivingState, EpisodeContext, Observation
from agents.registry import make_agent
from agents.saliency.lrp import Lrp
from agents.saliency.method import ExplainedNetwork, attention
from agents.saliency.methods import METHODS
from agents.steering_network import SteeringNetwork, sizes_after
from tests.agents.car_on_a_road import Car, road

STATE: DrivingState = Car(road([(50, 0.0)]), 5.0).state()
FRAME = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)
SMALL = NetVFConfig(height=125, width=191)

# Table 1 of the VisualBackProp paper, with NetHVF's first row corrected from 349 to 347: channels, height, widths.
TABLE = (
    (32, 123, 638, 347),
    (32, 61, 318, 173),
    (48, 59, 316, 171),
    (48, 29, 157, 85),
    (64, 27, 155, 83),
    (64, 13, 77, 41),
    (96, 11, 75, 39),
    (96, 5, 37, 19),
    (128, 3, 35, 17),
    (128, 1, 17, 8),
)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def lively(config: NetVFConfig = SMALL, seed: int = 3) -> NetVF:
    """A NetVF whose batch normalisation does something."""
    network = NetVF(config, seed)
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                assert tensor is not None
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
            for tensor in (module.bias.data, module.running_mean):
                assert tensor is not None
                tensor.copy_(0.2 * torch.randn(tensor.shape, generator=generator))
    return network.eval()


@pytest.mark.parametrize(("config", "column"), [(NETSVF, 2), (NETHVF, 3)], ids=["NetSVF", "NetHVF"])
def test_map_sizes_are_those_of_the_corrected_table(config: NetVFConfig, column: int) -> None:
    network = NetVF(config).eval()
    with torch.inference_mode():
        swa, maps = network.forward_with_activations(torch.full((1, 1, config.height, config.width), 90.0))
    assert swa.shape == (1,)
    assert [tuple(m.shape[1:]) for m in maps] == [(row[0], row[1], row[column]) for row in TABLE]
    assert [layer.out_features for layer in network.dense if isinstance(layer, nn.Linear)] == [1024, 512, 1]


def test_the_sizes_of_the_papers_text_do_not_give_its_table() -> None:
    for height, width, column in ((135, 640, 2), (173, 349, 3)):
        assert [size[0] for size in sizes_after(height, width, NETVF_CONVOLUTIONS)] != [row[1] for row in TABLE]
        assert [size[1] for size in sizes_after(height, width, NETVF_CONVOLUTIONS)] == [row[column] for row in TABLE]
    # A first map as wide as the printed 349 needs a wider input, and does not lead to the second row.
    assert sizes_after(125, 351, NETVF_CONVOLUTIONS)[:2] == [(123, 349), (61, 174)]
    with pytest.raises(ValueError, match="too small"):
        NetVF(NetVFConfig(height=100))


def test_agrees_with_a_plain_sequential_network() -> None:
    network = lively()
    layers: list[nn.Module] = []
    for convolution in network.convolutions:
        layers += [convolution, nn.ReLU()]
    layers.append(nn.Flatten())
    for dense in network.dense:
        layers += [dense, nn.ReLU()]
    x = 255 * torch.rand((2, 1, 125, 191), generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(network(x), nn.Sequential(*layers[:-1])(x / 127.5 - 1)[:, 0] * 50)


def test_batch_normalisation_stands_before_each_convolution() -> None:
    network = lively()
    x = 255 * torch.rand((1, 1, 125, 191), generator=torch.Generator().manual_seed(4))
    with torch.inference_mode():
        maps = network.forward_with_activations(x)[1]
        norm, convolution = network.convolutions[3]  # type: ignore[misc]
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        shift = norm.bias - scale * norm.running_mean
        weight = convolution.weight * scale[:, None, None]
        bias = convolution.bias + (convolution.weight * shift[:, None, None]).sum(dim=(1, 2, 3))
        folded = functional.relu(functional.conv2d(maps[2], weight, bias, stride=2))
    torch.testing.assert_close(folded, maps[3], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["visualbackprop", "lrp", "grad_cam", "gradient"])
def test_each_kind_of_saliency_method_explains_the_networks_of_both_papers(name: str) -> None:
    for network in (lively(), PilotNet(PilotNetConfig(102, 364, 1), seed=2).eval()):
        assert isinstance(network, SteeringNetwork) and isinstance(network, ExplainedNetwork)
        size = network.input_size
        x = 255 * torch.rand((1, 1, *size), generator=torch.Generator().manual_seed(5))
        found = attention(METHODS[name], network, x)
        assert found.maps.shape == (1, 1, *size)
        # The ReLU of Grad-CAM may leave nothing of an untrained network's map.
        assert not bool(found.zero) or name.startswith("grad_cam")
        assert float(found.maps.min()) == 0.0 and float(found.maps.max()) == (0.0 if bool(found.zero) else 1.0)


def test_relevance_through_folded_batch_normalisation_sums_to_what_flows() -> None:
    """Without biases ε-LRP keeps the output's relevance: so it does where all shifts are zero and ε is tiny."""
    network = lively()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            module.bias.data.zero_()
            module.running_mean.zero_()
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            module.bias.data.zero_()
    network.double()
    x = 255 * torch.rand((1, 1, 125, 191), generator=torch.Generator().manual_seed(6)).double()
    relevance = Lrp(epsilon=1e-12).explain(network, x)
    assert float(relevance.sum()) == pytest.approx(float(network(x).detach()[0]), rel=1e-6)


def test_a_file_brings_back_the_network_and_how_it_sees(tmp_path: Path) -> None:
    path = tmp_path / "hvf.safetensors"
    network = lively(NetVFConfig(width=349))
    save_network(path, network, NETHVF_PREPROCESSING, "driver", {})
    loaded = load_network(path, "driver")
    assert loaded.network.config == NETHVF and loaded.preprocessing == NETHVF_PREPROCESSING
    x = 255 * torch.rand((1, 1, 125, 349), generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(loaded.network(x), network(x), rtol=0.02, atol=0.2)
    with pytest.raises(WeightsError, match="not one of the architectures"):
        save_network(path, SteeringNetwork(), NETHVF_PREPROCESSING, "driver", {})


@pytest.mark.parametrize("preprocessing", [NETSVF_PREPROCESSING, NETHVF_PREPROCESSING], ids=["svf", "hvf"])
def test_each_is_a_driving_agent_by_its_file(tmp_path: Path, preprocessing: Preprocessing) -> None:
    path = tmp_path / "Net-VF 1.safetensors"
    save_network(path, NetVF(NetVFConfig(width=preprocessing.width)), preprocessing, "driver", {})
    agent = make_agent(str(path))
    assert isinstance(agent, PilotNetDriver) and agent.name == "net_vf_1"
    agent.reset(EpisodeContext("pair", 1, 0.05, 640, 360, 90.0))
    output = agent.act(Observation(FRAME, STATE))
    assert output.layers == NETVF_CONVOLUTIONS and output.seen_rows == preprocessing.seen_rows
    assert output.activations is not None and len(output.activations) == 10


def test_the_bands_are_as_high_as_the_paper_says_relative_to_each_other() -> None:
    rows = [p.end_row(360) - p.first_row(360) for p in (NETSVF_PREPROCESSING, NETHVF_PREPROCESSING)]
    assert rows == [125, 229]  # unscaled, and "approximately two times higher"
    assert rows[1] * 349 / 640 == pytest.approx(125, abs=0.5)  # scaled alike in both directions


def test_convolutions_behind_batch_normalisation_are_not_transferred() -> None:
    with pytest.raises(ValueError, match="without batch normalisation"):
        transfer_convolutions(lively(), NetVF(SMALL))
