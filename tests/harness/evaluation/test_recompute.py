"""The summary of stored results can be derived again, by function and by command."""

import json

import pandas as pd
import pyarrow as pa
import pytest

from harness.evaluation.__main__ import main
from harness.evaluation.recompute import recompute
from harness.results.schema import EpisodeRecord, tick_schema, timing_schema
from harness.results.store import CampaignStore
from tests.harness.evaluation.synthetic import episode, ticks_of


def stored(data):
    schema = tick_schema()
    table = pd.DataFrame({name: data.ticks.get(name, 0.0) for name in schema.names})
    timings = pd.DataFrame(dict.fromkeys(timing_schema().names, 1.0), index=range(len(table)))
    return EpisodeRecord(
        episode_id=data.episode_id.replace("/", "-"),
        spec={**data.spec, "episode_id": data.episode_id.replace("/", "-")},
        outcome=data.outcome,
        ticks=pa.Table.from_pandas(table, schema=schema, preserve_index=False, safe=False),
        timings=pa.Table.from_pandas(timings, schema=timing_schema(), preserve_index=False, safe=False),
        events={**data.events, "departures": [], "distance_m": 100.0},
        attempts=[{"attempt": 1, "error": None, "server_log": ""}],
    )


@pytest.fixture
def folder(tmp_path):
    with CampaignStore.create(tmp_path / "results") as store:
        store.write_campaign({"name": "stored", "episode_ids": []})
        for k, onset in enumerate([None, 200]):
            data = episode(pair=f"p{k}", ticks=ticks_of(300, onset), end_reason="duration")
            store.add_episode(stored(data))
    return tmp_path / "results"


def test_departures_are_found_in_the_stored_ticks_and_written_down(folder):
    path, summary = recompute(folder)
    assert summary["counts"]["departures"] == 1
    assert summary["campaign"]["name"] == "stored"
    assert json.loads(path.read_text()) == summary


def test_recomputing_gives_the_same_bytes(folder):
    path, _ = recompute(folder)
    before = path.read_bytes()
    recompute(folder)
    assert path.read_bytes() == before


def test_the_number_of_processes_changes_no_byte(folder):
    path, _ = recompute(folder, processes=1)
    alone = path.read_bytes()
    recompute(folder, processes=2)
    assert path.read_bytes() == alone


def test_the_command_prints_verdict_and_path(folder, capsys):
    assert main(["recompute", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("INSUFFICIENT: 1 of 300 departures observed")
    assert lines[1] == str(folder / "summary.json")


def test_a_folder_without_a_campaign_is_said_in_one_line(tmp_path, capsys):
    assert main(["recompute", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"cannot evaluate {tmp_path}")
