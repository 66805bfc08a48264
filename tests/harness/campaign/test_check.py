"""What `--check`, `--dry-run` and `--filter` say about a scenario, and the schema that editors read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.campaign.check import estimate, matrix_text
from harness.campaign.check_reference import REFERENCE_FILE, reference_text
from harness.campaign.check_schema import SCHEMA_FILE, schema_text
from harness.campaign.episode_filter import filtered
from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.errors import ScenarioError
from harness.campaign.expansion import expand
from harness.campaign.spec import CampaignSpec

ROAD = {"kind": "curves", "name": "bend", "segments": [{"straight_m": 30}, {"radius_m": 60, "angle_deg": 60}]}


@pytest.fixture(scope="module")
def episodes() -> list[EpisodeSpec]:
    """2 seeds × (1 expert run + 2 conditions × 1 shadow run) = 6 episodes of 8 s, 160 ticks each."""
    data = {
        "campaign": "tiny",
        "duration_s": 8,
        "seeds": 2,
        "roads": [ROAD],
        "conditions": [{"name": "ideal"}, {"name": "noise_12", "effects": [{"effect": "noise", "sigma_dn": 12}]}],
        "agent": "expert",
        "modes": ["expert", "shadow"],
    }
    return expand(CampaignSpec.model_validate(data), lambda _: None, lambda _: None, {"monitors": {}})


def test_filters_keep_what_all_of_them_let_through(episodes: list[EpisodeSpec]) -> None:
    assert len(episodes) == 6 and filtered(episodes, []) == episodes
    left = filtered(episodes, ["condition=noise*", "seed=1"])
    assert [(e.condition, e.seed_index, str(e.mode)) for e in left] == [("noise_12", 1, "shadow")]
    assert len(filtered(episodes, ["mode=expert,shadow", "condition=ideal"])) == 4
    assert filtered(episodes, [f"episode={episodes[3].episode_id}"]) == [episodes[3]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("condition", "write key=pattern"),
        ("conditions=x", "did you mean 'condition'"),
        ("road=", "write key=pattern"),
        ("road=Bend", "no episode is left"),
    ],
)
def test_filters_that_cannot_be_used_are_refused(episodes: list[EpisodeSpec], text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        filtered(episodes, [text])


def test_the_estimate_is_ticks_by_pace_and_workers(episodes: list[EpisodeSpec], tmp_path: Path) -> None:
    pace = tmp_path / "pace.json"
    named = {"name": "other", "provenance": {"hardware": {"cpu": "a cpu"}}}
    pace.write_text(json.dumps({"campaign": named, "timing": {"ticks_per_s": 40.0}}))
    expected = estimate(episodes, 2, pace)
    assert expected.simulated_s == pytest.approx(48.0)
    assert expected.wall_s == pytest.approx(6 * 160 / 40.0 / 2)
    assert "40 ticks/s" in expected.pace and "a cpu" in expected.pace
    unknown = estimate(episodes, 2, tmp_path / "missing.json")
    assert unknown.wall_s is None and "unknown" in matrix_text("tiny", episodes, unknown, each=False)


def test_the_matrix_counts_every_axis_and_lists_episodes_on_request(episodes: list[EpisodeSpec]) -> None:
    text = matrix_text("tiny", episodes, estimate(episodes, 1), each=False)
    assert "tiny: 6 episodes" in text and "ideal (4), noise_12 (2)" in text and "expert (2), shadow (4)" in text
    listed = matrix_text("tiny", episodes, estimate(episodes, 1), each=True)
    assert all(episode.episode_id in listed for episode in episodes) and episodes[0].episode_id not in text


def test_the_stored_schema_is_that_of_the_typed_spec() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), "python -m harness.campaign.check_schema"


def test_the_stored_reference_is_that_of_the_typed_spec() -> None:
    assert REFERENCE_FILE.read_text(encoding="utf-8") == reference_text(), "python -m harness.campaign.check_reference"
