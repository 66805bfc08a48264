"""PilotNet: published size, parameter shapes, activations, transfer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from agents.pilotnet import PilotNet, PilotNetConfig, transfer_convolutions


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_default_has_the_published_number_of_parameters() -> None:
    assert sum(parameter.numel() for parameter in PilotNet().parameters()) == 252_219


@pytest.mark.parametrize("config", [PilotNetConfig(), PilotNetConfig(102, 364, 1), PilotNetConfig(66, 200, 1)])
def test_forward_gives_one_angle_and_five_non_negative_maps(config: PilotNetConfig) -> None:
    network = PilotNet(config).eval()
    x = 255 * torch.rand((2, config.channels, config.height, config.width), generator=torch.Generator().manual_seed(1))
    swa, activations = network.forward_with_activations(x)
    assert swa.shape == (2,)
    assert [tuple(a.shape[:2]) for a in activations] == [(2, 24), (2, 36), (2, 48), (2, 64), (2, 64)]
    assert tuple(activations[-1].shape[2:]) == config.map_size()
    assert all(bool((a >= 0).all()) for a in activations)


def test_agrees_with_a_plain_sequential_network() -> None:
    network = PilotNet().eval()
    layers: list[nn.Module] = []
    for convolution in network.convolutions:
        layers += [convolution, nn.ReLU()]
    layers.append(nn.Flatten())
    for dense in network.dense:
        layers += [dense, nn.ReLU()]
    x = 255 * torch.rand((3, 3, 66, 200), generator=torch.Generator().manual_seed(2))
    expected = nn.Sequential(*layers[:-1])(x / 127.5 - 1)[:, 0] * 50
    torch.testing.assert_close(network(x), expected)


def test_memory_layout_does_not_change_the_answer() -> None:
    network = PilotNet().eval()
    x = 255 * torch.rand((1, 3, 66, 200), generator=torch.Generator().manual_seed(3))
    expected = network(x)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    torch.testing.assert_close(network(x.contiguous(memory_format=torch.channels_last)), expected)


def test_initial_weights_follow_the_seed_and_leave_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first, again, other = PilotNet(seed=1), PilotNet(seed=1), PilotNet(seed=2)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first.state_dict()["dense.0.weight"], again.state_dict()["dense.0.weight"])
    assert not torch.equal(first.state_dict()["dense.0.weight"], other.state_dict()["dense.0.weight"])


def test_dropout_acts_in_training_only() -> None:
    network = PilotNet(PilotNetConfig(dropout=0.5))
    x = torch.full((1, 3, 66, 200), 90.0)
    assert torch.equal(network.eval()(x), network(x))
    network.train()
    torch.manual_seed(0)
    assert len({float(network(x).detach()) for _ in range(5)}) > 1


def test_too_small_an_input_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        PilotNet(PilotNetConfig(60, 60, 1))


def test_transfer_sums_input_channels() -> None:
    teacher, student = PilotNet(seed=1), PilotNet(PilotNetConfig(channels=1), seed=2)
    transfer_convolutions(teacher, student)
    grey = 255 * torch.rand((2, 1, 66, 200), generator=torch.Generator().manual_seed(4))
    ours = student.forward_with_activations(grey)[1]
    theirs = teacher.forward_with_activations(grey.expand(-1, 3, -1, -1))[1]
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="channel"):
        transfer_convolutions(student, PilotNet(PilotNetConfig(channels=2)))
