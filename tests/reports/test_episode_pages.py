"""Which episodes get a page, and what the player is given."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.evaluation.departures import find_departures
from harness.evaluation.episode_data import EpisodeData
from reports.campaign_data import CampaignData, load
from reports.campaign_report import build_report
from reports.episode_pages import choose_pages, clip_view, page_address
from reports.episode_trace import events_of, lane_borders


@pytest.fixture(scope="module")
def data(campaign: Path) -> CampaignData:
    return load(campaign)


def numbers_of(campaign: Path, episode_id: str) -> dict[str, Any]:
    text = (campaign / "report" / "episodes" / f"{episode_id}.js").read_text(encoding="utf-8")
    assert text.startswith("window.showEpisode(") and "<" not in text
    found: dict[str, Any] = json.loads(text.removeprefix("window.showEpisode(").removesuffix(");\n"))
    return found


def test_every_departure_and_a_sample_of_the_others_gets_a_page(data: CampaignData) -> None:
    departed = {row["episode_id"] for row in data.episodes if row["departures"]}
    chosen = choose_pages(data, max_others=5)
    assert departed < set(chosen) and len(chosen) == len(departed) + 5 == len(set(chosen))
    assert {row["mode"] for row in data.episodes if row["episode_id"] in set(chosen) - departed} >= {"expert", "log"}


def test_pages_and_their_numbers_lie_beside_the_report(campaign: Path, data: CampaignData) -> None:
    text = (campaign / "report.html").read_text(encoding="utf-8")
    for episode_id in choose_pages(data):
        assert f'href="{page_address(episode_id)}"' in text
        assert (campaign / page_address(episode_id)).exists()
        numbers = numbers_of(campaign, episode_id)
        assert {len(values) for values in numbers["series"].values()} == {len(numbers["time_s"])}


def test_pages_of_an_earlier_report_are_gone(campaign: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(campaign, folder)
    stale = folder / "report" / "episodes" / "stale.html"
    stale.write_text("old")
    build_report(folder)
    assert not stale.exists() and not (folder / "report.new").exists()


def test_numbers_of_the_player_are_those_of_the_record(campaign: Path, data: CampaignData) -> None:
    episode_id = next(str(row["episode_id"]) for row in data.episodes if row["departures"] and row["mode"] == "shadow")
    record, numbers = data.record(episode_id), numbers_of(campaign, episode_id)
    np.testing.assert_allclose(numbers["series"]["lane_margin_m"], record.column("lane_margin_m"), atol=6e-4)
    np.testing.assert_allclose(numbers["series"]["swa_agent_deg"], record.column("swa_agent_deg"), atol=0.06)
    (event,) = [event for event in numbers["events"] if event["kind"] == "departure"]
    assert event["time_s"] == record.events["departures"][0]["onset_s"]
    (first,) = find_departures(record.columns, record.tick_s)[:1]
    assert numbers["departed"][0][0] == pytest.approx(first.onset_tick * record.tick_s)


def test_a_clip_ends_with_its_run_and_shows_every_panel(campaign: Path, data: CampaignData) -> None:
    episode_id = next(str(row["episode_id"]) for row in data.episodes if data.clips(str(row["episode_id"])))
    view, numbers = clip_view(data, episode_id), numbers_of(campaign, episode_id)
    assert view is not None and set(view.panels) == {"agent", "saliency", "before"} and view.fps == 20.0
    assert numbers["clip"]["first_tick"] == len(numbers["time_s"]) - view.frames
    page = campaign / page_address(episode_id)
    assert (page.parent / numbers["clip"]["source"]).resolve() == view.path.resolve()


def test_lane_borders_of_a_left_bend_lie_half_a_lane_beside_its_centre() -> None:
    """A car that drives a circle of 50 m with an offset and a heading error, in CARLA's axes (y to the right)."""
    angle, offset, heading_error = np.linspace(0.0, 1.0, 30), 0.4, np.radians(3.0)
    radius = 50.0 - offset
    columns = {
        # Right-handed: centre of the circle at (0, 50), driving counter-clockwise from the origin.
        "x_m": radius * np.sin(angle),
        "y_m": -(50.0 - radius * np.cos(angle)),
        "yaw_deg": -np.degrees(angle + heading_error),
        "heading_error_deg": np.full(30, np.degrees(heading_error)),
        "lateral_offset_m": np.full(30, offset),
        "lane_width_m": np.full(30, 3.5),
    }
    left, right = lane_borders(EpisodeData({"episode_id": "bend"}, columns, {}))
    for (x, y), distance_m in ((left, 50.0 - 1.75), (right, 50.0 + 1.75)):
        np.testing.assert_allclose(np.hypot(x, y + 50.0), distance_m, atol=1e-9)


def test_events_are_told_in_the_order_of_time() -> None:
    told = events_of(
        {
            "departures": [{"grade": "G0", "onset_s": 9.0}],
            "takeovers": [{"alarm_s": 4.0, "start_s": 5.0, "end_s": None}],
            "collisions": [{"time_s": 9.5, "other": "guard rail"}],
            "monitor_faults": {"student": {"ticks": 2, "first_s": 1.0, "message": "NaN"}},
        }
    )
    assert [event["time_s"] for event in told] == [1.0, 4.0, 5.0, 9.0, 9.5]
    touching = [{"time_s": 1.0 + 0.05 * k, "other": "wall"} for k in range(20)] + [{"time_s": 4.0, "other": "wall"}]
    contacts = events_of({"collisions": touching})
    assert [event["text"] for event in contacts] == [
        "collision with wall, in contact until 1.95 s",
        "collision with wall",
    ]
    assert told[0]["text"] == "student failed: NaN" and told[-1]["text"] == "collision with guard rail"
