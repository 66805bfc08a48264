"""Judged synthetic campaigns and their reports, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.registry import make_agent
from harness.evaluation.recompute import recompute
from harness.results.episodes_table import write_episodes_table
from harness.results.reader import read_campaign
from reports.campaign_report import build_report
from tests.reports.browser import CHROMIUM, DRIVER, MISSING, Browser, browser
from tests.reports.synthetic import write_campaign

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=2>\"'&{{7*7}}"


def judged(folder: Path) -> Path:
    """What run_campaign.py does after the last episode."""
    write_episodes_table(folder, read_campaign(folder)[1])
    recompute(folder)
    return folder


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judged campaign of 66 episodes, some with departures and clips, with its report."""
    folder = judged(
        write_campaign(
            tmp_path_factory.mktemp("campaign") / "results",
            roads=("winding", "hairpins"),
            clips=2,
            driver_sha256=make_agent("pilotnet").weights_sha256,
        )
    )
    build_report(folder)
    return folder


@pytest.fixture(scope="session")
def hostile_campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign whose every name tries to become markup."""
    folder = tmp_path_factory.mktemp("hostile") / "results"
    write_campaign(folder, seeds=1, conditions={HOSTILE: 1.0}, roads=(HOSTILE + "road",), clips=0, name=HOSTILE)
    build_report(judged(folder))
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for all tests."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip(MISSING)
    with browser() as session:
        yield session


@pytest.fixture
def report(campaign: Path, chromium: Browser) -> Callable[[], Browser]:
    """Opens the report afresh."""

    def open_report() -> Browser:
        chromium.resize(1440, 1000)
        chromium.open(campaign / "report.html")
        return chromium

    return open_report
