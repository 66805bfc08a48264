"""Contracts: three-valued verdicts, slices under multiple-testing control, evidence that can be taken back."""

import json

import numpy as np
import pytest

from harness.evaluation.assurance_tree import open_gaps
from harness.evaluation.contract import ContractError, load_contract
from harness.evaluation.contract_criterion import CriterionError, judge_figure, judge_slices, uneven_slices, worst_slice
from harness.evaluation.evidence_table import evidence_table, scenario_contract, with_checked_files
from harness.evaluation.rates import clustered_ratio, per_exposure, proportion

CONTRACT = """
contract: lane_keeping
domain: {simulator: [embedded], conditions: [ideal, fog]}
assumptions:
  - {id: A1, text: the lane markings are drawn}
guarantees:
  - {id: G1, text: no tyre leaves the lane}
criteria:
  - {id: C1, guarantee: G1, metric: departures.departed, at_most: 0.05}
  - {id: C2, guarantee: G1, metric: "departures.by_condition[*].departed", at_most: 0.2}
"""
CAMPAIGN = {"name": "x", "campaign_id": "1", "simulator": {"name": "embedded"}, "agent": {"name": "pilotnet"}}
FILES = {"summary.json": "ab", "index.jsonl": "cd"}


def contract(tmp_path, text=CONTRACT):
    path = tmp_path / "contract.yaml"
    path.write_text(text)
    return load_contract(path)


def summary(**conditions):
    """Departures of each condition as (k, n)."""
    return {
        "departures": {
            "departed": proportion(sum(k for k, _ in conditions.values()), sum(n for _, n in conditions.values())),
            "by_condition": [{"condition": name, "departed": proportion(*kn)} for name, kn in conditions.items()],
            "by_road": [],
        }
    }


@pytest.mark.parametrize(
    ("k", "n", "verdict"),
    [
        (0, 299, "PASS"),
        (0, 298, "INSUFFICIENT"),
        (1, 473, "PASS"),
        (1, 472, "INSUFFICIENT"),
        (1, 100, "INSUFFICIENT"),
        (10, 100, "FAIL"),
    ],
)
def test_a_share_against_one_per_cent(k, n, verdict):
    assert judge_figure(proportion(k, n), 0.01, is_upper=True).verdict == verdict


def test_bounds_are_one_sided():
    assert judge_figure(proportion(0, 299), 0.01, True).high == pytest.approx(0.009969, abs=1e-6)
    assert judge_figure(proportion(10, 100), 0.01, True).low == pytest.approx(0.0553, abs=1e-4)


@pytest.mark.parametrize(("km", "verdict"), [(299.6, "PASS"), (299.5, "INSUFFICIENT")])
def test_a_rate_per_km_follows_the_rule_of_three(km, verdict):
    assert judge_figure(per_exposure(0, km), 0.01, is_upper=True).verdict == verdict


def test_at_least_mirrors_at_most():
    assert judge_figure(proportion(299, 299), 0.99, is_upper=False).verdict == "PASS"
    assert judge_figure(proportion(298, 298), 0.99, is_upper=False).verdict == "INSUFFICIENT"
    assert judge_figure(proportion(90, 100), 0.99, is_upper=False).verdict == "FAIL"


@pytest.mark.parametrize("figure", [None, proportion(0, 0), per_exposure(0, 0.0), {"value": None, "method": "x"}])
def test_missing_evidence_is_an_open_gap(figure):
    assert judge_figure(figure, 1.0, is_upper=True).verdict == "INSUFFICIENT"


def test_a_bootstrapped_figure_is_judged_by_its_interval():
    rng = np.random.default_rng(1)
    figure = clustered_ratio(rng.random(200), np.ones(200), ["a"] * 200, seed=1)
    assert judge_figure(figure, 0.6, is_upper=True).verdict == "PASS"
    assert judge_figure(figure, figure["value"], is_upper=True).verdict == "INSUFFICIENT"
    assert judge_figure(figure, 0.4, is_upper=True).verdict == "FAIL"
    with pytest.raises(CriterionError, match="no counted figure"):
        judge_slices([("fog", figure)], 0.4, is_upper=True)


def test_a_slice_fails_only_beyond_chance_among_all():
    borderline = ("s0", proportion(4, 60))
    assert judge_slices([borderline], 0.02, True)[0].verdict == "FAIL"
    many = [borderline, *((f"s{k}", proportion(1, 60)) for k in range(1, 10))]
    assert judge_slices(many, 0.02, True)[0].verdict == "INSUFFICIENT"
    clear = judge_slices([("bad", proportion(12, 60)), *many[1:]], 0.02, True)
    assert clear[0].verdict == "FAIL"
    assert worst_slice(clear, is_upper=True).slice == "bad"


def test_the_worst_slice_is_the_one_surely_worst():
    judged = judge_slices([("two runs", proportion(1, 2)), ("many", proportion(40, 100))], 0.01, True)
    assert worst_slice(judged, is_upper=True).slice == "many"


def test_one_bad_slice_in_a_good_mean_is_flagged_and_even_slices_are_not():
    rng = np.random.default_rng(9)
    found, false = 0, 0
    campaigns = 150
    for _ in range(campaigns):
        counts = rng.binomial(60, [0.02] * 10)
        even = [(str(k), proportion(int(c), 60)) for k, c in enumerate(counts)]
        false += bool(uneven_slices(even))
        found += "0" in uneven_slices([("0", proportion(int(rng.binomial(60, 0.2)), 60)), *even[1:]])
    assert found / campaigns >= 0.93
    assert false / campaigns <= 0.05


def test_a_contract_passes_on_enough_evidence(tmp_path):
    table = evidence_table(contract(tmp_path), summary(ideal=(1, 300), fog=(5, 300)), CAMPAIGN, FILES)
    assert table["verdict"] == "PASS" and table["gaps"] == []
    row = table["guarantees"][0]["criteria"][1]
    assert [figure["slice"] for figure in row["figures"]] == ["ideal", "fog"]
    assert (row["file"], row["sha256"]) == ("summary.json", "ab")
    json.dumps(table, allow_nan=False)


def test_one_bad_slice_breaks_the_contract(tmp_path):
    table = evidence_table(contract(tmp_path), summary(ideal=(0, 2000), fog=(40, 100)), CAMPAIGN, FILES)
    assert table["verdict"] == "FAIL"
    assert table["guarantees"][0]["criteria"][1]["worst_slice"] == "fog"
    assert list(table["guarantees"][0]["criteria"][1]["uneven_slices"]) == ["fog"]


def test_what_the_domain_names_and_nobody_drove_is_a_gap(tmp_path):
    table = evidence_table(contract(tmp_path), summary(ideal=(0, 600)), CAMPAIGN, FILES)
    assert table["verdict"] == "INSUFFICIENT"
    assert table["gaps"] == ["never driven (conditions): fog"]
    other = CAMPAIGN | {"simulator": {"name": "attach"}}
    table = evidence_table(contract(tmp_path), summary(ideal=(0, 600), fog=(0, 600)), other, FILES)
    assert table["gaps"][0].startswith("driven outside the domain (simulator): attach")


def test_runs_outside_the_domain_neither_show_nor_refute(tmp_path):
    table = evidence_table(contract(tmp_path), summary(ideal=(0, 300), fog=(7, 300), snow=(90, 100)), CAMPAIGN, FILES)
    whole, slices = table["guarantees"][0]["criteria"]
    assert whole["verdict"] == "INSUFFICIENT" and "outside the domain" in whole["figures"][0]["why"]
    assert [figure["slice"] for figure in slices["figures"]] == ["ideal", "fog"] and slices["verdict"] == "PASS"
    assert slices["worst_slice"] == "fog" and list(slices["uneven_slices"]) == ["fog"]
    assert table["verdict"] == "INSUFFICIENT"


def nodes(node):
    return [node, *(below for child in node["children"] for below in nodes(child))]


def test_the_tree_holds_every_claim_and_its_gaps_where_they_are_open(tmp_path):
    text = CONTRACT.replace("  - {id: G1,", "  - {id: G2, text: every departure is announced}\n  - {id: G1,")
    table = evidence_table(contract(tmp_path, text), summary(ideal=(0, 300), fog=(2, 20)), CAMPAIGN, FILES)
    tree = table["tree"]
    found = {(node["kind"], node["id"]): node for node in nodes(tree)}
    assert [child["kind"] for child in tree["children"]] == ["context"] * 2 + ["assumption"] + ["guarantee"] * 2
    assert found["guarantee", "G2"]["gaps"] == ["no criterion: nothing can show it"]
    assert found["evidence", "fog"]["gaps"] and not found["evidence", "ideal"]["gaps"]
    assert (found["evidence", "fog"]["file"], found["evidence", "fog"]["sha256"]) == ("summary.json", "ab")
    assert (found["evidence", "fog"]["figure"]["k"], found["evidence", "fog"]["figure"]["n"]) == (2, 20)
    assert open_gaps(tree) == len(table["gaps"]) == 2
    edited = with_checked_files(table, ["index.jsonl"])["tree"]
    assert {node["verdict"] for node in nodes(edited) if node["kind"] in ("contract", "guarantee")} == {"INSUFFICIENT"}


def test_the_criteria_of_a_scenario_are_a_contract_of_their_own():
    criteria = [{"metric": "departures.departed", "at_most": 0.05, "at_least": None}]
    table = evidence_table(scenario_contract(criteria), summary(ideal=(1, 300)), CAMPAIGN, FILES)
    assert table["verdict"] == "PASS" and table["guarantees"][0]["criteria"][0]["id"] == "C1"


def test_a_guarantee_that_nothing_shows_is_a_gap(tmp_path):
    text = CONTRACT.replace("  - {id: G1,", "  - {id: G2, text: every departure is announced}\n  - {id: G1,")
    table = evidence_table(contract(tmp_path, text), summary(ideal=(1, 300), fog=(5, 300)), CAMPAIGN, FILES)
    assert table["verdict"] == "INSUFFICIENT"
    assert "guarantee G2 has no criterion: nothing can show it" in table["gaps"]


def test_an_edited_file_takes_its_evidence_back(tmp_path):
    table = evidence_table(contract(tmp_path), summary(ideal=(1, 300), fog=(5, 300)), CAMPAIGN, FILES)
    assert with_checked_files(table, [])["verdict"] == "PASS"
    after = with_checked_files(table, ["episodes/1/ticks.parquet"])
    assert after["verdict"] == after["guarantees"][0]["verdict"] == "INSUFFICIENT"
    assert "episodes/1/ticks.parquet changed or missing" in after["gaps"][-1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "guarantee: G1, metric: departures.departed",
            "guarantee: G9, metric: departures.departed",
            "names no guarantee",
        ),
        ("at_most: 0.05}", "at_most: 0.05, at_least: 0.1}", "one of the two"),
        ("{id: C2", "{id: C1", "used twice"),
        ("domain:", "domian:", "domian"),
        ("simulator:", "town:", "domain"),
    ],
)
def test_a_contract_that_cannot_be_used_says_why(tmp_path, old, new, message):
    with pytest.raises(ContractError, match=message):
        contract(tmp_path, CONTRACT.replace(old, new))


def test_a_criterion_on_an_unknown_figure_is_an_error(tmp_path):
    with pytest.raises(CriterionError, match="nothing"):
        evidence_table(
            contract(tmp_path, CONTRACT.replace("departures.departed,", "departures.nothing,")),
            summary(ideal=(1, 300), fog=(5, 300)),
            CAMPAIGN,
            FILES,
        )
