"""Antialiased paint: analytic coverage against brute-force sampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_carla.render.marking import dash_cover, paint_cover
from embedded_carla.scene.lanes import RoadMark
from embedded_carla.scene.ribbons import paint_row


def _surface(kind: str, width_m: float = 0.15, reverse_pair: bool = False) -> np.ndarray:
    row = np.zeros(16, np.float32)
    row[2:10] = paint_row(RoadMark(0.0, kind, "white", width_m, 3.0, 6.0), reverse_pair)
    return row


def _painted(kind: str, u: np.ndarray, v: np.ndarray, width_m: float) -> np.ndarray:
    """Is there paint at (u, v)? Straight from the meaning of the mark, v positive to the right."""
    words = kind.split()
    offsets = [0.0] if len(words) == 1 else [-width_m, width_m]
    out = np.zeros(np.broadcast(u, v).shape, bool)
    for word, offset in zip(words, offsets, strict=True):
        dash = np.mod(u, 9.0) < 3.0 if word == "broken" else np.ones_like(u, bool)
        out |= dash & (np.abs(v - offset) < width_m / 2)
    return out


@pytest.mark.parametrize("kind", ["solid", "broken", "solid solid", "solid broken", "broken solid", "broken broken"])
@settings(max_examples=40, deadline=None)
@given(st.floats(0, 100), st.floats(-0.5, 0.5), st.floats(0.01, 30), st.floats(0.01, 0.6))
def test_coverage_is_the_painted_share_of_the_footprint(kind: str, u: float, v: float, fu: float, fv: float) -> None:
    u_samples = u + fu * ((np.arange(400) + 0.5) / 400 - 0.5)
    v_samples = v + fv * ((np.arange(200) + 0.5) / 200 - 0.5)
    expected = _painted(kind, u_samples[:, None], v_samples[None, :], 0.15).mean()
    cover = paint_cover(_surface(kind), np.float32(u), np.float32(v), np.float32(fu), np.float32(fv))
    assert cover == pytest.approx(expected, abs=0.02)


def test_far_away_a_broken_line_becomes_its_mean() -> None:
    cover = dash_cover(np.float32(57.0), np.float32(90.0), np.float32(3.0), np.float32(9.0))
    assert cover == pytest.approx(1 / 3, abs=1e-5)


def test_no_mark_no_paint() -> None:
    assert paint_cover(np.zeros(16, np.float32), np.float32(1), np.float32(0), np.float32(0.1), np.float32(0.1)) == 0.0


def test_left_of_the_road_pairs_are_named_from_the_inside_out() -> None:
    """OpenDRIVE: from the inside to the outside; on the left side the inside is the right."""
    row = _surface("solid broken", reverse_pair=True)
    gap, small = np.float32(5.0), np.float32(0.01)
    assert paint_cover(row, gap, np.float32(0.15), small, small) == pytest.approx(1.0)
    assert paint_cover(row, gap, np.float32(-0.15), small, small) == 0.0
