"""Two campaigns on the same pairs: what is found, what is corrected, what is refused."""

import numpy as np
import pytest
from scipy.stats import binomtest

from harness.evaluation.compare import RunPair, compare_pairs
from harness.evaluation.compare_inputs import ComparisonRefusedError, changes, pair_up, require_comparable
from harness.evaluation.compare_statistics import paired_difference, swap_test
from harness.evaluation.plan import comparison_needed
from tests.harness.evaluation.runs import run

SIMULATOR = {"name": "embedded", "version": "0.9.16", "scene_version": 3}
SWAPS = 1000


def campaign(baseline, candidate, conditions=("ideal",), mode="shadow"):
    """Pairs from two rows of departures; conditions take turns."""
    return {
        mode: [
            RunPair(
                run(f"p{k}", bool(b), mode, conditions[k % len(conditions)]),
                run(f"p{k}", bool(c), mode, conditions[k % len(conditions)]),
            )
            for k, (b, c) in enumerate(zip(baseline, candidate, strict=True))
        ]
    }


def test_equal_campaigns_show_no_regression_only_with_power():
    large = compare_pairs(campaign([1, 0, 0, 0] * 100, [1, 0, 0, 0] * 100), swaps=SWAPS)
    assert large["verdict"]["status"] == "NO_REGRESSION"
    assert large["departures"][0]["p_worse"] is None
    assert large["departures"][0]["difference"]["low"] < 0 < large["departures"][0]["difference"]["high"]
    small = compare_pairs(campaign([1, 0, 0, 0] * 5, [1, 0, 0, 0] * 5), swaps=SWAPS)
    assert small["verdict"]["status"] == "INSUFFICIENT"
    assert "too few pairs" in small["verdict"]["reasons"][0]


def test_a_regression_of_one_condition_is_found_there_and_named():
    baseline = np.zeros(300, dtype=int)
    candidate = np.zeros(300, dtype=int)
    candidate[::3][:20] = 1
    result = compare_pairs(campaign(baseline, candidate, ("fog", "night", "ideal")), swaps=SWAPS)
    assert result["verdict"]["status"] == "REGRESSION"
    findings = {row["condition"]: row["finding"] for row in result["departures"]}
    assert findings == {
        "all": "worse",
        "fog": "worse",
        "night": "no difference shown",
        "ideal": "no difference shown",
    }
    assert any("shadow, fog: 20 of 100" in reason for reason in result["verdict"]["reasons"])


def test_a_better_candidate_is_an_improvement_and_its_raw_p_is_the_exact_mcnemar():
    baseline = [1] * 120 + [0] * 280
    candidate = [1] * 80 + [0] * 40 + [1] * 5 + [0] * 275
    result = compare_pairs(campaign(baseline, candidate), swaps=SWAPS)
    row = result["departures"][0]
    assert result["verdict"]["status"] == "IMPROVEMENT"
    assert row["p_better"] == pytest.approx(binomtest(40, 45, 0.5, alternative="greater").pvalue)
    assert (row["only_baseline"], row["only_candidate"]) == (40, 5)
    assert row["difference"]["value"] == pytest.approx(-35 / 400)
    distance = next(r for r in result["driving"] if r["figure"] == "distance_to_failure_m")
    assert distance["candidate"] - distance["baseline"] == pytest.approx(60.0 * 35 / 400)


def test_missing_runs_are_in_no_figure_and_said():
    pairs = campaign([0] * 10, [0] * 10)
    pairs["shadow"].append(RunPair(run("lost", outcome="infrastructure_error"), run("lost", departed=True)))
    result = compare_pairs(pairs, swaps=SWAPS)
    assert result["departures"][0]["pairs"] == 10
    assert result["missing"] == {"shadow": 1}
    assert result["verdict"]["reasons"][-1] == (
        "shadow: 1 pairs missing, in no figure; with them the difference lies between -0.091 and +0.091"
    )


def test_swapped_labels_agree_with_the_exact_test_for_one_column():
    differences = np.array([1.0] * 14 + [-1.0] * 5 + [0.0] * 80)[:, None]
    found = swap_test(differences, seed=1, swaps=20_000)
    exact = binomtest(14, 19, 0.5, alternative="greater").pvalue
    assert found.worse[0] == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))
    assert found.worse_corrected[0] == found.worse[0]


def test_what_is_swapped_as_one_counts_as_one():
    differences = np.ones((12, 1))
    assert swap_test(differences, seed=1, units=["a"] * 6 + ["b"] * 6, swaps=4000).worse[0] == pytest.approx(
        0.25, abs=0.03
    )
    assert swap_test(differences, seed=1, swaps=4000).worse[0] < 0.002


def test_a_column_without_a_difference_is_not_tested():
    found = swap_test(np.column_stack([np.zeros(20), np.ones(20)]), seed=1, swaps=500)
    assert np.isnan(found.worse_corrected[0]) and found.worse_corrected[1] < 0.01


def test_equal_counts_are_told_apart_by_the_finer_figure_and_never_outweighed():
    counts = np.array([1.0] * 6 + [-1.0] * 2)[:, None]
    worse, better = (swap_test(counts, 1, swaps=40_000, tie_breaker=s * np.abs(counts)).worse[0] for s in (1.0, -1.0))
    fewer = swap_test(np.array([1.0] * 7 + [-1.0])[:, None], 1, swaps=40_000).worse[0]
    plain = swap_test(counts, 1, swaps=40_000).worse[0]
    assert fewer < worse < better
    assert worse <= plain + 0.01
    assert np.isnan(swap_test(0.0 * counts, 1, swaps=100, tie_breaker=counts).worse[0])


def test_swapped_labels_raise_false_alarms_at_the_nominal_rate():
    rng = np.random.default_rng(5)
    fog = np.arange(200) % 2 == 0
    alarms, campaigns = 0, 300
    for seed in range(campaigns):
        base = rng.normal(size=200)
        difference = base * rng.choice([-1.0, 1.0], size=200)
        columns = np.column_stack([difference, difference * fog, difference * ~fog])
        alarms += bool((swap_test(columns, seed, swaps=400).worse_corrected <= 0.05).any())
    assert binomtest(alarms, campaigns, 0.05).pvalue > 0.01


def test_a_doubled_departure_rate_is_found_at_the_planned_size():
    rng = np.random.default_rng(6)
    planned = comparison_needed(0.1, ratio=2.0, power=0.9, tests=3).pairs
    found = 0
    for seed in range(40):
        baseline, candidate = rng.random(planned) < 0.1, rng.random(planned) < 0.2
        pairs = campaign(baseline, candidate, ("fog", "ideal"))
        found += compare_pairs(pairs, swaps=300, seed=seed)["verdict"]["status"] == "REGRESSION"
    assert found >= 33


@pytest.mark.parametrize(("c", "b", "n"), [(0, 0, 50), (12, 3, 100), (5, 5, 40), (20, 0, 20)])
def test_the_interval_of_a_difference_holds_its_value(c, b, n):
    value, low, high = paired_difference(c, b, n)
    assert -1.0 <= low <= high <= 1.0 and low < high
    assert value == pytest.approx((c - b) / n)


def test_the_interval_of_a_difference_covers_the_truth():
    rng = np.random.default_rng(7)
    worse, better, n = 0.08, 0.03, 150
    counts = rng.multinomial(n, [worse, better, 1 - worse - better], size=1000)
    covered = 0
    for c, b, _ in counts:
        _, low, high = paired_difference(int(c), int(b), n)
        covered += low <= worse - better <= high
    assert covered / 1000 >= 0.93


@pytest.mark.parametrize("key", ["name", "version", "scene_version"])
def test_two_simulators_are_refused(key):
    other = SIMULATOR | {key: "another"}
    with pytest.raises(ComparisonRefusedError, match=key):
        require_comparable({"simulator": SIMULATOR}, {"simulator": other})
    require_comparable({"simulator": SIMULATOR}, {"simulator": dict(SIMULATOR)})


def test_an_unknown_scene_version_is_refused_unless_the_simulator_has_none():
    unknown = {"simulator": SIMULATOR | {"scene_version": None}}
    with pytest.raises(ComparisonRefusedError, match="scene_version"):
        require_comparable(unknown, unknown)
    carla = {"simulator": {"name": "attach", "version": "0.9.16", "scene_version": None}}
    require_comparable(carla, carla)


def test_different_pair_sets_are_refused_unless_asked_for():
    baseline, candidate = [run("a"), run("b")], [run("b"), run("c")]
    with pytest.raises(ComparisonRefusedError, match="1 runs only in the baseline, 1 only in the candidate, 1 in both"):
        pair_up(baseline, candidate)
    pairs, left_out = pair_up(baseline, candidate, common_only=True)
    assert len(pairs["shadow"]) == 1
    assert left_out == {"only_baseline": 1, "only_candidate": 1, "unavoidable": 0}
    with pytest.raises(ComparisonRefusedError, match="nothing can be compared"):
        pair_up([run("a")], [run("b")], common_only=True)


def test_a_pair_driven_twice_is_refused():
    with pytest.raises(ComparisonRefusedError, match="twice"):
        pair_up([run("a"), run("a")], [run("a")])


def test_unavoidable_worlds_are_left_out():
    expert = run("x", departed=True, mode="expert", world="w-a")
    pairs, left_out = pair_up([expert, run("a"), run("b")], [run("a"), run("b")])
    assert [pair.baseline.pair[0] for pair in pairs["shadow"]] == ["b"]
    assert left_out["unavoidable"] == 1


def test_changes_name_who_drove():
    first = {"agent": {"name": "pilotnet", "weights_sha256": "1"}, "provenance": {"git_commit": "a"}}
    second = {"agent": {"name": "pilotnet", "weights_sha256": "2"}, "provenance": {"git_commit": "a"}}
    assert changes(first, second) == [{"what": "weights of pilotnet", "baseline": "1", "candidate": "2"}]
