"""A stored episode is driven again: the same bytes, or the first place where it differs; refusals say why."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from harness.cluster.drive_again import first_difference, main
from harness.cluster.driving import DrivingExecutor
from harness.cluster.pulse import Pulse
from harness.results.index import read_index
from harness.results.reader import read_episode
from harness.results.schema import EpisodeRecord
from harness.results.store import INDEX_FILE, CampaignStore
from harness.simulation.server import SimulatorServer
from tests.harness.simulation.episodes import NOISE, episode


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str]]:
    """(campaign folder, id of its episode, the server that drove it as ``--simulator`` names it)."""
    base = tmp_path_factory.mktemp("again")
    spec = episode(monitors=["random"], conditions=[NOISE], duration_s=2.0)
    with SimulatorServer(log_dir=base / "logs") as server, CampaignStore.create(base / "campaign") as store:
        executor = DrivingExecutor(timeout_s=120.0, keep_monitor_inputs=True)
        executor.prepare(Pulse(), base)
        executor.open(server.host, server.port)
        store.write_campaign({"name": "small", "episode_ids": [spec.episode_id], "simulator": {"name": "embedded"}})
        with contextlib.closing(executor):
            store.add_episode(executor.run(spec))
        yield base / "campaign", spec.episode_id, f"attach:{server.host}:{server.port}"


def test_repetition_has_the_same_bytes_and_is_a_campaign_of_one_episode(
    stored: tuple[Path, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, episode_id, simulator = stored
    out = tmp_path / "again"
    assert main([str(folder), episode_id[:6], "--out", str(out), "--simulator", simulator]) == 0
    assert "byte-identical" in capsys.readouterr().out
    (entry,) = read_index(out / INDEX_FILE).values()
    assert read_episode(out, entry).episode_id == episode_id
    assert json.loads((out / "campaign.json").read_text())["episode_ids"] == [episode_id]
    inputs = f"episodes/{episode_id}/monitor_inputs.parquet"
    assert (out / inputs).read_bytes() == (folder / inputs).read_bytes()
    assert main([str(folder), episode_id, "--out", str(out), "--simulator", simulator]) == 2
    assert "already holds a campaign" in capsys.readouterr().err


def test_unknown_and_ambiguous_ids_are_refused(
    stored: tuple[Path, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(stored[0]), "zz", "--out", str(tmp_path / "a")]) == 2
    assert main([str(tmp_path), "zz", "--out", str(tmp_path / "a")]) == 2
    said = capsys.readouterr().err
    assert "no episode whose id starts with 'zz'" in said and "holds no campaign" in said
    assert not (tmp_path / "a").exists()


def test_a_difference_names_the_first_tick_and_its_columns(stored: tuple[Path, str, str]) -> None:
    folder, episode_id, _ = stored
    content = (folder / f"episodes/{episode_id}/ticks.parquet").read_bytes()
    table = pq.read_table(io.BytesIO(content))
    assert first_difference(content, content) == ""

    def written(changed: object) -> bytes:
        buffer = io.BytesIO()
        pq.write_table(changed, buffer)
        return buffer.getvalue()

    column = table.column_names.index("speed_mps")
    values = table["speed_mps"].to_pylist()
    faster = table.set_column(column, "speed_mps", pc.cast([*values[:7], values[7] + 1.0, *values[8:]], "float"))
    assert first_difference(content, written(faster)) == "first at tick 7, in speed_mps"
    assert "39 ticks instead of 40" in first_difference(content, written(table.slice(0, 39)))
    assert "other columns: speed_mps" in first_difference(content, written(table.drop_columns(["speed_mps"])))


def test_weights_of_another_time_are_refused(
    stored: tuple[Path, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is installed now is not what drove then: no repetition may pretend otherwise."""
    folder, episode_id, simulator = stored
    episode_folder = folder / "episodes" / episode_id
    spec = json.loads((episode_folder / "spec.json").read_text())
    spec["agent"]["weights_sha256"] = "0" * 64
    ticks, timings = (pq.read_table(episode_folder / f"{name}.parquet") for name in ("ticks", "timings"))
    events = json.loads((episode_folder / "events.json").read_text())
    with CampaignStore.create(tmp_path / "changed") as store:
        store.write_campaign(json.loads((folder / "campaign.json").read_text()))
        store.add_episode(EpisodeRecord(episode_id, spec, events["outcome"], ticks, timings, events))
    out = str(tmp_path / "out")
    assert main([str(tmp_path / "changed"), episode_id, "--out", out, "--simulator", simulator]) == 2
    assert "weights of expert" in capsys.readouterr().err
