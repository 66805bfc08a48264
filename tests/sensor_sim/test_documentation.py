"""The page of effects says what the code does: text and pictures are those that would be written today."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sensor_sim.documentation import page_text, strip
from sensor_sim.effects import EFFECTS
from sensor_sim.film import FILMED, ONSET_TICK, TICKS, film
from sensor_sim.severities.calibration import load_frames
from tests.sensor_sim.frames import smooth_frame

DOCS = Path(__file__).resolve().parents[2] / "docs"
JPEG_LOSS_DN = 6.0
"""Mean difference that the stored pictures' compression explains; a wrong picture differs by more."""


def test_the_page_is_current() -> None:
    written = (DOCS / "effects.md").read_text(encoding="utf-8")
    assert written == page_text("images/effects"), "write it again: python -m sensor_sim effects"


@pytest.mark.parametrize("name", list(EFFECTS))
def test_every_effect_has_a_section_and_a_current_picture(name: str) -> None:
    text = (DOCS / "effects.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert all(word in section for word in ("Formula: ", "Source: ", "| parameter | unit | range |", "| V | 1 |"))
    stored = cv2.cvtColor(cv2.imread(str(DOCS / "images" / "effects" / f"{name}.jpg")), cv2.COLOR_BGR2RGB)
    today = strip(name, load_frames()[0])
    assert stored.shape == today.shape
    assert np.abs(stored.astype(int) - today).mean() < JPEG_LOSS_DN


def test_no_picture_is_left_over() -> None:
    assert {path.stem for path in (DOCS / "images" / "effects").iterdir()} == set(EFFECTS)


@pytest.mark.parametrize("name", sorted(FILMED))
def test_a_film_shows_its_effect_from_the_onset_on(name: str) -> None:
    seen, arrived = film(name, 3, smooth_frame(96, 54))
    assert len(seen) == len(arrived) == TICKS
    same = [np.array_equal(*pair) for pair in zip(seen, arrived, strict=True)]
    assert not all(same[ONSET_TICK:])
    if name != "exposure_lag":
        assert all(same[:ONSET_TICK])


def test_films_are_of_the_effects_that_a_still_picture_does_not_show() -> None:
    assert {name for name, definition in EFFECTS.items() if definition.stateful} < FILMED
    assert {name for name in FILMED if not EFFECTS[name].stateful} == {"black_frame"}
