"""Parameter spaces: points of every sampler, scenarios made from them, the boundary found, cells never driven."""

import itertools

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import qmc

from harness.campaign.boundary import bracket_length, halved, midpoint, neighbours, open_brackets
from harness.campaign.coverage_pairs import bin_label, bin_of, pairwise_coverage
from harness.campaign.errors import ScenarioError
from harness.campaign.parameter_space import ParameterSpec, SpaceSpec
from harness.campaign.samplers import TooManyPointsError, grid_values, sample_points
from tests.harness.campaign.campaigns import campaign, expanded

NOISE = {"id": "noise", "target": "conditions.0.effects.0.sigma_dn", "type": "float", "min": 0, "max": 100}
SUN = {"id": "sun", "target": "weather.0.sun_altitude_angle", "type": "int", "min": 10, "max": 60}
PACK = {"id": "pack", "target": "roads.0.texture_pack", "type": "choice", "values": ["coast", "moor", "summer"]}
CONDITIONS = [{"name": "noisy", "effects": [{"effect": "noise", "sigma_dn": 5}]}]


def space(*parameters, **sampler):
    return SpaceSpec.model_validate({"parameters": list(parameters), "sampler": sampler})


def number(name="x", low=0.0, high=1.0, **more):
    return ParameterSpec(id=name, target=name, type="float", min=low, max=high, **more)


def test_a_step_gives_the_values_of_the_literature():
    assert grid_values(number(low=1.5, high=5.5, step=1.0), None) == (1.5, 2.5, 3.5, 4.5, 5.5)


def test_a_grid_is_the_product_of_its_axes():
    points = sample_points(space(NOISE, SUN, PACK, kind="grid", levels=4))
    assert len(points) == 4 * 4 * 3
    assert {point["sun"] for point in points} == {10, 27, 43, 60}
    with pytest.raises(TooManyPointsError, match="fewer levels"):
        sample_points(space(NOISE, SUN | {"max": 2000}, PACK, kind="grid", levels=1000))


@pytest.mark.parametrize("kind", ["random", "sobol", "halton"])
def test_equal_seeds_give_equal_points_inside_their_ranges(kind):
    first = sample_points(space(NOISE, SUN, PACK, kind=kind, points=50, seed=1))
    assert first == sample_points(space(NOISE, SUN, PACK, kind=kind, points=50, seed=1))
    assert first != sample_points(space(NOISE, SUN, PACK, kind=kind, points=50, seed=2))
    assert len(first) == 50
    assert all(0 <= p["noise"] <= 100 and 10 <= p["sun"] <= 60 and 0 <= p["dummy"] <= 1 for p in first)
    assert {p["pack"] for p in first} == {"coast", "moor", "summer"}


def test_low_discrepancy_points_fill_the_cube_better_than_random_ones():
    cubes = {
        kind: np.array([[p["noise"] / 100, p["b"]] for p in sample_points(space(NOISE, B, kind=kind, points=64))])
        for kind in ("random", "sobol", "halton")
    }
    spread = {kind: qmc.discrepancy(cube) for kind, cube in cubes.items()}
    assert max(spread["sobol"], spread["halton"]) < spread["random"] / 3


B = {"id": "b", "target": "duration_s", "type": "float", "min": 0, "max": 1}


def test_the_control_is_uniform_and_tells_nothing_of_the_parameters():
    points = sample_points(space(NOISE, B, kind="sobol", points=512))
    control = np.array([p["dummy"] for p in points])
    assert np.histogram(control, bins=8, range=(0, 1))[0].min() > 35
    assert abs(np.corrcoef(control, [p["noise"] for p in points])[0, 1]) < 0.12


def test_every_point_is_a_scenario_of_its_own():
    spec = campaign(
        conditions=CONDITIONS,
        modes=["expert", "shadow"],
        space={"parameters": [NOISE, SUN], "sampler": {"kind": "grid", "levels": 3}},
    )
    episodes = expanded(spec)
    shadows = [episode for episode in episodes if str(episode.mode) == "shadow"]
    assert len(shadows) == 9 and len({episode.pair_id for episode in shadows}) == 9
    assert len(episodes) - len(shadows) == 3, "points that differ in the sensor alone share a world"
    for episode in shadows:
        assert episode.sensor[0]["parameters"]["sigma_dn"] == episode.parameters["noise"]
        assert episode.weather.parameters.sun_altitude_angle == episode.parameters["sun"]
    again = expanded(type(spec).model_validate(spec.model_dump(mode="json")))
    assert [episode.episode_id for episode in again] == [episode.episode_id for episode in episodes]


def test_a_point_is_the_same_episode_as_its_values_written_out():
    spaced = campaign(
        conditions=CONDITIONS,
        space={"parameters": [NOISE], "sampler": {"kind": "listed", "listed": [{"noise": 30.0}]}},
    )
    plain = campaign(conditions=[{"name": "noisy", "effects": [{"effect": "noise", "sigma_dn": 30.0}]}])
    assert expanded(spaced)[0].episode_id == expanded(plain)[0].episode_id


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "conditions.0.effects.1.sigma_dn"}, "leads nowhere at '1'"),
        ({"target": "conditions.0.nothing"}, "leads nowhere at 'nothing'"),
        ({"min": -50}, "condition 'noisy'"),
        ({"target": "tick_s"}, "tick_s"),
    ],
)
def test_a_point_that_makes_no_scenario_is_named(changes, message):
    spec = campaign(
        conditions=CONDITIONS,
        space={"parameters": [NOISE | changes], "sampler": {"kind": "grid", "levels": 2}},
    )
    with pytest.raises(ScenarioError, match=message):
        expanded(spec)


@pytest.mark.parametrize(
    ("parameter", "sampler"),
    [
        (NOISE | {"min": 100}, {"kind": "grid", "levels": 2}),
        (NOISE | {"id": "dummy"}, {"kind": "grid", "levels": 2}),
        (PACK | {"values": ["one"]}, {"kind": "grid", "levels": 2}),
        (NOISE, {"kind": "sobol"}),
        (NOISE, {"kind": "sobol", "points": 8, "levels": 3}),
        (NOISE, {"kind": "grid"}),
        (NOISE, {"kind": "listed", "listed": [{"noise": 101}]}),
        (NOISE, {"kind": "listed", "listed": [{"other": 1}]}),
    ],
)
def test_a_declaration_that_cannot_be_used_is_refused(parameter, sampler):
    with pytest.raises(ValidationError):
        space(parameter, **sampler)


def test_bisection_halves_the_error_each_round():
    axis, truth = [number()], 0.6180339
    grid = [{"x": k / 4} for k in range(5)]
    passed, failed = ([p for p in grid if (p["x"] > truth) is side] for side in (False, True))
    brackets = neighbours(axis, passed, failed)
    assert brackets == [({"x": 0.5}, {"x": 0.75})]
    for k in range(1, 9):
        brackets = halved(axis, brackets, [midpoint(axis, *b)["x"] > truth for b in brackets])
        assert abs(midpoint(axis, *brackets[0])["x"] - truth) <= 0.25 / 2**k
        assert brackets[0][0]["x"] <= truth <= brackets[0][1]["x"]


def test_a_circle_is_found_with_a_tenth_of_the_runs_of_a_grid():
    axes = [number("x"), number("y")]
    coarse, fine = 9, 65
    tolerance = 1.0 / (fine - 1)

    def fails(point):
        return np.hypot(point["x"] - 0.5, point["y"] - 0.5) < 0.3

    grid = [{"x": i / (coarse - 1), "y": j / (coarse - 1)} for i, j in itertools.product(range(coarse), repeat=2)]
    brackets = neighbours(axes, [p for p in grid if not fails(p)], [p for p in grid if fails(p)])
    runs = len(grid)
    while left := open_brackets(axes, brackets, tolerance):
        runs += len(left)
        brackets = halved(axes, left, [fails(midpoint(axes, *b)) for b in left])
    errors = [abs(np.hypot(m["x"] - 0.5, m["y"] - 0.5) - 0.3) for m in (midpoint(axes, *b) for b in brackets)]
    assert np.mean(errors) <= tolerance
    assert runs <= 0.1 * fine**2


def test_scattered_points_are_neighbours_if_nothing_lies_between():
    axis = [number()]
    assert neighbours(axis, [{"x": 0.1}, {"x": 0.3}], [{"x": 0.5}, {"x": 0.9}]) == [({"x": 0.3}, {"x": 0.5})]
    choice = ParameterSpec(id="c", target="c", type="choice", values=("a", "b"))
    assert neighbours([number(), choice], [{"x": 0.1, "c": "a"}], [{"x": 0.2, "c": "b"}]) == []


def test_an_unknown_middle_keeps_its_bracket_and_whole_numbers_end():
    axis = [number()]
    bracket = ({"x": 0.0}, {"x": 1.0})
    assert halved(axis, [bracket], [None]) == [bracket]
    whole = [ParameterSpec(id="x", target="x", type="int", min=0, max=10)]
    assert open_brackets(whole, [({"x": 4}, {"x": 5})], 0.0) == []
    assert bracket_length(whole, ({"x": 4}, {"x": 5})) == pytest.approx(0.1)


def test_a_full_grid_covers_every_pair_and_a_deleted_cell_is_the_one_listed():
    axes = [number("x"), ParameterSpec(id="c", target="c", type="choice", values=("a", "b"))]
    cells = [{"x": x, "c": c} for x, c in itertools.product((0.1, 0.3, 0.6, 0.9), "ab")]
    full = pairwise_coverage(axes, cells)[0]
    assert (full.cells, full.driven, full.untested) == (8, 8, ())
    missing = pairwise_coverage(axes, [cell for cell in cells if cell != {"x": 0.3, "c": "b"}])[0]
    assert missing.untested == (("[0.25, 0.5)", "b"),)


def test_whole_numbers_are_cut_into_parts_named_by_their_values():
    ages = ParameterSpec(id="x", target="x", type="int", min=1, max=40)
    assert [bin_label(ages, k) for k in range(4)] == ["1 to 10", "11 to 20", "21 to 30", "31 to 40"]
    assert [bin_of(ages, value) for value in (1, 10, 11, 40)] == [0, 0, 1, 3]
