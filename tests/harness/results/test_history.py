"""The catalogue lists what ran, keeps one last-good campaign per name, and never loses figures or what is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from harness.results.__main__ import EXIT_DAMAGED, EXIT_OK, EXIT_REFUSED, main
from harness.results.history import HISTORY_FILE, LAST_GOOD, History, HistoryError
from harness.results.store import CampaignStore, StoreError
from tests.harness.results.records import record

SUMMARY: dict[str, Any] = {"verdict": {"status": "INSUFFICIENT"}, "counts": {"departures": 7}}


def campaign(
    results: Path, night: int, name: str = "nightly", status: str = "complete", tier: str | None = None
) -> Path:
    folder = results / name / f"night_{night}"
    with CampaignStore.create(folder) as store:
        store.write_campaign(
            {
                "name": name,
                "tier": tier,
                "campaign_id": "c1",
                "created_at": f"2025-01-{night:02d}T02:00:00+00:00",
                "status": status,
                "simulator": {"name": "embedded", "version": "0.9.16"},
                "provenance": {"git_commit": "abc"},
            }
        )
        store.add_episode(record())
    return folder


def test_campaigns_are_listed_oldest_first_with_their_figures(tmp_path: Path) -> None:
    history = History(tmp_path)
    folders = [campaign(tmp_path, night) for night in (2, 1)]
    rows = [history.record(folder, SUMMARY) for folder in folders]
    listed = history.campaigns("nightly")
    assert listed == rows[::-1]
    assert (listed[0].verdict, listed[0].departures, listed[0].episodes) == ("INSUFFICIENT", 7, 1)
    stored = sum(path.stat().st_size for path in (folders[1] / "episodes").rglob("*") if path.is_file())
    assert listed[0].size_bytes == stored
    assert history.campaigns("other") == []


def test_without_a_summary_its_figures_are_unknown_not_zero(tmp_path: Path) -> None:
    row = History(tmp_path).record(campaign(tmp_path, 1), None)
    assert row.verdict is None
    assert row.departures is None


def test_a_tag_names_one_campaign_of_each_name(tmp_path: Path) -> None:
    history = History(tmp_path)
    first, second, other = campaign(tmp_path, 1), campaign(tmp_path, 2), campaign(tmp_path, 3, "weekly")
    for folder in (first, second, other):
        history.record(folder, SUMMARY)
        history.tag(LAST_GOOD, folder)
    assert history.tagged(LAST_GOOD, "nightly") == second.resolve()
    assert history.tagged(LAST_GOOD, "weekly") == other.resolve()
    with pytest.raises(HistoryError, match="no campaign 'smoke' is tagged"):
        history.tagged(LAST_GOOD, "smoke")


def test_tiers_of_a_campaign_are_tagged_and_pruned_apart(tmp_path: Path) -> None:
    history = History(tmp_path)
    smoke, nightly = campaign(tmp_path, 1, tier="smoke"), campaign(tmp_path, 2, tier="nightly")
    for folder in (smoke, nightly):
        history.record(folder, SUMMARY)
        history.tag(LAST_GOOD, folder)
    assert history.tagged(LAST_GOOD, "nightly", "smoke") == smoke.resolve()
    assert history.tagged(LAST_GOOD, "nightly", "nightly") == nightly.resolve()
    assert [row.tier for row in history.campaigns()] == ["smoke", "nightly"]
    assert history.to_prune(keep=1) == []


def test_a_catalogue_from_before_tiers_is_brought_up_to_date(tmp_path: Path) -> None:
    folder = campaign(tmp_path, 1)
    before = History(tmp_path).record(folder, SUMMARY)
    with sqlite3.connect(tmp_path / HISTORY_FILE) as database:
        database.execute("ALTER TABLE campaigns DROP COLUMN tier")
        database.execute("PRAGMA user_version = 1")
    assert History(tmp_path).campaigns() == [before]


def test_a_damaged_catalogue_says_how_to_make_it_again(tmp_path: Path) -> None:
    (tmp_path / HISTORY_FILE).write_bytes(b"not a database, but as long as one" * 40)
    with pytest.raises(HistoryError, match="enter its campaigns again"):
        History(tmp_path).campaigns()


def test_a_folder_is_listed_by_the_nearest_catalogue_above_it(tmp_path: Path) -> None:
    shared, folder = tmp_path / "shared", tmp_path / "shared/nightly/one"
    assert History.over(folder, default=tmp_path / "results") is None
    default = History.over(folder, default=shared)
    assert default is not None and default.results == shared.resolve()
    (shared / "nightly").mkdir(parents=True)
    (shared / HISTORY_FILE).touch()
    nearest = History.over(folder, default=tmp_path / "results")
    assert nearest is not None and nearest.results == shared.resolve()


def test_what_is_unfinished_unknown_or_elsewhere_is_not_tagged(tmp_path: Path) -> None:
    history = History(tmp_path / "results")
    unfinished = campaign(tmp_path / "results", 1, status="interrupted")
    with pytest.raises(HistoryError, match="not in the catalogue"):
        history.tag(LAST_GOOD, unfinished)
    history.record(unfinished, None)
    with pytest.raises(HistoryError, match="is interrupted"):
        history.tag(LAST_GOOD, unfinished)
    with pytest.raises(HistoryError, match="lies outside"):
        history.record(campaign(tmp_path, 2), None)


def test_a_flipped_bit_and_a_lost_folder_are_found(tmp_path: Path) -> None:
    history = History(tmp_path)
    folder, gone = campaign(tmp_path, 1), campaign(tmp_path, 2)
    history.record(folder, SUMMARY)
    history.record(gone, SUMMARY)
    assert history.verify() == []
    gone.rename(tmp_path / "elsewhere")
    ticks = folder / "episodes" / "e1" / "ticks.parquet"
    content = bytearray(ticks.read_bytes())
    content[100] ^= 1
    ticks.write_bytes(bytes(content))
    problems = history.verify()
    assert len(problems) == 2
    assert "ticks.parquet" in problems[0]
    assert "the folder is gone" in problems[1]
    assert main(["--results", str(tmp_path), "verify"]) == EXIT_DAMAGED


def test_pruning_spares_the_newest_and_the_named_and_keeps_figures(tmp_path: Path) -> None:
    history = History(tmp_path)
    folders = [campaign(tmp_path, night) for night in (1, 2, 3, 4)]
    for folder in folders:
        history.record(folder, SUMMARY)
    history.tag(LAST_GOOD, folders[0])
    assert main(["--results", str(tmp_path), "prune", "--keep", "1"]) == EXIT_OK
    assert all(folder.exists() for folder in folders)
    assert main(["--results", str(tmp_path), "prune", "--keep", "1", "--remove"]) == EXIT_OK
    assert [folder.exists() for folder in folders] == [True, False, False, True]
    assert [row.is_pruned for row in history.campaigns()] == [False, True, True, False]
    assert [row.departures for row in history.campaigns()] == [7, 7, 7, 7]
    assert history.verify() == []


def test_a_campaign_that_runs_is_not_pruned(tmp_path: Path) -> None:
    history, folder = History(tmp_path), campaign(tmp_path, 1)
    row = history.record(folder, SUMMARY)
    with CampaignStore.open(folder), pytest.raises(StoreError, match="in use"):
        history.prune(row)
    assert folder.exists()
    assert not history.campaigns()[0].is_pruned


def test_a_catalogue_of_another_version_is_refused(tmp_path: Path) -> None:
    History(tmp_path).record(campaign(tmp_path, 1), None)
    with sqlite3.connect(tmp_path / HISTORY_FILE) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(HistoryError, match="schema version 99"):
        History(tmp_path).campaigns()


def test_the_command_line_records_tags_and_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = campaign(tmp_path, 1)
    command = ["--results", str(tmp_path)]
    assert main([*command, "tag", str(folder)]) == EXIT_REFUSED
    assert main([*command, "record", str(folder)]) == EXIT_OK
    assert main([*command, "tag", str(folder)]) == EXIT_OK
    assert main([*command, "show", str(folder)]) == EXIT_OK
    capsys.readouterr()
    assert main([*command, "list"]) == EXIT_OK
    assert "nightly/night_1  (last-good)" in capsys.readouterr().out
