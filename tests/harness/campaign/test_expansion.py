"""The matrix, its identities and its seeds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.errors import ScenarioError
from harness.campaign.identity import OpenHash, canonical_json, seed_for, short_hash
from harness.campaign.loader import load_campaign
from harness.campaign.spec import CampaignSpec, json_schema
from harness.campaign.world_source import opendrive_text
from scenarios.roads.build import build_opendrive
from scenarios.roads.description import CurveRoad
from sensor_sim.schedule import SensorSchedule
from tests.harness.campaign.campaigns import ROOT, campaign, expanded, loaded

WINDING = {"kind": "winding", "name": "w", "seed": {"range": [1, 3]}, "length_m": 200, "radius_m": [40, 200]}
BLUR_ONSET = {"name": "onset", "effects": [{"effect": "blur", "width_px": 9, "onset_s": {"uniform": [3, 8]}}]}


def one(**changes: Any) -> EpisodeSpec:
    episodes = expanded(campaign(**changes))
    assert len(episodes) == 1
    return episodes[0]


def test_known_identities_do_not_change() -> None:
    """Golden values, computed with hashlib and json alone: a change here orphans every stored result."""
    assert canonical_json({"b": [1, 2.0], "a": "ü"}) == '{"a":"ü","b":[1,2.0]}'
    assert short_hash({"a": 1}) == "015abd7f5cc57a2d"
    assert seed_for("0123456789abcdef", "sensor") == 3871433764297389817
    assert 0 <= seed_for("x", "driver") < 2**63


@pytest.mark.parametrize("key", ["a", "m", "z"])
def test_a_hash_with_one_open_value_is_the_hash_of_the_whole(key: str) -> None:
    whole = {"a": [1, 2.5, None], "m": {"é": "\u2028"}, "z": 7}
    open_hash = OpenHash({name: value for name, value in whole.items() if name != key}, key)
    for value in (0, "0123456789abcdef", {"b": [], "a": 'quote"'}, None):
        assert open_hash.of(value) == short_hash(whole | {key: value})
    assert OpenHash({}, key).of(1) == short_hash({key: 1})


def test_identities_are_hashes_of_what_they_say() -> None:
    """Recomputed with hashlib and json alone from what is stored: a change here orphans every stored result."""
    spec = campaign(
        weather=[{"name": "low_sun", "sun_altitude_deg": 8}],
        conditions=[BLUR_ONSET],
        seeds=[3],
        modes=["expert", "shadow", "takeover:saliency_student"],
        takeover={"reaction_s": {"one_of": [1.0, 2.0]}},
    )

    def hashed(value: Any) -> str:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    for episode in expanded(spec):
        stored = episode.to_json()
        road = {key: value for key, value in stored["world"]["road"].items() if key != "name"}
        described = {
            "road": {"road": road, "start": stored["world"]["start"]},
            "weather": stored["weather"]["parameters"],
        }
        settings = {key: stored[key] for key in ("ego", "camera", "tick_s", "duration_s", "seed_index")}
        assert episode.world_id == hashed({"world": described, **settings})
        assert episode.pair_id == hashed({"world_id": episode.world_id, "sensor": stored["sensor_unresolved"]})
        crew = {key: stored[key] for key in ("agent", "monitors", "mode", "thresholds")}
        assert episode.episode_id == hashed({"pair_id": episode.pair_id, **crew, "driver": stored["takeover"]})
        assert episode.world.scenery_seed == seed_for(episode.world_id, "world")


def test_the_matrix_is_complete_and_experts_come_once_per_world() -> None:
    spec = campaign(
        roads=[
            WINDING,
            {"kind": "curves", "name": "s", "texture_pack": ["coast", "moor"], "segments": [{"straight_m": 9}]},
        ],
        weather=["ClearNoon", {"name": "low_sun", "sun_altitude_deg": 8}],
        conditions=[{"name": "ideal"}, BLUR_ONSET],
        seeds=3,
        modes=["expert", "log", "shadow"],
    )
    episodes = expanded(spec)
    roads = ("w_1", "w_2", "w_3", "s_coast", "s_moor")
    assert len(episodes) == len(roads) * 2 * 3 * (1 + 2 * 2)
    assert tuple(dict.fromkeys(e.road for e in episodes)) == roads
    assert len({e.episode_id for e in episodes}) == len(episodes)
    experts = [e for e in episodes if str(e.mode) == "expert"]
    assert len({e.world_id for e in experts}) == len(experts) == len(roads) * 2 * 3
    assert all(e.sensor == () and e.agent is None and e.monitors == () for e in experts)
    cells = {(e.weather.name, e.condition) for e in episodes}
    assert cells == {(w, c) for w in ("ClearNoon", "low_sun") for c in ("ideal", "onset")}
    assert {e.weather.parameters.sun_altitude_angle for e in episodes} == {45.0, 8.0}


def test_names_and_order_decide_nothing() -> None:
    road = {"kind": "curves", "name": "a", "segments": [{"straight_m": 100}]}
    first = one(roads=[road], weather=["ClearNoon"], conditions=[{"name": "x"}])
    renamed = one(roads=[road | {"name": "b"}], weather=[{"name": "sunny"}], conditions=[{"name": "y"}])
    assert (first.world_id, first.pair_id, first.episode_id) == (renamed.world_id, renamed.pair_id, renamed.episode_id)


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"duration_s": 9}, {"world_id", "pair_id", "episode_id"}),
        ({"seeds": [1]}, {"world_id", "pair_id", "episode_id"}),
        ({"weather": ["WetNoon"]}, {"world_id", "pair_id", "episode_id"}),
        ({"camera": {"fov_deg": 80}}, {"world_id", "pair_id", "episode_id"}),
        ({"conditions": [BLUR_ONSET]}, {"pair_id", "episode_id"}),
        ({"monitors": ["always_on"]}, {"episode_id"}),
        ({"modes": ["log"]}, {"episode_id"}),
        ({"takeover": {"reaction_s": 2.0}}, set()),
        ({"description": "other words", "simulator": "attach:host:2000"}, set()),
    ],
)
def test_each_identity_covers_what_it_should(changes: dict[str, Any], changed: set[str]) -> None:
    before, after = one(), one(**changes)
    names = ("world_id", "pair_id", "episode_id")
    assert {name for name in names if getattr(before, name) != getattr(after, name)} == changed


def test_weights_enter_the_episode_only() -> None:
    spec = campaign()
    (before,), (agent,), (monitor,) = expanded(spec), expanded(spec, agent="b"), expanded(spec, monitor="c")
    assert before.pair_id == agent.pair_id == monitor.pair_id
    assert len({before.episode_id, agent.episode_id, monitor.episode_id}) == 3


def test_takeovers_carry_their_operating_point_and_only_their_monitor() -> None:
    spec = campaign(modes=["shadow", "takeover:saliency_student", "takeover:always_on"], takeover={"reaction_s": 1.5})
    shadow, student, always = expanded(spec)
    assert shadow.thresholds is None and shadow.takeover is None and len(shadow.monitors) == 2
    assert student.thresholds is not None and always.thresholds is not None and student.takeover is not None
    assert (str(student.mode), student.thresholds.theta_on) == ("takeover:saliency_student@fa0.50", 6.0)
    assert [m.name for m in student.monitors] == ["saliency_student"]
    assert student.takeover.reaction_s == 1.5
    assert always.thresholds.theta_on < 1.0
    assert len({e.pair_id for e in (shadow, student, always)}) == 1
    with pytest.raises(ScenarioError, match=r"takeover:saliency_student@fa0\.10.*fa0\.50"):
        expanded(campaign(modes=["takeover:saliency_student@fa0.10"]))


def test_random_onsets_are_drawn_per_pair_and_reproducibly() -> None:
    spec = campaign(conditions=[BLUR_ONSET], seeds=40, modes=["shadow", "log"])
    episodes = expanded(spec)
    assert episodes == expanded(spec)
    onsets = {e.pair_id: e.sensor[0]["onset_s"] for e in episodes}
    assert all(onsets[e.pair_id] == e.sensor[0]["onset_s"] for e in episodes)
    assert len(set(onsets.values())) > 35
    assert 3 <= min(onsets.values()) < 4 < 7 < max(onsets.values()) <= 8
    assert episodes[0].sensor_unresolved[0]["onset_s"] == {"uniform": [3.0, 8.0]}
    assert SensorSchedule.from_spec(episodes[0].sensor).effects[0].parameters == {"width_px": 9.0}


def test_times_of_a_condition_hold_for_all_its_effects_alike() -> None:
    episode = one(
        conditions=[
            {
                "name": "both",
                "preset": "cityscapes_like",
                "effects": [{"effect": "gain", "factor": 2, "ramp_s": 0}],
                "onset_s": {"uniform": [3, 7]},
                "ramp_s": 1,
            }
        ]
    )
    assert len({entry["onset_s"] for entry in episode.sensor}) == 1
    assert {entry["effect"]: entry["ramp_s"] for entry in episode.sensor} | {"gain": 1.0} == dict.fromkeys(
        [entry["effect"] for entry in episode.sensor], 1.0
    )
    assert episode.sensor[-1]["ramp_s"] == 0.0
    blur = episode.sensor[0]["parameters"]["width_px"]
    assert blur == pytest.approx(4 * 640 / 2048)  # transferred from the preset's reference camera


def test_a_stored_campaign_expands_to_the_same_episodes() -> None:
    spec = load_campaign(ROOT / "scenarios" / "curves.yaml")
    stored = CampaignSpec.model_validate(json.loads(json.dumps(spec.model_dump(mode="json"))))
    assert stored == spec
    assert expanded(stored) == expanded(spec)


def test_sweeps_become_conditions() -> None:
    spec = campaign(
        conditions=[
            {
                "name": "s",
                "effects": [
                    {"effect": "blur", "sweep": {"width_px": [3, 9]}},
                    {"effect": "noise", "sweep": {"sigma_dn": {"range": [0, 1, 0.5]}}},
                ],
            }
        ]
    )
    episodes = expanded(spec)
    assert [e.condition for e in episodes] == ["s_3_0", "s_3_0.5", "s_3_1", "s_9_0", "s_9_0.5", "s_9_1"]
    assert episodes[4].sensor[1]["parameters"]["sigma_dn"] == 0.5


def test_conditions_may_limit_the_modes() -> None:
    conditions = [{"name": "ideal", "modes": ["shadow"]}, BLUR_ONSET]
    cells = [(e.condition, str(e.mode)) for e in expanded(campaign(conditions=conditions, modes=["shadow", "log"]))]
    assert cells == [("ideal", "shadow"), ("onset", "shadow"), ("onset", "log")]
    with pytest.raises(ValueError, match="mode shadow is not one of log"):
        campaign(conditions=conditions, modes=["log"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conditions": [{"name": "a"}, {"name": "b"}]}, "are the same episode"),
        ({"conditions": [{"name": "a"}, {"name": "a"}]}, "condition name 'a' is used twice"),
        ({"conditions": [{"name": "a", "effects": [{"effect": "blurr"}]}]}, "condition 'a'.*did you mean 'blur'"),
        ({"conditions": [{"name": "a", "effects": [{"effect": "blur", "width_px": 9000}]}]}, "condition 'a'.*9000"),
        ({"conditions": [{"name": "a", "preset": "city"}]}, "condition 'a'.*unknown preset 'city'"),
        (
            {"roads": [{"kind": "curves", "name": "o", "segments": [{"radius_m": 30, "angle_deg": 360}]}]},
            "road 'o' comes within",
        ),
    ],
)
def test_what_cannot_run_is_refused_before_anything_runs(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        expanded(campaign(**changes))


def test_specs_survive_json() -> None:
    spec = campaign(
        roads=[WINDING, {"kind": "map", "name": "Town04", "start": {"road_id": 3, "lane_id": -2, "s_m": 10}}],
        conditions=[BLUR_ONSET],
        modes=["expert", "shadow", "takeover:always_on"],
    )
    for episode in expanded(spec):
        text = json.dumps(episode.to_json())
        assert EpisodeSpec.from_json(json.loads(text)) == episode
        assert json.loads(text)["mode"] == str(episode.mode)


def test_opendrive_text_of_each_kind_of_world(tmp_path: Path) -> None:
    file = tmp_path / "given.xodr"
    road = CurveRoad.model_validate({"kind": "curves", "name": "r", "segments": [{"straight_m": 60}]})
    file.write_text(build_opendrive(road, 1).replace("userData", "userDatum"), encoding="utf-8")
    data = campaign().model_dump(mode="json", include={"campaign", "modes"}) | {
        "roads": [
            {"kind": "xodr", "name": "x", "file": "given.xodr", "texture_pack": "moor"},
            {"kind": "map", "name": "Town04", "start": {"road_id": 3}},
            {"kind": "curves", "name": "c", "segments": [{"straight_m": 60}]},
        ]
    }
    given, town, built = expanded(loaded(tmp_path, data))
    assert 'code="texture_pack" value="moor"' in (opendrive_text(given.world) or "")
    assert opendrive_text(town.world) is None
    assert built.world.road is not None
    assert opendrive_text(built.world) == build_opendrive(built.world.road, built.world.scenery_seed)
    file.write_text("changed", encoding="utf-8")
    with pytest.raises(ScenarioError, match="changed since"):
        opendrive_text(given.world)


def test_the_json_schema_names_every_key() -> None:
    assert {"campaign", "roads", "conditions", "modes", "takeover"} <= set(json_schema()["properties"])


def test_the_flagship_is_a_four_minute_demo() -> None:
    episodes = expanded(load_campaign(ROOT / "scenarios" / "curves.yaml"))
    assert len(episodes) >= 24
    assert {e.world.texture_pack for e in episodes} == {"coast", "moor"}
    departing_modes = {str(e.mode) for e in episodes if e.condition == "blur_onset"}
    assert departing_modes == {
        "shadow",
        "takeover:saliency_student@duty10",
        "takeover:always_on",
        "takeover:random@duty10",
    }


def test_a_criterion_has_exactly_one_bound() -> None:
    spec = campaign(criteria=[{"metric": "counts.departures", "at_most": 3}])
    assert spec.criteria[0].at_most == 3
    for bounds in ({}, {"at_least": 1, "at_most": 2}):
        with pytest.raises(ValueError, match="one of the two"):
            campaign(criteria=[{"metric": "counts.departures", **bounds}])
