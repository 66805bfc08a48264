"""A disk budget takes monitor inputs first, then clips, the oldest first; no record is ever touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.results.__main__ import EXIT_OK, main
from harness.results.disk_budget import DiskBudget, trim
from harness.results.history import History
from harness.results.index import read_index
from harness.results.reader import CorruptResultError, read_episode, read_monitor_inputs
from harness.results.schema import EpisodeRecord
from harness.results.store import CampaignStore, verify
from tests.harness.results.records import record

EPISODES = ("e1", "e2", "e3")


def heavy(name: str) -> EpisodeRecord:
    """A record with monitor inputs of some kB and a clip of 1 kB."""
    plain = record(name)
    return replace(plain, clips={"clip_0.mp4": name.encode() * 500}, monitor_inputs=plain.ticks)


def night(results: Path, number: int) -> Path:
    folder = results / f"night_{number}"
    with CampaignStore.create(folder) as store:
        described = {"name": "nightly", "campaign_id": "c", "status": "complete"}
        store.write_campaign({**described, "created_at": f"2025-01-0{number}T02:00:00+00:00"})
        for name in EPISODES:
            store.add_episode(heavy(name))
    History(results).record(folder, None)
    return folder


@pytest.fixture
def nights(tmp_path: Path) -> list[Path]:
    return [night(tmp_path, number) for number in (2, 1)]


def files(folder: Path, name: str) -> list[str]:
    return sorted(path.parts[-2 if name == "monitor_inputs.parquet" else -3] for path in folder.rglob(name))


def size(*folders: Path) -> int:
    entries = [entry for folder in folders for entry in read_index(folder / "index.jsonl").values()]
    return sum(file.size_bytes for entry in entries for file in entry.files)


def test_the_oldest_monitor_inputs_go_first_and_nothing_is_missed(nights: list[Path], tmp_path: Path) -> None:
    newer, older = nights
    one = (older / "episodes/e1/monitor_inputs.parquet").stat().st_size
    whole = size(*nights)
    dropped = trim([newer, older], whole - one - 10)
    assert dropped.clips == 0 and dropped.monitor_inputs >= 1 and dropped.kept_bytes == size(*nights)
    kept = files(older, "monitor_inputs.parquet")
    assert kept == list(EPISODES[dropped.monitor_inputs :]) and files(newer, "monitor_inputs.parquet") == [*EPISODES]
    assert verify(older) == verify(newer) == []
    entry = read_index(older / "index.jsonl")["e1"]
    assert read_episode(older, entry).tick_count == 40
    with pytest.raises(CorruptResultError, match=r"stored without monitor_inputs\.parquet"):
        read_monitor_inputs(older, entry)
    with CampaignStore.open(older) as store:
        assert len(store.finished()) == 3 and store.drop_damaged() == [], "nothing runs again"


def test_clips_follow_when_no_monitor_inputs_are_left_and_records_always_stay(nights: list[Path]) -> None:
    newer, older = nights
    clips = sum((older / f"episodes/{name}/clips/clip_0.mp4").stat().st_size for name in EPISODES)
    inputs = 6 * (older / "episodes/e1/monitor_inputs.parquet").stat().st_size
    trim(nights, round((size(*nights) - inputs - clips / 2) / 0.9))
    assert files(newer, "monitor_inputs.parquet") == files(older, "monitor_inputs.parquet") == []
    assert files(newer, "clip_0.mp4") == [*EPISODES] and files(older, "clip_0.mp4") == ["e3"]
    dropped = trim(nights, 1)
    assert files(newer, "clip_0.mp4") == files(older, "clip_0.mp4") == [] and dropped.kept_bytes > 1
    for folder in nights:
        assert verify(folder) == [] and len(read_index(folder / "index.jsonl")) == 3
        assert all((folder / f"episodes/{name}/ticks.parquet").exists() for name in EPISODES)


def test_a_campaign_that_another_run_writes_to_is_left_alone(nights: list[Path]) -> None:
    newer, older = nights
    with CampaignStore.open(older):
        trim(nights, 1)
    assert files(older, "clip_0.mp4") == [*EPISODES] and files(newer, "clip_0.mp4") == []


def test_a_running_campaign_makes_room_among_the_old_ones_first(nights: list[Path], tmp_path: Path) -> None:
    older = nights[1]
    with CampaignStore.create(tmp_path / "running") as store:
        store.write_campaign({"created_at": "2025-01-03T02:00:00+00:00"})
        budget = DiskBudget(size(*nights) + 1000, store)
        dropped = budget.added(store.add_episode(heavy("e1")))
        assert dropped is not None and dropped.clips == 0 and not budget.is_exceeded
        assert files(older, "monitor_inputs.parquet") != [*EPISODES]
        assert files(store.folder, "monitor_inputs.parquet") == ["e1"]
        assert DiskBudget(1, store).added(store.add_episode(heavy("e2"))) is not None
        assert files(store.folder, "clip_0.mp4") == [] and len(store.finished()) == 2
    assert History(tmp_path).verify() == []


def test_the_command_line_says_what_it_would_drop_and_drops_it_when_told(
    nights: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--results", str(tmp_path), "trim", "--budget-gb", "1e-9"]
    assert main(command) == EXIT_OK
    assert "would drop 6 monitor inputs and 6 clips" in capsys.readouterr().out and files(nights[0], "clip_0.mp4")
    assert main([*command, "--remove"]) == EXIT_OK
    assert "prune" in capsys.readouterr().err and not files(nights[0], "clip_0.mp4")
    assert History(tmp_path).verify() == []
