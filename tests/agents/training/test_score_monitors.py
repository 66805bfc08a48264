"""Monitors that did not watch score stored runs: the loop's scores, beside records that stay as they are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.errors import MonitorError, WeightsError
from agents.pilotnet_driver import PilotNetDriver
from agents.protocol import EpisodeContext, Observation
from agents.registry import make_monitor
from agents.training import score_monitors
from agents.training.score_monitors import score_campaign, stored_crop_monitors
from harness.evaluation.recompute import recompute
from harness.results.offline_scores import FOLDER, OfflineScores, OfflineScoresError
from harness.results.reader import read_campaign
from harness.results.store import CampaignStore
from tests.agents.training.stored_runs import STATE, campaign, frames, run_record

POINT = {"theta_on": 1.0, "theta_off": 0.5}


@pytest.fixture(scope="module")
def driven() -> dict[str, Any]:
    """Two runs: pictures, what the driver steered, and what every monitor said in the loop."""
    driver, pictures = PilotNetDriver(), {name: frames(k) for k, name in enumerate(("a", "b"))}
    outputs = {name: [driver.act(Observation(picture, STATE)) for picture in some] for name, some in pictures.items()}
    said: dict[str, dict[str, list[Any]]] = {}
    for name in stored_crop_monitors():
        monitor = make_monitor(name)
        for episode, some in pictures.items():
            monitor.reset(EpisodeContext(episode, 1, 0.05, 160, 90, 90.0))
            pairs = zip(some, outputs[episode], strict=True)
            said.setdefault(name, {})[episode] = [monitor.score(frame, output, STATE) for frame, output in pairs]
    steered = {name: np.array([output.swa_deg for output in some]) for name, some in outputs.items()}
    return {"records": [run_record(name, pictures[name], steered[name]) for name in pictures], "said": said}


def test_every_monitor_scores_stored_runs_as_it_does_in_the_loop(
    driven: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_monitors, "STRETCH_TICKS", 8)  # several stretches, so that memories are carried over
    folder = campaign(tmp_path / "c", driven["records"])
    names = stored_crop_monitors()
    assert {"saliency_student", "camera_student"} <= set(names)
    score_campaign(folder, names, {"monitors": {}})
    described, episodes = read_campaign(folder)
    assert [m["name"] for m in described["monitors"]] == ["student", *names]
    for episode in episodes:
        for name in names:
            said = driven["said"][name][episode.episode_id]
            assert episode.raw_score(name) == pytest.approx([one.score for one in said], rel=2e-3, abs=2e-3), name
            errors = episode.swa_error_deg(name)
            if said[0].swa_error_deg is None:
                assert errors is None
            else:
                assert errors == pytest.approx([one.swa_error_deg for one in said], rel=2e-3, abs=2e-3)


def test_records_stay_and_summaries_count_the_new_monitor_with_its_points(
    driven: dict[str, Any], tmp_path: Path
) -> None:
    folder = campaign(tmp_path / "c", driven["records"])
    before = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    monitor = make_monitor("camera_student")
    fitted = {
        "calibration": {"weights_sha256": {"camera_student": monitor.weights_sha256}},
        "monitors": {"camera_student": {"points": {"fa0.50": POINT}}},
    }
    score_campaign(folder, ["camera_student"], fitted)
    assert {path: path.read_bytes() for path in before} == before
    entry = {one["name"]: one for one in recompute(folder, processes=1)[1]["monitors"]}["camera_student"]
    assert entry["scored_offline"] and entry["runs"] == 2
    assert entry["points"][0]["theta_on"] == POINT["theta_on"]
    fitted["calibration"] = {"weights_sha256": {"camera_student": "of other weights"}}
    score_campaign(folder, ["camera_student"], fitted)
    assert read_campaign(folder)[0]["thresholds"]["monitors"] == {}, "points of other weights are no points"


def test_log_runs_that_kept_inputs_fill_the_log_based_column_and_others_stay_out_of_it(
    driven: dict[str, Any], tmp_path: Path
) -> None:
    shadow, log = driven["records"]
    log = dataclasses.replace(log, spec={**log.spec, "mode": "log"})
    older = dataclasses.replace(log, episode_id="c", spec={**log.spec, "episode_id": "c"}, monitor_inputs=None)
    folder = campaign(tmp_path / "c", [shadow, log, older])
    score_campaign(folder, ["camera_student"], {"monitors": {}})
    scored = {episode.episode_id: episode.columns for episode in read_campaign(folder)[1]}
    said = [one.swa_error_deg for one in driven["said"]["camera_student"]["b"]]
    assert scored["b"]["swa_error__camera_student"] == pytest.approx(said, rel=2e-3, abs=2e-3)
    assert "swa_error__camera_student" not in scored["c"], "a log run of an earlier program is still read"
    entry = {one["name"]: one for one in recompute(folder, processes=1)[1]["monitors"]}["camera_student"]
    assert entry["runs"] == 1, "a log run is nobody's shadow run"


def test_scoring_follows_a_campaign_that_is_still_driven(driven: dict[str, Any], tmp_path: Path) -> None:
    folder = campaign(tmp_path / "c", driven["records"][:1], status="running")
    score_campaign(folder, ["camera_student"], {"monitors": {}})
    first = (folder / FOLDER / "a.parquet").stat().st_mtime_ns
    assert "score__camera_student" not in next(read_campaign(folder)[1]).columns, "half a campaign is no campaign"
    with CampaignStore.open(folder) as store:
        store.add_episode(driven["records"][1])
        store.write_campaign({**json.loads((folder / "campaign.json").read_text()), "status": "complete"})
    score_campaign(folder, ["camera_student"], {"monitors": {}})
    assert (folder / FOLDER / "a.parquet").stat().st_mtime_ns == first, "what is scored is not scored again"
    assert all("score__camera_student" in episode.columns for episode in read_campaign(folder)[1])


def test_missing_or_damaged_scores_are_refused(driven: dict[str, Any], tmp_path: Path) -> None:
    folder = campaign(tmp_path / "c", driven["records"])
    scores = score_campaign(folder, ["camera_student"], {"monitors": {}})
    path = folder / FOLDER / "b.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(OfflineScoresError, match="hash differs"):
        list(read_campaign(folder)[1])
    del scores.episodes["b"]
    scores.save()
    with pytest.raises(OfflineScoresError, match="no offline scores of camera_student"):
        list(read_campaign(folder)[1])
    assert OfflineScores.read(folder).scored("a", "camera_student") is not None


def test_what_was_not_stored_cannot_be_scored(driven: dict[str, Any], tmp_path: Path) -> None:
    folder = campaign(tmp_path / "c", driven["records"], agent={"name": "pilotnet", "weights_sha256": "another"})
    with pytest.raises(MonitorError, match="does not judge the stored road crop"):
        score_campaign(folder, ["brightness"], {"monitors": {}})
    readers = [name for name in stored_crop_monitors() if make_monitor(name).reads_driver]  # type: ignore[attr-defined]
    for name in readers[:1]:
        with pytest.raises(WeightsError, match="other weights than those that drove"):
            score_campaign(folder, [name], {"monitors": {}})
