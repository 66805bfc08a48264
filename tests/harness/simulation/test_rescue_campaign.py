"""From a stored campaign to its rescue map: what is mapped, what is kept, what a resumed run does again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from harness.campaign.episode_spec import TakeoverSpec
from harness.cluster.pulse import Pulse
from harness.cluster.rescue_run import RescueSink, open_departures
from harness.cluster.rescue_tasks import RescueExecutor, map_id, sampled
from harness.evaluation.rescue_table import RescueRow, read_rescue_table, write_rescue_table
from harness.results.index import IndexEntry, read_index
from harness.results.schema import EpisodeRecord
from harness.results.store import INDEX_FILE, CampaignStore
from harness.simulation.session import CarlaSession
from tests.harness.simulation import drivers
from tests.harness.simulation.episodes import STRAIGHT, drive, episode

STRAIGHT_ON = f"{drivers.__name__}:StraightAhead"
TAKEOVER = TakeoverSpec()


def stored(folder: Path, records: Sequence[EpisodeRecord]) -> Path:
    with CampaignStore.create(folder) as store:
        for record in records:
            store.add_episode(record)
        store.write_campaign({"name": "small", "episode_ids": [record.episode_id for record in records]})
    return folder


@pytest.fixture(scope="module")
def records(session: CarlaSession) -> list[EpisodeRecord]:
    """A shadow run that leaves a bend straight on, one that has no bend to leave, and the expert in the bend."""
    return [
        drive(session, episode(agent=STRAIGHT_ON, duration_s=20.0)),
        drive(session, episode(agent=STRAIGHT_ON, segments=STRAIGHT, duration_s=4.0)),
        drive(session, episode("expert", duration_s=20.0)),
    ]


@pytest.fixture(scope="module")
def campaign(records: list[EpisodeRecord], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("rescue") / "campaign", records)


@pytest.fixture
def entries(campaign: Path) -> Iterator[dict[str, IndexEntry]]:
    (campaign / "rescue.parquet").unlink(missing_ok=True)
    yield dict(read_index(campaign / INDEX_FILE))


def executor(session: CarlaSession) -> RescueExecutor:
    made = RescueExecutor()
    made._session, made._pulse = session, Pulse()
    return made


def test_a_departure_is_mapped_checked_stored_and_not_mapped_again(
    session: CarlaSession, campaign: Path, entries: dict[str, IndexEntry]
) -> None:
    (task,), rows = open_departures(campaign, entries, TAKEOVER)
    assert rows == [] and task.with_grid and task.with_check
    sink = RescueSink(campaign, [task], rows)
    sink.finished(executor(session).run(task), "0.9.16")
    sink.store()
    (row,) = read_rescue_table(campaign)
    assert row.known and row.replay_error_m == 0.0 and row.last_safe_tick is not None
    assert row.monotone and row.check_tick is not None
    assert row.check_saved == row.saves(row.check_tick)
    assert row.rescued_ticks is not None and row.rescued_ticks > row.onset_tick
    tasks, rows = open_departures(campaign, entries, TAKEOVER)
    assert tasks == [] and rows == [row]
    # Another driver has another map.
    slower = TakeoverSpec(driver={"hand_speed_dps": 90.0})
    assert len(open_departures(campaign, entries, slower)[0]) == 1


def test_a_departure_whose_row_was_made_when_others_were_missing_is_mapped_as_if_they_had_not_been(
    campaign: Path, entries: dict[str, IndexEntry]
) -> None:
    (task,), _ = open_departures(campaign, entries, TAKEOVER)
    whole = RescueRow(
        task.episode_id,
        map_id(TAKEOVER),
        "",
        0.05,
        task.run.onset_tick,
        last_safe_tick=10,
        grid_ticks=(10,),
        grid_saved=(True,),
        check_tick=10,
        check_saved=True,
    )
    without_grid, without_check = replace(whole, grid_ticks=(), grid_saved=()), replace(whole, check_tick=None)
    for row, open_ones in ((whole, 0), (without_grid, 1), (without_check, 1)):
        write_rescue_table(campaign, [row])
        tasks, rows = open_departures(campaign, entries, TAKEOVER)
        assert len(tasks) == open_ones and len(rows) == 1 - open_ones


def test_a_lost_departure_says_so_and_is_tried_again(campaign: Path, entries: dict[str, IndexEntry]) -> None:
    (task,), _ = open_departures(campaign, entries, TAKEOVER)
    sink = RescueSink(campaign, [task], [])
    nothing = pa.table({})
    events = {"message": "the server was dead"}
    sink.finished(EpisodeRecord(task.episode_id, {}, "infrastructure_error", nothing, nothing, events), None)
    sink.store()
    assert sink.lost == 1, "a campaign with such a map is incomplete"
    (row,) = read_rescue_table(campaign)
    assert not row.known and "the server was dead" in row.reason and row.last_safe_tick is None
    assert len(open_departures(campaign, entries, TAKEOVER)[0]) == 1


def test_worlds_in_which_the_expert_departs_are_not_mapped(records: list[EpisodeRecord], tmp_path: Path) -> None:
    shadow, _, expert = records
    assert shadow.spec["world_id"] == expert.spec["world_id"]
    departs = replace(expert, events={**expert.events, "departures": shadow.events["departures"]})
    folder = stored(tmp_path / "unavoidable", [shadow, departs])
    assert open_departures(folder, read_index(folder / INDEX_FILE), TAKEOVER) == ([], [])


def test_a_random_share_is_the_same_every_time_and_never_empty() -> None:
    ids = [f"{number:016x}" for number in range(200)]
    chosen = sampled(ids, 0.05, "rescue_grid")
    assert len(chosen) == 10 and chosen == sampled(list(reversed(ids)), 0.05, "rescue_grid")
    assert chosen != sampled(ids, 0.05, "rescue_check")
    assert len(sampled(ids[:3], 0.05, "rescue_grid")) == 1 and sampled([], 0.05, "rescue_grid") == set()


def test_a_row_of_the_map_needs_no_probe_to_be_read() -> None:
    assert not RescueRow("a", "map", "lost", 0.05, 10).known
