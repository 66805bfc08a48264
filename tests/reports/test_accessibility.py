"""Everybody can read every page: names, order, keyboard, contrast in light, dark and print, colours told apart."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from reports.campaign_data import load
from reports.episode_pages import page_address
from reports.page import TEMPLATES
from reports.trend import write_trend_page
from tests.reports.browser import Browser
from tests.reports.test_trend import store_night

RULES = (Path(__file__).parent / "accessibility.js").read_text(encoding="utf-8")
SCHEMES = ("light", "dark")
# Machado, Oliveira, Fernandes 2009, severity 1, linear RGB
VISIONS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


@pytest.fixture(scope="module")
def pages(campaign: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    results = tmp_path_factory.mktemp("nights")
    for day, departed in ((1, 100), (2, 101), (3, 150)):
        store_night(results, day, departed)
    data = load(campaign)
    departed = next(r for r in data.episodes if r["departures"] and data.clips(str(r["episode_id"])))
    return {
        "report": campaign / "report.html",
        "episode": campaign / page_address(str(departed["episode_id"])),
        "trend": write_trend_page(results, "nightly"),
    }


def emulate(page: Browser, scheme: str, media: str = "") -> None:
    page.devtools(
        "Emulation.setEmulatedMedia", {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )


@pytest.mark.parametrize("name", ["report", "episode", "trend"])
def test_rules_hold_on_every_page_in_light_and_dark(name: str, pages: dict[str, Path], chromium: Browser) -> None:
    chromium.resize(1440, 1000)
    try:
        for scheme in SCHEMES:
            emulate(chromium, scheme)
            chromium.open(pages[name])
            chromium.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
            assert chromium.run(RULES) == [], scheme
    finally:
        chromium.devtools("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_a_page_printed_from_a_dark_screen_is_dark_on_white(pages: dict[str, Path], chromium: Browser) -> None:
    try:
        emulate(chromium, "dark", "print")
        chromium.open(pages["report"])
        assert chromium.run(RULES) == []
        assert chromium.run("return getComputedStyle(document.querySelector('nav.toc')).display") == "none"
    finally:
        chromium.devtools("Emulation.setEmulatedMedia", {"media": "", "features": []})


@pytest.mark.parametrize("name", ["report", "episode", "trend"])
def test_tab_goes_through_the_page_in_its_order_and_shows_where_it_is(
    name: str, pages: dict[str, Path], chromium: Browser
) -> None:
    chromium.resize(1440, 1000)
    chromium.open(pages[name])
    places = []
    for _ in range(8):
        for kind in ("keyDown", "keyUp"):
            key = {"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
            chromium.devtools("Input.dispatchKeyEvent", key)
        places.append(
            chromium.run(
                "const e = document.activeElement, s = getComputedStyle(e);"
                "return [[...document.querySelectorAll('*')].indexOf(e), e.className, s.outlineStyle]"
            )
        )
    # A short page starts over from its top: what is looked at is the first round.
    order = [place for place, _, _ in places]
    first_round = next((k for k in range(1, len(order)) if order[k] < order[0]), len(order))
    assert places[0][1] == "skip"
    assert order[:first_round] == sorted(set(order[:first_round])) and first_round >= 5
    assert all(outline != "none" for _, _, outline in places[:first_round])


def colours(dark: bool) -> dict[str, np.ndarray]:
    text = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    light, _, rest = text.partition("@media screen and (prefers-color-scheme: dark)")
    part = rest.partition("* { box-sizing")[0] if dark else light
    named = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", part))
    return {key: np.array([int(value[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0 for key, value in named.items()}


def seen(colour: np.ndarray, vision: str) -> np.ndarray:
    """CIE Lab of a colour as somebody with this vision sees it."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(VISIONS[vision]) @ linear, 0.0, 1.0) if vision else linear
    back = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(back.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_RGB2Lab)[0, 0]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("vision", ["", *VISIONS])
def test_what_is_told_by_colour_is_told_apart_by_every_eye(vision: str, dark: bool) -> None:
    """Lines have dashes, grades have shapes, states have words; their colours differ too, by more than a just
    noticeable difference (2.3)."""
    palette = colours(dark)
    for group, least in (
        (("g0", "g1", "g2", "g3"), 9.0),
        (("blue", "orange", "green", "red", "purple", "sky", "grey"), 9.0),
        (("pass", "fail"), 7.0),
    ):
        for a, b in itertools.combinations(group, 2):
            distance = float(np.linalg.norm(seen(palette[a], vision) - seen(palette[b], vision)))
            assert distance > least, f"{a} and {b} differ by {distance:.1f} with {vision or 'full vision'}"
