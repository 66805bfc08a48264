"""The gallery shows every effect at every severity with its parameters, and presets with enlarged corners."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from sensor_sim.__main__ import main
from sensor_sim.effects import EFFECTS
from sensor_sim.gallery import CORNER_ZOOM, corner_picture
from sensor_sim.severities.table import severity_parameters
from tests.sensor_sim.frames import smooth_frame


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("frames")
    for number in range(2):
        cv2.imwrite(str(folder / f"{number}.png"), smooth_frame(96, 54, number))
    out = folder / "page" / "gallery.html"
    assert main(["gallery", "--frames", str(folder), "--out", str(out), "--preset", "ideal", "cityscapes_like"]) == 0
    return out.read_text(encoding="utf-8")


def test_every_effect_is_there_at_every_severity_on_two_frames(page: str) -> None:
    for name in EFFECTS:
        section = page.split(f'<section id="{name}">')[1].split("</section>")[0]
        assert section.count("data:image/jpeg") == 10
        for severity in range(1, 6):
            value = severity_parameters(name, severity, 96, 90.0)[EFFECTS[name].axis.parameter]
            assert f"{EFFECTS[name].axis.parameter} {value:.4g}" in section


def test_presets_show_before_after_and_corners(page: str) -> None:
    sections = re.findall(r'<section id="preset-(\w+)">(.*?)</section>', page, re.DOTALL)
    assert [name for name, _ in sections] == ["ideal", "cityscapes_like"]
    assert all(section.count("data:image/jpeg") == 3 for _, section in sections)
    ideal, degraded = (re.findall(r"base64,([^\"]+)", section) for _, section in sections)
    assert ideal[0] == ideal[1] and degraded[0] != degraded[1]


def test_the_page_needs_no_network(page: str) -> None:
    assert not re.search(r'(src|href)="(?!data:|#)', page)


def test_corners_are_enlarged_without_smoothing() -> None:
    before, after = smooth_frame(160, 80, 1), smooth_frame(160, 80, 2)
    picture = corner_picture(before, after)
    height, width = 10 * CORNER_ZOOM, 20 * CORNER_ZOOM
    assert picture.shape[0] == 2 * height + 4
    assert np.array_equal(picture[:height:CORNER_ZOOM, :width:CORNER_ZOOM], before[:10, :20])
    assert np.array_equal(picture[-height::CORNER_ZOOM, -width::CORNER_ZOOM], after[-10:, -20:])


def test_one_frame_is_too_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), smooth_frame(96, 54))
    assert main(["gallery", "--frames", str(tmp_path), "--out", str(tmp_path / "g.html")]) == 2
    assert "at least two" in capsys.readouterr().err
