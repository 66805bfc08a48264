"""Trend over nights: what is proven is marked, what cannot be compared is not, what is gone says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact, norm

from harness.evaluation.statistics.intervals import clopper_pearson, poisson_rate
from harness.results.history import History
from reports.trend import main, write_trend_page
from reports.trend_changes import changes_of, p_of_change, parts_changed
from reports.trend_data import ALONE, Night, nights_of
from tests.reports.browser import Browser
from tests.reports.conftest import HOSTILE


def share(k: int, n: int) -> dict[str, Any]:
    low, high = clopper_pearson(k, n)
    return {"value": k / n, "k": k, "n": n, "low": low, "high": high, "method": "clopper-pearson"}


def per_km(k: int, km: float) -> dict[str, Any]:
    low, high = poisson_rate(k, km)
    return {"value": k / km, "k": k, "n": km, "low": low, "high": high, "method": "poisson-exact"}


def night(departed: int, pictures: str = "embedded 0.9.16, scene version 2", **changes: Any) -> Night:
    figures = {("departed", ALONE): share(departed, 200), ("per_km", ALONE): per_km(departed, 30.0)}
    return Night("f", "2026-11-01T02:00:00", "c0ffee", "INSUFFICIENT", "", pictures, figures=figures, **changes)


def store_night(
    results: Path, day: int, departed: int, weights: str = "a", name: str = "nightly", tier: str | None = None
) -> Path:
    folder = results / name.replace("/", "_")[:20] / f"day{day}{tier or ''}"
    folder.mkdir(parents=True)
    campaign = {
        "schema_version": 1,
        "name": name,
        "campaign_id": "x",
        "created_at": f"2026-11-{day:02d}T02:00:00+00:00",
        "status": "complete",
        "simulator": {"name": "embedded", "version": "0.9.16", "scene_version": 2},
        "agent": {"name": "pilotnet", "weights_sha256": weights},
        "monitors": [{"name": "watcher"}],
        "tier": tier,
    }
    point = {"point": "fa0.50", "event_recall": share(20, 80), "false_alarms_per_min": {"degraded_safe": None}}
    summary = {
        "counts": {"departures": departed},
        "verdict": {"status": "INSUFFICIENT"},
        "departures": {"departed": share(departed, 200), "per_km": per_km(departed, 30.0)},
        "monitors": [{"name": "watcher", "points": [point]}],
        "safety_gain": [],
    }
    (folder / "campaign.json").write_text(json.dumps(campaign))
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "index.jsonl").write_text("")
    History(results).record(folder, summary)
    return folder


def test_p_values_agree_with_scipy() -> None:
    before, now = share(40, 100), share(70, 120)
    assert p_of_change("departed", before, now) == pytest.approx(fisher_exact([[40, 60], [70, 50]]).pvalue)
    slow, fast = per_km(30, 10.0), per_km(90, 20.0)
    assert p_of_change("per_km", slow, fast) == pytest.approx(binomtest(90, 120, 20.0 / 30.0).pvalue)
    z = norm.ppf(0.975)
    gains = [{"value": v, "n": 50, "low": v - z * s, "high": v + z * s} for v, s in ((0.2, 0.03), (0.35, 0.04))]
    assert p_of_change("sg", *gains) == pytest.approx(2 * norm.sf(0.15 / 0.05))
    assert p_of_change("recall", share(0, 1) | {"k": 0, "n": 0}, now) is None
    assert p_of_change("sg", gains[0], {"value": None, "low": None, "high": None}) is None


def test_only_what_chance_does_not_explain_is_a_change() -> None:
    found = changes_of([night(100), night(104), night(150)])
    proven = {(change.series[0], change.night) for change in found if change.significant}
    assert proven == {("departed", 2), ("per_km", 2)}
    assert all(change.is_better is False for change in found if change.significant)


def test_equal_nights_make_false_findings_at_most_at_the_nominal_rate() -> None:
    """Eight nights of one truth, many times over: a page with any finding is as rare as promised."""
    rng = np.random.default_rng(5)
    pages = [changes_of([night(int(k)) for k in rng.binomial(200, 0.5, 8)]) for _ in range(40)]
    assert sum(any(change.significant for change in page) for page in pages) <= 5  # 97.5 % quantile of 5 % of 40


def test_nights_of_other_pictures_are_not_compared() -> None:
    found = changes_of([night(20), night(180, pictures="carla 0.9.16"), night(22)])
    assert {(change.night, change.before) for change in found} == {(2, 0)}
    assert not any(change.significant for change in found)


def test_parts_that_changed_are_named() -> None:
    first = night(1, parts={"pilotnet": "a", "old": "x", "thresholds": "t"})
    second = night(1, parts={"pilotnet": "b", "new": "y", "thresholds": "u"})
    said = parts_changed(first, second)
    assert said == ["pilotnet: other weights", "thresholds: other thresholds", "new: new", "old: gone"]


def test_page_of_a_history_marks_the_proven_change_and_names_the_gone_night(tmp_path: Path) -> None:
    for day, departed, weights in ((1, 100, "a"), (2, 101, "a"), (3, 150, "b")):
        store_night(tmp_path, day, departed, weights)
    gone = store_night(tmp_path, 4, 150, "b")
    (gone / "summary.json").unlink()
    text = write_trend_page(tmp_path, "nightly").read_text()
    assert text.count('class="mark worse"') == 2 + 1  # two figures and the key
    assert "pilotnet: other weights" in text
    assert "compare nightly/day2 nightly/day3" in text
    assert "cannot be read" in text
    assert "Not measured in any of these nights" in text and "Safety gain" in text
    assert nights_of(tmp_path, "nightly")[3].figures == {}


def test_tiers_are_followed_apart(tmp_path: Path) -> None:
    """A weekly run on other pairs departs more: no finding against the nights in between."""
    for day in (1, 2, 3):
        store_night(tmp_path, day, 60, tier="nightly")
        store_night(tmp_path, day, 150, tier="weekly")
    text = write_trend_page(tmp_path, "nightly").read_text()
    assert "Tier nightly" in text and "Tier weekly" in text
    assert text.count("No figure changed by more than chance explains.") == 2


def test_command_says_where_the_page_is_or_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--name", "nightly"]) == 2
    assert "no recorded campaign 'nightly'" in capsys.readouterr().err
    store_night(tmp_path, 1, 100)
    assert main([str(tmp_path), "--name", "nightly"]) == 0
    assert "trend-nightly.html" in capsys.readouterr().out


def test_page_stays_within_its_width_offline_and_text(tmp_path: Path, chromium: Browser) -> None:
    for day in range(1, 13):
        store_night(tmp_path, day, 100 + day, name=HOSTILE)
    page = write_trend_page(tmp_path, HOSTILE)
    chromium.console(), chromium.requested_urls()
    chromium.open(page)
    assert chromium.run("return window.hacked === undefined && document.querySelectorAll('img').length === 0")
    for width in (1440, 390):
        chromium.resize(width, 900)
        assert chromium.run("return document.documentElement.scrollWidth") <= width
    assert chromium.console() == []
    assert all(url.startswith(("file:", "data:")) for url in chromium.requested_urls())
