"""Figures of a parameter space: planted influence found, the control silent, the next round's brackets."""

import numpy as np
import pytest
import yaml
from scipy.stats import f_oneway

from harness.campaign.parameter_space import SpaceSpec
from harness.campaign.samplers import sample_points
from harness.campaign.spec import CampaignSpec
from harness.evaluation.parameter_space_command import RefinementError, brackets_after, next_round
from harness.evaluation.parameter_space_figures import (
    PointOutcome,
    explained_share,
    parameter_space_figures,
    point_outcomes,
)
from tests.harness.campaign.campaigns import campaign_data
from tests.harness.evaluation.runs import run

PARAMETERS = [
    {"id": "strong", "target": "ego.v_max_mps", "type": "float", "min": 5, "max": 20},
    {"id": "weak", "target": "camera.pitch_deg", "type": "float", "min": -10, "max": 0},
    {"id": "idle", "target": "camera.z_m", "type": "float", "min": 1, "max": 2},
]


def space(**sampler):
    return SpaceSpec.model_validate({"parameters": PARAMETERS, "sampler": sampler})


def driven(declared, seed=1):
    """A shadow run per point; the margin falls with ``strong``, a little with ``weak``."""
    rng = np.random.default_rng(seed)
    runs = []
    for k, point in enumerate(sample_points(declared)):
        strong, weak = (point["strong"] - 5) / 15, (point["weak"] + 10) / 10
        margin = 0.8 - 1.0 * strong - 0.6 * weak + rng.normal(0, 0.08)
        runs.append(with_values(run(f"p{k}", departed=margin < 0), margin, point))
    return runs


def with_values(facts, margin_m, point):
    return type(facts)(**{**vars(facts), "minimum_lane_margin_m": margin_m, "parameters": point})


def test_planted_influences_are_ranked_and_the_control_is_silent():
    declared = space(kind="sobol", points=128)
    figures = parameter_space_figures(declared, driven(declared), set())
    shares = {row["id"]: row["sensitivity"] for row in figures["parameters"]}
    assert shares["strong"]["value"] > shares["weak"]["value"] > shares["idle"]["value"]
    assert shares["strong"]["acts"] and shares["weak"]["acts"] and not shares["idle"]["acts"]
    assert figures["control"]["low"] == 0.0 and not figures["control_acts"]
    parts = figures["parameters"][0]["parts"]
    assert [part["failed"]["n"] for part in parts] == [32] * 4
    assert parts[-1]["failed"]["value"] > 0.9 > parts[0]["failed"]["value"]
    assert figures["pairwise"]["share"] == 1.0
    assert figures["points"] == 128


def test_the_share_is_that_of_an_analysis_of_variance():
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 4, 80)
    response = rng.normal(size=80) + 0.5 * groups
    found = explained_share(groups, response)
    assert found["p"] == pytest.approx(f_oneway(*(response[groups == k] for k in range(4))).pvalue)
    assert found["low"] < found["value"] < found["high"]


def test_the_interval_of_no_influence_contains_none_nearly_always():
    rng = np.random.default_rng(3)
    found = [explained_share(np.arange(64) % 8, rng.normal(size=64)) for _ in range(120)]
    assert np.mean([one["low"] == 0.0 for one in found]) >= 0.93
    assert abs(np.mean([one["value"] for one in found])) < 0.03


@pytest.mark.parametrize(
    ("groups", "response"), [([0, 0, 0], [1.0, 2.0, 3.0]), ([0, 1], [1.0, 2.0]), ([0, 0, 1], [1.0, 1.0, 1.0])]
)
def test_what_cannot_be_explained_is_undefined(groups, response):
    assert explained_share(np.array(groups), np.array(response)) is None


def test_a_point_fails_with_any_of_its_runs_and_is_unknown_without_one():
    point, other = {"x": 1.0}, {"x": 2.0}
    runs = [
        with_values(run("a"), 0.4, point),
        with_values(run("b", departed=True), -0.2, point),
        with_values(run("c", outcome="infrastructure_error"), None, other),
        with_values(run("d", mode="expert"), 0.5, other),
    ]
    first, second = point_outcomes(runs, set())
    assert (first.failed, first.margin_m) == (True, pytest.approx(0.1))
    assert (second.failed, second.margin_m, second.episode_ids) == (None, None, ("c/shadow",))
    assert point_outcomes(runs, {"w-a", "w-b", "w-c"}) == []


def test_a_campaign_without_a_space_has_no_such_figures():
    assert parameter_space_figures(None, [run("a")], set()) is None


def test_rounds_close_in_on_the_boundary_and_each_is_a_scenario():
    declared = SpaceSpec.model_validate({"parameters": PARAMETERS[:1], "sampler": {"kind": "grid", "levels": 4}})
    spec = CampaignSpec.model_validate(campaign_data(space=declared.model_dump())).model_dump(mode="json")
    for rounds in range(5):
        outcomes = [
            PointOutcome(point, point["strong"] > 12.3, None, ("e",))
            for point in sample_points(SpaceSpec.model_validate(spec["space"]))
        ]
        brackets = brackets_after(SpaceSpec.model_validate(spec["space"]), outcomes)
        ((passed, failed),) = brackets
        assert passed["strong"] <= 12.3 < failed["strong"]
        assert failed["strong"] - passed["strong"] == pytest.approx(5.0 / 2**rounds)
        spec = yaml.safe_load(next_round(spec, brackets))
        CampaignSpec.model_validate(spec)


def test_no_boundary_without_both_outcomes():
    declared = space(kind="sobol", points=8)
    outcomes = [PointOutcome(point, False, 0.1, ()) for point in sample_points(declared)]
    with pytest.raises(RefinementError, match="8 points passed and 0 failed"):
        brackets_after(declared, outcomes)
