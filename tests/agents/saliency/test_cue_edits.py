"""Scenes that mislead: only what is said to change changes, where it is said to."""

from __future__ import annotations

import numpy as np
import pytest

from agents.saliency.cue_edits import BAR_M, EDITS, SHADOWS_M, GroundView, NoCueError, vanished_marking
from tests.agents.saliency.stored_frames import stored_frames

FRAMES = stored_frames()
VIEW = GroundView.of(FRAMES.source["camera"])


def test_rows_lie_at_the_distance_of_a_pinhole_above_flat_ground() -> None:
    """A point x m ahead on the ground, 1.4 m below a camera that looks 6° down, by rotation and projection."""
    distance = VIEW.distance_m(180)
    for row in (100, 140, 179):
        x = distance[row]
        tilt = np.radians(6.0)
        forward, down = x * np.cos(tilt) + 1.4 * np.sin(tilt), -x * np.sin(tilt) + 1.4 * np.cos(tilt)
        assert 90.0 + 160.0 * down / forward == pytest.approx(row + 0.5, abs=1e-6)
    assert np.isinf(distance[60]) and (np.diff(distance[90:]) < 0).all()


@pytest.mark.parametrize("name", EDITS)
def test_nothing_else_changes(name: str) -> None:
    for picture, labels in zip(FRAMES.pictures, FRAMES.labels, strict=True):
        scene = EDITS[name](picture, labels, VIEW)
        changed = (scene.picture != picture).any(axis=2)
        assert changed.any() and scene.cue.any() and scene.distractor.any()
        assert not (scene.cue & scene.distractor).any()
        assert (labels[scene.cue] == 24).all()
        if name != "vanished_marking":
            assert not (changed & ~scene.distractor).any()


def test_shadows_darken_and_the_bar_brightens_the_road() -> None:
    picture, labels = FRAMES.pictures[0], FRAMES.labels[0]
    distance = VIEW.distance_m(180)
    for name, (near, far) in (("shadows", SHADOWS_M[0]), ("transverse_line", BAR_M)):
        scene = EDITS[name](picture, labels, VIEW)
        rows = np.flatnonzero((distance >= near) & (distance < far))
        assert scene.distractor[rows].any()
        before, after = picture[scene.distractor].mean(), scene.picture[scene.distractor].mean()
        assert after < 0.5 * before if name == "shadows" else after > before


def test_the_right_line_is_gone_and_the_left_one_stays() -> None:
    picture, labels = FRAMES.pictures[0], FRAMES.labels[0]
    scene = vanished_marking(picture, labels, VIEW)
    contrast = [p[scene.distractor].mean() - p[labels == 1].mean() for p in (picture, scene.picture)]
    assert contrast[1] < 0.35 * contrast[0]
    np.testing.assert_array_equal(scene.picture[:, :60], picture[:, :60])
    with pytest.raises(NoCueError, match="no marking"):
        vanished_marking(picture, np.ones_like(labels), VIEW)
