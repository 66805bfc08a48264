"""What a report says, and what it must not pretend."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.results.store import StoreError
from reports import campaign_report
from reports.alarms_by_condition import alarms_by_condition
from reports.campaign_data import ReportError, load
from reports.campaign_report import build_report
from reports.operating_points import MAIN_POINT
from reports.sections import departures
from tests.reports.synthetic import write_campaign


def text_of(folder: Path) -> str:
    return build_report(folder).read_text(encoding="utf-8")


def test_report_leaves_the_summary_untouched_and_is_the_same_twice(campaign: Path) -> None:
    before = (campaign / "summary.json").read_bytes()
    assert text_of(campaign) == text_of(campaign)
    assert (campaign / "summary.json").read_bytes() == before


def test_no_address_leads_out_of_the_file(campaign: Path) -> None:
    text = text_of(campaign)
    assert "http:" not in text and "https:" not in text and "//cdn" not in text
    assert 'src="/' not in text and "url(" not in text


def test_a_campaign_that_was_not_judged_shows_no_figures(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "results", seeds=1, conditions={"ideal": 0.0}, roads=("one",), clips=0)
    text = text_of(folder)
    assert "NOT JUDGED" in text
    assert text.count("Not in this campaign.") >= 6
    page = text.partition("<body>")[2]
    assert "INSUFFICIENT" not in page and "0 %" not in page.split('id="episodes"')[0]


def test_sections_without_data_say_why(campaign: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(campaign, folder)
    summary = json.loads((folder / "summary.json").read_text())
    summary["safety_gain"], summary["monitors"] = [], []
    summary["paper_parity"]["log_based"] = None
    (folder / "summary.json").write_text(json.dumps(summary))
    text = text_of(folder)
    assert "no takeover runs beside shadow runs" in text
    assert "No monitor was judged" in text
    assert "no runs of mode log" in text


def test_alarms_by_condition_add_up_to_the_summary(campaign: Path) -> None:
    data = load(campaign)
    found = alarms_by_condition(data.summary, ["saliency_student", "unknown"])
    assert len(found) == 3 and all(set(by_monitor) == {"saliency_student"} for by_monitor in found.values())
    (monitor,) = [m for m in data.summary["monitors"] if m["name"] == "saliency_student"]
    (point,) = [p for p in monitor["points"] if p["point"] == MAIN_POINT]
    rates = [by_monitor["saliency_student"] for by_monitor in found.values()]
    for ours, pooled in (("recall", point["event_recall"]), ("false_per_min", point["false_alarms_per_min"]["all"])):
        assert sum(rate[ours]["k"] for rate in rates) == pooled["k"]
        assert sum(rate[ours]["n"] for rate in rates) == pytest.approx(pooled["n"])


def test_undefined_rates_are_dashes_with_a_reason(campaign: Path) -> None:
    summary = json.loads((campaign / "summary.json").read_text())
    few = [row for row in summary["departures"]["by_condition"] if row["departed"]["value"] is None]
    assert few, "the synthetic campaign should have a condition with too few runs"
    assert few[0]["departed"]["reason"] in text_of(campaign)


def test_the_page_carries_no_clip_and_stays_small(campaign: Path) -> None:
    text = text_of(campaign)
    assert "data:video" not in text and len(text) < 5_000_000


def test_departures_under_a_takeover_keep_their_share_of_the_cards(campaign: Path) -> None:
    data = load(campaign)
    modes = {row["episode_id"]: row["mode"] for row in data.episodes}
    chosen = [modes[episode_id] for episode_id in departures.choose(data, 6)]
    assert len(chosen) == 6
    assert 1 <= sum(mode.startswith("takeover") for mode in chosen) <= 3
    assert "shadow" in chosen


def test_another_simulator_is_named_without_the_embedded_warning(campaign: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(campaign, folder)
    described = json.loads((folder / "campaign.json").read_text())
    described["simulator"] = {"name": "attach", "version": "0.9.16-dirty"}
    (folder / "campaign.json").write_text(json.dumps(described))
    text = text_of(folder)
    assert "attach 0.9.16-dirty" in text and "not yet been run against" not in text


def test_damaged_inputs_are_named(campaign: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no campaign"):
        build_report(tmp_path)
    folder = tmp_path / "results"
    shutil.copytree(campaign, folder)
    (folder / "summary.json").write_text("{")
    with pytest.raises(ReportError, match="judge the campaign again"):
        build_report(folder)
    assert not list(folder.glob(f".{campaign_report.REPORT_FILE}*"))
