"""Where attention lies, whether it stays, whether there is any: against values made by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.pilotnet import PilotNet, PilotNetConfig
from agents.saliency.methods import METHODS
from agents.saliency.quality.localisation import TARGETS, localisation, mask_of
from agents.saliency.quality.randomisation import shown_maps
from agents.saliency.quality.stability import stability
from agents.saliency.quality.validity import validity


def test_mass_area_and_hit() -> None:
    maps = np.array([[[1.0, 3.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    masks = np.array([[[False, True], [False, False]]] * 3)
    found = localisation(maps, masks)
    np.testing.assert_allclose(found.mass, [0.75, 0.0, np.nan])
    np.testing.assert_allclose(found.area, 0.25)
    np.testing.assert_allclose(found.hit, [1.0, 0.0, np.nan])
    np.testing.assert_allclose(found.concentration, [3.0, 0.0, np.nan])


def test_a_picture_without_the_target_is_undefined() -> None:
    found = localisation(np.ones((1, 2, 2)), np.zeros((1, 2, 2), dtype=bool))
    assert np.isnan(found.mass).all() and np.isnan(found.hit).all() and np.isnan(found.concentration).all()
    with pytest.raises(ValueError, match="one shape"):
        localisation(np.ones((1, 2, 2)), np.zeros((1, 2, 3), dtype=bool))


def test_the_margin_widens_a_marking() -> None:
    labels = np.ones((1, 5, 7), dtype=int)
    labels[0, 2, 3] = 24
    assert mask_of(labels, (24,)).sum() == 1 and mask_of(labels, (24,), margin_px=1).sum() == 9
    for width, margin_px in ((200, 2), (364, 4), (640, 6)):
        labels = np.ones((1, 30, width), dtype=int)
        labels[0, 15, width // 2] = 24
        assert TARGETS["lane_marking"].masks(labels).sum() == (2 * margin_px + 1) ** 2


def test_the_same_picture_is_stable_and_another_is_not() -> None:
    network = PilotNet(PilotNetConfig(66, 100, 1), seed=2).eval()
    clean, other = 255.0 * torch.rand((2, 2, 1, 66, 100), generator=torch.Generator().manual_seed(4))
    maps = shown_maps(METHODS["gradient"], network, clean)
    same = stability(METHODS["gradient"], network, maps, clean, clean)
    np.testing.assert_allclose(same.rank_correlation, 1.0)
    assert (same.answer_change_deg == 0.0).all()
    moved = stability(METHODS["gradient"], network, maps, clean, other)
    assert (moved.rank_correlation < 0.9).all() and (moved.answer_change_deg > 0.0).all()


def test_empty_and_broken_maps_are_counted() -> None:
    raw = torch.rand((4, 1, 3, 3), generator=torch.Generator().manual_seed(0))
    raw[1] = 2.0
    raw[2, 0, 0, 0] = torch.nan
    found = validity(raw, signed=False)
    assert (found.zero, found.not_finite, found.n) == (1, 1, 4)
    sign_only = torch.ones((1, 1, 2, 2))
    sign_only[0, 0, 0, 0] = -1.0
    assert validity(sign_only, signed=True).zero == 1
