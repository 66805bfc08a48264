"""Deletion and insertion on a driver that reads one patch only."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from agents.saliency.quality.deletion import SHARES, deletion, random_maps, sobel_maps, substrate_of

PATCH = (slice(2, 4), slice(3, 8))  # 10 of 200 pixels: 5 %


class PatchReader(nn.Module):
    """Degrees = mean grey of the patch."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 0, *PATCH].mean(dim=(1, 2))


@pytest.fixture
def pictures() -> torch.Tensor:
    x = torch.zeros((1, 1, 10, 20))
    x[0, 0, *PATCH] = 100.0
    return x


def right_map() -> np.ndarray:
    maps = np.zeros((1, 10, 20))
    maps[0, *PATCH] = 1.0
    return maps


def test_the_right_map_deletes_early_and_inserts_early(pictures: torch.Tensor) -> None:
    found = deletion(PatchReader(), pictures, right_map(), "mean")  # type: ignore[arg-type]
    # The patch goes from 100 to the mean, 5: 95 degrees from the share of 5 % on, 4 of 10 pixels at 2 %.
    curve = [0.0, 95 * 0.4, *[95.0] * (len(SHARES) - 2)]
    assert found.deletion_deg[0] == pytest.approx(np.trapezoid(curve, SHARES), rel=1e-5)
    assert found.insertion_deg[0] == pytest.approx(np.trapezoid(95.0 - np.array(curve), SHARES), rel=1e-4)
    wrong = deletion(PatchReader(), pictures, 1.0 - right_map(), "mean")  # type: ignore[arg-type]
    chance = deletion(PatchReader(), pictures, random_maps((1, 10, 20)), "mean")  # type: ignore[arg-type]
    assert wrong.deletion_deg[0] < chance.deletion_deg[0] < found.deletion_deg[0]
    assert wrong.insertion_deg[0] > chance.insertion_deg[0] > found.insertion_deg[0]


def test_a_flat_map_is_a_random_order(pictures: torch.Tensor) -> None:
    flat = deletion(PatchReader(), pictures, np.zeros((1, 10, 20)), "mean")  # type: ignore[arg-type]
    assert 20.0 < flat.deletion_deg[0] < 75.0


def test_edges_and_substrates(pictures: torch.Tensor) -> None:
    edges = sobel_maps(pictures)[0]
    assert edges[3, 2] > 0.0 and edges[8, 15] == 0.0
    blurred = substrate_of(pictures, "blur")
    assert blurred.shape == pictures.shape and 0.0 < float(blurred.max()) < 90.0
    wide = 255.0 * torch.rand((1, 1, 66, 200), generator=torch.Generator().manual_seed(3))
    expected = cv2.GaussianBlur(wide[0, 0].numpy(), (0, 0), 8.0)
    np.testing.assert_allclose(substrate_of(wide, "blur")[0, 0].numpy(), expected, rtol=1e-5)
    assert torch.equal(substrate_of(pictures, "mean").unique(), torch.tensor([5.0]))
    with pytest.raises(ValueError, match="do not fit"):
        deletion(PatchReader(), pictures, np.zeros((1, 10, 21)), "mean")  # type: ignore[arg-type]
