"""The player of an episode in a real headless Chromium: in step, by keyboard, from a link, offline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reports.campaign_data import load
from reports.episode_pages import page_address
from tests.reports.browser import Browser
from tests.reports.conftest import HOSTILE

WAIT_FOR_PICTURE = (
    "const done = arguments[arguments.length - 1], until = Date.now() + 20000;"
    "const look = () => { const p = document.getElementById('player').dataset.tick,"
    " q = document.getElementById('pictures').dataset.tick;"
    " if (p !== undefined && p === q) done(Number(p));"
    " else if (Date.now() > until) done('player at ' + p + ', pictures at ' + q); else setTimeout(look, 20); }; look();"
)
PRESS = (
    "document.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], shiftKey: arguments[1], bubbles: true}))"
)
TICKS = (
    "return [document.getElementById('player').dataset.tick, document.getElementById('cursor').dataset.tick,"
    " document.querySelector('#map svg').dataset.tick].map(Number)"
)
Player = Callable[[str], Browser]


@pytest.fixture
def player(campaign: Path, chromium: Browser) -> Player:
    """Opens the page of an episode with a clip, at an address' fragment."""
    data = load(campaign)
    episode_id = next(str(row["episode_id"]) for row in data.episodes if data.clips(str(row["episode_id"])))

    def open_player(fragment: str) -> Browser:
        chromium.resize(1440, 1000)
        chromium.open(campaign / "report.html")
        chromium.console(), chromium.requested_urls()
        chromium.open(campaign / page_address(episode_id), fragment)
        return chromium

    return open_player


def press(page: Browser, key: str, shift: bool = False) -> None:
    page.run(PRESS.replace("arguments[0]", repr(key)).replace("arguments[1]", "true" if shift else "false"))


def test_pictures_map_and_time_series_show_the_same_tick(player: Player) -> None:
    page = player("")
    start = page.run_async(WAIT_FOR_PICTURE)
    assert isinstance(start, int), start
    for key, moved in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        press(page, key)
        assert page.run_async(WAIT_FOR_PICTURE) == start + moved
        assert page.run(TICKS) == [start + moved] * 3
    press(page, "ArrowRight", shift=True)
    assert page.run_async(WAIT_FOR_PICTURE) == start + 21
    press(page, "End")
    assert page.run_async(WAIT_FOR_PICTURE) > start + 21


def test_it_plays_and_stays_in_step(player: Player) -> None:
    page = player("")
    start = page.run_async(WAIT_FOR_PICTURE)
    page.run("document.getElementById('play').click()")
    moved = page.run_async(
        "const done = arguments[arguments.length - 1];"
        f"const look = () => Number(document.getElementById('player').dataset.tick) > {start} + 4 ? "
        "(document.getElementById('play').click(), done(true)) : setTimeout(look, 20); look();"
    )
    assert moved is True
    assert page.run_async(WAIT_FOR_PICTURE) > start + 4


def test_a_link_opens_a_moment_and_the_page_links_to_it(player: Player) -> None:
    page = player("#t=3.00")
    assert page.run(TICKS) == [60, 60, 60]
    assert page.run("return document.getElementById('here').getAttribute('href')") == "#t=3.00"
    assert page.run("return document.getElementById('clock').textContent").startswith("3.00")
    page.run("location.hash = '#t=4.50'")
    assert page.run_async("setTimeout(() => arguments[0](document.getElementById('player').dataset.tick), 50)") == "90"


def test_nothing_is_asked_of_a_network_and_nothing_complains(player: Player) -> None:
    page = player("")
    page.run_async(WAIT_FOR_PICTURE)
    assert page.console() == []
    urls = page.requested_urls()
    assert any(url.endswith(".js") for url in urls) and any(url.endswith(".mp4") for url in urls)
    assert all(url.startswith(("file:", "data:")) for url in urls)


def test_the_page_never_scrolls_sideways(player: Player) -> None:
    page = player("")
    page.run_async(WAIT_FOR_PICTURE)
    for width in (1440, 768, 390):
        page.resize(width, 900)
        assert page.run("return document.documentElement.scrollWidth") <= width


def test_hostile_names_stay_text_in_the_player(hostile_campaign: Path, chromium: Browser) -> None:
    chromium.console()
    chromium.open(next((hostile_campaign / "report" / "episodes").glob("*.html")))
    assert chromium.run("return window.hacked === undefined")
    assert HOSTILE in chromium.run("return document.querySelector('h1').textContent")
    assert chromium.run("return document.getElementById('player').dataset.tick") is not None
    assert chromium.console() == []


def test_another_saliency_method_replaces_the_recorded_map(campaign: Path, chromium: Browser) -> None:
    data = load(campaign)
    sheets = sorted((campaign / "report" / "episodes").glob("*.grad_cam.jpg"))
    (sheet,) = sheets  # the one run that kept what its monitors saw
    episode_id = sheet.name.split(".")[0]
    onset_s = next(row["first_departure_onset_s"] for row in data.episodes if row["episode_id"] == episode_id)
    chromium.resize(1440, 1000)
    chromium.open(campaign / page_address(episode_id), f"#t={onset_s:.2f}")
    chromium.run_async(WAIT_FOR_PICTURE)
    names = chromium.run("return [...document.querySelectorAll('#method option')].map(o => o.textContent)")
    assert names == ["VisualBackProp, recorded", "Grad-CAM", "LRP, ε = 100"]
    for place in (1, 2):
        shown = chromium.run_async(
            "const done = arguments[arguments.length - 1], s = document.getElementById('method');"
            f"s.selectedIndex = {place}; s.dispatchEvent(new Event('change'));"
            "const look = () => s.dataset.shown === s.value ? done(s.value) : setTimeout(look, 20); look();"
        )
        assert shown.startswith(episode_id)
    assert chromium.console() == []


def test_a_page_without_further_maps_says_why_and_how(campaign: Path, chromium: Browser) -> None:
    data = load(campaign)
    with_clip = [str(row["episode_id"]) for row in data.episodes if data.clips(str(row["episode_id"]))]
    other = next(i for i in with_clip if not (campaign / "report" / "episodes" / f"{i}.grad_cam.jpg").exists())
    chromium.open(campaign / page_address(other))
    chromium.run_async(WAIT_FOR_PICTURE)
    assert "stored without what its monitors saw" in chromium.run(
        "return document.getElementById('method-note').textContent"
    )


def test_the_command_that_drives_it_again_names_the_folder(campaign: Path, chromium: Browser) -> None:
    episode_id = next(path.stem for path in (campaign / "report" / "episodes").glob("*.html"))
    chromium.open(campaign / page_address(episode_id))
    command = chromium.run("return document.getElementById('again-command').textContent")
    assert command.startswith(f"python -m harness.cluster.drive_again {campaign.resolve()} {episode_id} --out ")
