"""What the report says of the rescue map, and what it must not hide."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.evaluation.departures import find_departures
from harness.evaluation.recompute import recompute
from harness.evaluation.rescue_table import RescueRow, write_rescue_table
from harness.results.reader import read_campaign
from reports.campaign_report import build_report
from reports.charts.gain_curves import Driven, GainCurve, gain_curves
from reports.charts.rescue_timeline import AlarmRow, rescue_timeline


def planted_rows(folder: Path) -> list[RescueRow]:
    """Every third departure unsavable, the others prevented up to 0.4 s before; one was lost."""
    rows = []
    for episode in read_campaign(folder)[1]:
        departures = [d for d in find_departures(episode.columns, episode.tick_s) if d.grade == "G0"]
        if episode.mode != "shadow" or not departures:
            continue
        onset = departures[0].onset_tick
        unsavable = len(rows) % 3 == 2
        rows.append(
            RescueRow(
                episode_id=episode.episode_id,
                map_id="planted",
                reason="",
                tick_s=episode.tick_s,
                onset_tick=onset,
                last_safe_tick=None if unsavable else onset - 8,
                replay_error_m=0.0,
                rescued_ticks=None if unsavable else 800,
            )
        )
    lost = rows[0]
    rows[0] = RescueRow(lost.episode_id, "planted", "lost to the infrastructure: gone", lost.tick_s, lost.onset_tick)
    return rows


@pytest.fixture(scope="module")
def mapped(campaign: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mapped") / "results"
    shutil.copytree(campaign, folder)
    write_rescue_table(folder, planted_rows(folder))
    recompute(folder)
    return folder


def section_of(folder: Path) -> str:
    text = build_report(folder).read_text(encoding="utf-8")
    return text.split('id="rescue"', 1)[1].split('id="paper"', 1)[0]


def test_the_counts_of_the_map_are_in_the_report(mapped: Path) -> None:
    rescue = json.loads((mapped / "summary.json").read_text())["rescue"]
    text = section_of(mapped)
    assert rescue["mapped"] == rescue["departures"] - 1 > 0
    assert f"{rescue['mapped']} of {rescue['departures']} departures are mapped" in text
    assert "lost to the infrastructure: gone" in text
    assert f"{rescue['unsavable']} not by any takeover" in text
    assert text.count('class="chart timeline"') == len(rescue["by_departure"])
    assert "unsavable" in text and "in time" in text


def test_unproven_checks_are_a_dash_and_no_agreement(mapped: Path) -> None:
    row = next(part for part in section_of(mapped).split("<tr>") if "Takeovers really driven near" in part)
    assert "—" in row and "none" in row and "100" not in row


def test_without_a_map_the_report_says_how_to_make_one(campaign: Path) -> None:
    assert "--rescue DIR" in section_of(campaign)


def test_a_map_in_which_every_departure_was_lost_says_why(mapped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(mapped, folder)
    rows = [
        RescueRow(
            row.episode_id, "planted", "the simulator did not repeat the run: 3 m off", row.tick_s, row.onset_tick
        )
        for row in planted_rows(folder)
    ]
    write_rescue_table(folder, rows)
    recompute(folder)
    text = section_of(folder)
    assert "none could be mapped" in text and "3 m off" in text and "chart" not in text


def test_a_time_line_draws_the_last_safe_moment_and_every_alarm() -> None:
    rows = [AlarmRow("student", [(12.0, 13.0), (14.0, 15.0)], "in time", 0.5, "c-blue")]
    drawn = str(rescue_timeline(15.0, 14.6, 1.0, rows, "a bend"))
    assert drawn.count("c-blue-fill") == 2 and "t-star" in drawn and "t* −0.40 s" in drawn
    assert "in time, +0.50 s" in drawn
    assert "t-star" not in str(rescue_timeline(15.0, None, 1.0, rows, "a bend"))


def test_curves_show_the_ceiling_perfect_alarms_and_what_was_driven() -> None:
    curve = GainCurve(
        "student", "c-blue", [0.0, 0.2, 0.4], [0.0, 0.6, 0.8], [0.0, 0.4, 0.6], [0.2, 0.8, 0.9], banded=True
    )
    drawn = str(gain_curves([curve], 0.9, (0.1, 0.9), [Driven("student@fa0.50", "c-blue", 0.2, 0.5)], "curves"))
    assert "threshold" in drawn and "perfect alarms: 90 % prevented at 10.0 %" in drawn
    assert "really driven, student@fa0.50: 50 % prevented at 20.0 %" in drawn and "band c-blue-fill" in drawn
    assert "student: 0 % prevented at 10.0 %" in drawn
