"""What holds for every saliency method: shape, independence of the batch, the head, no traces left behind."""

from __future__ import annotations

import pytest
import torch

from agents.pilotnet import PilotNet, PilotNetConfig
from agents.saliency.method import SaliencyMethod, attention
from agents.saliency.methods import METHODS


@pytest.fixture(scope="module")
def network() -> PilotNet:
    return PilotNet(PilotNetConfig(), seed=2).eval()


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return 255.0 * torch.rand((3, 3, 66, 200), generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_one_finite_map_per_picture_the_same_every_time(
    network: PilotNet, pictures: torch.Tensor, method: SaliencyMethod
) -> None:
    maps = method.explain(network, pictures)
    assert maps.shape == (3, 1, 66, 200) and bool(torch.isfinite(maps).all()) and not maps.requires_grad
    assert (float(maps.min()) < 0.0) == method.signed
    torch.testing.assert_close(method.explain(network, pictures), maps, rtol=0.0, atol=0.0)
    assert all(parameter.grad is None for parameter in network.parameters())
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    assert not any(getattr(module, kind) for module in network.modules() for kind in hooks), "they would pile up"
    shown = attention(method, network, pictures)
    assert float(shown.maps.min()) == 0.0 and float(shown.maps.max()) == pytest.approx(1.0)


@pytest.mark.parametrize("method", [m for m in METHODS.values() if m.name != "smooth_grad"], ids=lambda m: m.name)
def test_a_picture_s_map_does_not_depend_on_its_neighbours_in_the_batch(
    network: PilotNet, pictures: torch.Tensor, method: SaliencyMethod
) -> None:
    together = method.explain(network, pictures)[1:2]
    alone = method.explain(network, pictures[1:2])
    scale = max(float(alone.abs().max()), 1e-12)
    torch.testing.assert_close(together / scale, alone / scale, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_only_methods_that_say_so_depend_on_the_head(
    network: PilotNet, pictures: torch.Tensor, method: SaliencyMethod
) -> None:
    other_head = PilotNet(PilotNetConfig(), seed=2).eval()
    with torch.no_grad():
        for mine, fresh in zip(other_head.dense, PilotNet(PilotNetConfig(), seed=9).dense, strict=True):
            mine.load_state_dict(fresh.state_dict())
    same = torch.equal(method.explain(network, pictures), method.explain(other_head, pictures))
    assert same == (not method.reads_head)
