"""Our own gradient, Grad-CAM and LRP against captum's, on a trained-like PilotNet."""

from __future__ import annotations

import pytest
import torch
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from captum.attr import LayerAttribution, LayerGradCam, Saliency
from torch import nn

from agents.netvf import NetVF, NetVFConfig
from agents.pilotnet import PilotNet, PilotNetConfig
from agents.saliency.grad_cam import Direction, GradCam
from agents.saliency.gradient import Gradient
from agents.saliency.integrated_gradients import MID_GREY, IntegratedGradients
from agents.saliency.lrp import PAPER_EPSILON, STABLE_EPSILON, Lrp
from benchmarks.captum_lrp import NetworkAsModules, captum_lrp


@pytest.fixture(scope="module")
def network() -> PilotNet:
    """Random weights and biases: biases matter to LRP."""
    network = PilotNet(PilotNetConfig(), seed=3).eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for layer in (*network.convolutions, *network.dense):
            bias = layer.get_parameter("bias")
            bias.copy_(0.1 * torch.randn(bias.shape, generator=generator))
    return network


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return 255.0 * torch.rand((2, 3, 66, 200), generator=torch.Generator().manual_seed(1))


def test_gradient(network: PilotNet, pictures: torch.Tensor) -> None:
    theirs = Saliency(network).attribute(pictures.clone().requires_grad_(True), abs=True).sum(dim=1, keepdim=True)
    torch.testing.assert_close(Gradient().explain(network, pictures), theirs)


@pytest.mark.parametrize("direction", ["left", "right", "size"])
def test_grad_cam(network: PilotNet, pictures: torch.Tensor, direction: Direction) -> None:
    sign = {"left": 1.0, "right": -1.0}.get(direction)

    ours = GradCam(direction).explain(network, pictures)
    assert ours.shape == (2, 1, 66, 200) and float(ours.min()) >= 0.0

    class AfterRelu(nn.Module):
        """The same network with its last ReLU as a module that can be hooked."""

        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = network.normalise(x)
            for convolution in network.convolutions[:-1]:
                x = torch.relu(convolution(x))
            x = torch.flatten(self.relu(network.convolutions[-1](x)), 1)
            for layer in network.dense[:-1]:
                x = torch.relu(layer(x))
            y = network.dense[-1](x).squeeze(1) * network.config.output_scale_deg
            return y.abs() if sign is None else sign * y

    hooked = AfterRelu()
    coarse = LayerGradCam(hooked, hooked.relu).attribute(pictures, relu_attributions=True)
    theirs = LayerAttribution.interpolate(coarse, (66, 200), interpolate_mode="bilinear")
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_integrated_gradients_sum_to_the_change_of_output(network: PilotNet, pictures: torch.Tensor) -> None:
    grey = torch.full_like(pictures[:1], MID_GREY)
    total = IntegratedGradients(steps=200).explain(network, pictures).sum(dim=(1, 2, 3))
    with torch.no_grad():
        expected = network(pictures) - network(grey)
    torch.testing.assert_close(total, expected, rtol=0.02, atol=0.02)
    theirs = CaptumIntegratedGradients(network).attribute(pictures, baselines=grey, n_steps=32)
    mine = IntegratedGradients().explain(network, pictures)
    torch.testing.assert_close(mine, theirs.float().sum(dim=1, keepdim=True), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("epsilon", [STABLE_EPSILON, 1.0, PAPER_EPSILON])
def test_lrp_epsilon_rule(network: PilotNet, pictures: torch.Tensor, epsilon: float) -> None:
    theirs = captum_lrp(NetworkAsModules(network, epsilon), network, pictures)
    ours = Lrp(epsilon).explain(network, pictures)
    scale = float(theirs.abs().max())
    torch.testing.assert_close(ours / scale, theirs / scale, rtol=1e-3, atol=1e-4)


def test_lrp_through_batch_normalisation() -> None:
    network = NetVF(NetVFConfig(width=139), seed=3).eval()
    generator = torch.Generator().manual_seed(5)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_var is not None and module.running_mean is not None
            module.running_var.copy_(0.5 + torch.rand(module.running_var.shape, generator=generator))
            module.running_mean.copy_(0.2 * torch.randn(module.running_mean.shape, generator=generator))
    pictures = 255.0 * torch.rand((1, 1, 125, 139), generator=generator)
    modules = NetworkAsModules(network, 1.0)
    with torch.no_grad():
        torch.testing.assert_close(modules(network.normalise(pictures))[:, 0] * 50.0, network(pictures))
    theirs, ours = captum_lrp(modules, network, pictures), Lrp(1.0).explain(network, pictures)
    scale = float(theirs.abs().max())
    torch.testing.assert_close(ours / scale, theirs / scale, rtol=1e-3, atol=1e-4)
