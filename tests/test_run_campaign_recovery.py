"""Whatever is killed, a campaign ends up with the same records; on real simulators and a real Ray cluster."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from harness.results.reader import read_attempts
from harness.results.store import CampaignStore, verify
from tests.campaign_process import (
    EPISODES,
    comparable_summary,
    kill,
    scenario_file,
    start_campaign,
    still_running,
    tick_tables,
    wait_until,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One campaign that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed") / "results"
    campaign = start_campaign(folder, str(scenario_file(folder.parent)), "--workers", "2", "--out", str(folder))
    assert campaign.wait() == 0, campaign.text()
    return folder


def test_a_campaign_leaves_records_figures_and_a_report(undisturbed: Path) -> None:
    campaign = json.loads((undisturbed / "campaign.json").read_text())
    assert campaign["status"] == "complete"
    assert len(campaign["episode_ids"]) == len(tick_tables(undisturbed)) == EPISODES
    assert campaign["simulator"]["name"] == "embedded"
    assert campaign["simulator"]["version"].startswith("0.9.16")
    assert campaign["simulator"]["scene_version"] >= 1
    assert campaign["provenance"]["packages"]["carla"] == "0.9.16"
    assert str(undisturbed.parent) not in (undisturbed / "campaign.json").read_text()
    assert (undisturbed / "report.html").stat().st_size > 1000
    assert (undisturbed / "episodes.parquet").exists()
    assert verify(undisturbed) == []


def test_a_killed_server_costs_one_try_and_one_worker_records_what_two_record(
    undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "results"
    campaign = start_campaign(folder, str(scenario_file(tmp_path)), "--workers", "1", "--out", str(folder))
    wait_until(lambda: len(campaign.finished()) >= 2, campaign)
    time.sleep(0.2)  # the next episode is under way
    (server,) = campaign.servers()
    kill(server)
    assert campaign.wait() == 0, campaign.text()
    assert tick_tables(folder) == tick_tables(undisturbed)
    assert comparable_summary(folder) == comparable_summary(undisturbed)
    with CampaignStore.open(folder) as store:
        entries = store.finished()
    errors = [attempt["error"] for entry in entries.values() for attempt in read_attempts(folder, entry)]
    failed = [error for error in errors if error is not None]
    assert len(entries) == EPISODES and len(failed) == 1 and "the server was dead" in failed[0]
    assert "try 1 of 3 failed, running it again" in campaign.text()


def test_interrupted_and_killed_campaigns_go_on_where_they_stopped(undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    first = start_campaign(folder, str(scenario_file(tmp_path)), "--workers", "2", "--out", str(folder))
    wait_until(lambda: len(first.finished()) >= 1, first)
    started = first.descendants()
    assert first.servers()
    os.killpg(first.process.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
    assert first.wait(30) == 130, first.text()
    assert not still_running(started)
    assert f"--resume {folder}" in first.text()
    assert json.loads((folder / "campaign.json").read_text())["status"] == "interrupted"

    before_second = first.finished()
    second = start_campaign(folder, "--resume", str(folder), "--workers", "2")
    wait_until(lambda: len(second.finished()) > len(before_second) and len(second.servers()) == 2, second)
    started = second.descendants()
    second.process.kill()
    second.wait()
    assert not still_running(started, timeout_s=30)

    before_third = second.finished()
    assert EPISODES > len(before_third) > len(before_second)
    ages = {name: (folder / "episodes" / name).stat().st_mtime_ns for name in before_third}
    third = start_campaign(folder, "--resume", str(folder))
    assert third.wait() == 0, third.text()
    assert {name: (folder / "episodes" / name).stat().st_mtime_ns for name in before_third} == ages
    assert tick_tables(folder) == tick_tables(undisturbed)
    assert comparable_summary(folder) == comparable_summary(undisturbed)
    assert (folder / "index.jsonl").read_text().count("\n") == EPISODES
    assert verify(folder) == []
