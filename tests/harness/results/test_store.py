"""What is stored comes back, survives kills, and is the same bytes every time."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.results.files import sha256_of
from harness.results.index import IndexCorruptError, IndexEntry, StoredFile, append_entry, read_index
from harness.results.reader import CorruptResultError, read_attempts, read_campaign
from harness.results.schema import SchemaError
from harness.results.store import CampaignStore, StoreError, verify
from tests.harness.results.records import record


@pytest.fixture
def store(tmp_path: Path) -> CampaignStore:
    store = CampaignStore.create(tmp_path / "campaign")
    store.write_campaign({"name": "curves", "episode_ids": ["e2", "e1"]})
    return store


def test_a_campaign_is_read_back_in_the_order_of_its_plan(store: CampaignStore) -> None:
    first, second = record("e1", rows=30), record("e2", rows=12)
    store.add_episode(first)
    store.add_episode(second)
    campaign, episodes = read_campaign(store.folder)
    got = list(episodes)
    assert campaign["name"] == "curves" and campaign["schema_version"] == 1
    assert [episode.episode_id for episode in got] == ["e2", "e1"]
    assert pa.Table.from_pandas(got[1].ticks, schema=first.ticks.schema).equals(first.ticks)
    assert got[1].timings is not None and len(got[1].timings) == 30
    assert got[1].events["departures"] == [] and got[1].outcome == "completed"
    assert (store.folder / "episodes/e1/clips/departure_1.mp4").read_bytes() == b"not really a film"
    attempts = read_attempts(store.folder, store.finished()["e1"])
    assert attempts == [{"attempt": 1, "error": None, "log": "logs/attempt_1.log"}]
    assert (store.folder / "episodes/e1/logs/attempt_1.log").read_text() == "ready\n"


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_a_record_travels_whole(protocol: int) -> None:
    inputs = pa.table({"tick": [0, 1, None], "crop": [b"a", None, b"c"]}).replace_schema_metadata({"kept": "yes"})
    sent = [
        record(monitor_inputs=pa.concat_tables([inputs, inputs]).slice(1, 4)),
        record(ticks=pa.table({}), timings=pa.table({}), outcome="agent_error"),
    ]
    for one, other in zip(sent, pickle.loads(pickle.dumps(sent, protocol)), strict=True):
        assert one == other
        assert one.ticks.schema.equals(other.ticks.schema, check_metadata=True)
    assert other.monitor_inputs is None


def test_equal_records_give_equal_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        with CampaignStore.create(tmp_path / name) as store:
            store.add_episode(pickle.loads(pickle.dumps(record())))  # as it travels through Ray
        folder = tmp_path / name / "episodes/e1"
        contents.append({path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()})
    assert contents[0] == contents[1]
    metadata = pq.read_schema(tmp_path / "one/episodes/e1/ticks.parquet").metadata
    assert metadata[b"schema_version"] == b"1"


def test_sliced_and_chunked_tables_give_the_same_bytes(store: CampaignStore) -> None:
    whole = record(rows=40)
    pieces = record(ticks=pa.concat_tables([whole.ticks.slice(0, 7), whole.ticks.slice(7)]))
    first = store.add_episode(whole).files
    assert store.add_episode(pieces).files == first


def test_the_index_knows_size_and_hash_of_every_file(store: CampaignStore) -> None:
    entry = store.add_episode(record())
    on_disk = {p.relative_to(store.folder).as_posix() for p in (store.folder / "episodes/e1").rglob("*") if p.is_file()}
    assert {file.path for file in entry.files} == on_disk
    for file in entry.files:
        content = (store.folder / file.path).read_bytes()
        assert (len(content), sha256_of(content)) == (file.size_bytes, file.sha256)
    assert verify(store.folder) == []


def test_damage_is_found_by_verify_and_on_reading(store: CampaignStore) -> None:
    store.add_episode(record())
    path = store.folder / "episodes/e1/events.json"
    path.write_bytes(path.read_bytes().replace(b"33.5", b"34.5"))
    (store.folder / "episodes/e1/clips/departure_1.mp4").unlink()
    assert verify(store.folder) == [
        "episodes/e1/events.json differs from its hash in index.jsonl",
        "episodes/e1/clips/departure_1.mp4 is missing",
    ]
    with pytest.raises(CorruptResultError, match=r"events\.json is not what was stored"):
        list(read_campaign(store.folder)[1])


def test_a_torn_index_line_and_half_an_episode_are_cleared_on_opening(store: CampaignStore) -> None:
    store.add_episode(record("e1"))
    store.close()
    with (store.folder / "index.jsonl").open("ab") as file:
        file.write(b'{"schema_version":1,"episode_id":"e2","outc')
    (store.folder / "episodes/.e2.77").mkdir()
    (store.folder / ".campaign.json.77.tmp").write_bytes(b"{")
    with CampaignStore.open(store.folder) as again:
        assert list(again.finished()) == ["e1"]
        again.add_episode(record("e2"))
        assert list(again.finished()) == ["e1", "e2"]
        assert sorted(p.name for p in again.folder.iterdir()) == [
            ".lock",
            "campaign.json",
            "episodes",
            "index.jsonl",
        ]


def test_an_episode_on_disk_that_never_reached_the_index_runs_again(store: CampaignStore) -> None:
    store.add_episode(record("e1", rows=3))
    (store.folder / "index.jsonl").unlink()
    assert store.finished() == {}
    store.add_episode(record("e1", rows=5))
    assert [len(episode.ticks) for episode in read_campaign(store.folder)[1]] == [5]


def test_episodes_lost_to_the_infrastructure_are_not_finished_but_are_read(store: CampaignStore) -> None:
    lost = record("e1", rows=0, outcome="infrastructure_error", clips={})
    store.add_episode(lost)
    assert store.finished() == {}
    (episode,) = read_campaign(store.folder)[1]
    assert episode.is_missing and len(episode.ticks) == 0
    store.add_episode(record("e1"))
    assert [episode.outcome for episode in read_campaign(store.folder)[1]] == ["completed"]


def test_an_agent_that_fails_at_the_first_tick_leaves_an_empty_table(store: CampaignStore) -> None:
    nothing = pa.table({})
    store.add_episode(record("e1", outcome="agent_error", ticks=nothing, timings=nothing))
    (episode,) = read_campaign(store.folder)[1]
    assert episode.is_agent_error and len(episode.ticks) == 0 and "speed_mps" in episode.ticks.columns


def test_only_one_process_writes_to_a_campaign(store: CampaignStore) -> None:
    with pytest.raises(StoreError, match="in use by another run"):
        CampaignStore.open(store.folder)
    with pytest.raises(StoreError, match="already holds a campaign"):
        CampaignStore.create(store.folder)
    store.close()
    CampaignStore.open(store.folder).close()


def test_folders_without_a_campaign_or_of_another_version_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no campaign"):
        CampaignStore.open(tmp_path)
    (tmp_path / "campaign.json").write_text('{"schema_version": 99}')
    with pytest.raises(StoreError, match="schema version 99"):
        read_campaign(tmp_path)


def test_a_damaged_index_line_is_named(store: CampaignStore) -> None:
    store.add_episode(record())
    path = store.folder / "index.jsonl"
    path.write_bytes(b"garbage\n" + path.read_bytes())
    with pytest.raises(IndexCorruptError, match=r"index\.jsonl line 1"):
        store.finished()


def test_ten_thousand_finished_episodes_are_scanned_in_a_second(store: CampaignStore) -> None:
    lines = []
    for number in range(10_000):
        name = f"{number:016x}"
        (store.folder / "episodes" / name).mkdir()
        files = [StoredFile(f"episodes/{name}/{part}", 1000, "0" * 64) for part in ("a", "b", "c", "d", "e", "f")]
        lines.append(IndexEntry(name, "completed", tuple(files)).line())
    (store.folder / "index.jsonl").write_bytes(b"".join(lines))
    began = time.process_time()
    assert len(store.finished()) == 10_000
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": "crashed"}, "outcome 'crashed'"),
        ({"ticks": record().ticks.drop_columns(["speed_mps"])}, r"lacks columns \['speed_mps'\]"),
        (
            {"ticks": record().ticks.append_column("mood", pa.array([1.0] * 40))},
            r"unknown columns \['mood'\]",
        ),
        ({"timings": record(rows=3).timings}, "40 ticks but 3 timings"),
        ({"rows": 0}, "without a single tick"),
        ({"clips": {"../escape.mp4": b""}}, "not a plain file name"),
    ],
)
def test_records_no_reader_could_understand_are_refused(
    store: CampaignStore, change: dict[str, object], message: str
) -> None:
    with pytest.raises(SchemaError, match=message):
        store.add_episode(record(**change))  # type: ignore[arg-type]
    assert not list((store.folder / "episodes").iterdir())


def test_wrong_types_are_refused(store: CampaignStore) -> None:
    ticks = record().ticks
    position = ticks.schema.get_field_index("speed_mps")
    doubled = ticks.set_column(position, "speed_mps", pa.array(np.zeros(40, dtype=np.float64)))
    with pytest.raises(SchemaError, match="speed_mps is double, expected float"):
        store.add_episode(record(ticks=doubled))


def test_undefined_numbers_must_be_null_in_json(store: CampaignStore) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        store.add_episode(record(events={"distance_m": float("nan")}))


def test_index_order_is_that_of_the_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "index.jsonl"
    for name in ("a", "b", "a"):
        append_entry(path, IndexEntry(name, "completed", ()))
    assert list(read_index(path)) == ["b", "a"]
