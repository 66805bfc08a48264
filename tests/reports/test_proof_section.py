"""The report's proof: bounds and kilometres still to drive, joint failures, the contract as a tree."""

import json

from harness.evaluation.__main__ import main
from harness.evaluation.evidence_table import evidence_files
from reports.campaign_data import load
from reports.campaign_report import environment
from reports.sections import proof

CONTRACT = """
contract: lane_keeping
domain: {conditions: [ideal, "blur, mid-run", "noise, severe"]}
guarantees:
  - {id: G1, text: no tyre <b>leaves</b> the lane}
  - {id: G2, text: every departure is announced}
criteria:
  - {id: C1, guarantee: G1, metric: "departures.by_condition[*].departed", at_most: 0.9}
"""


def rendered(folder):
    section = proof.build(load(folder))
    assert not section.missing
    return section.view, environment().get_template(section.template).render(view=section.view)


def test_every_figure_of_the_claims_is_the_summarys(campaign):
    view, page = rendered(campaign)
    claims = json.loads((campaign / "summary.json").read_bytes())["rate_claims"]
    assert len(view["rows"]) == 1 + len(claims["monitors"]) + len(claims["takeovers"])
    assert view["rows"][0]["departures"] == str(claims["agent"]["departures"])
    assert view["rows"][0]["upper"] == f"{claims['agent']['upper']:.2f}"
    assert [cell["word"] for cell in view["rows"][0]["targets"]][-1] == "refuted"
    assert {row["name"] for row in view["joint"]} == {monitor["name"] for monitor in claims["monitors"]}
    assert "No contract was judged" in page


def test_a_contract_is_shown_as_a_tree_and_an_edited_file_takes_it_back(campaign, tmp_path):
    contract = tmp_path / "contract.yaml"
    contract.write_text(CONTRACT)
    evidence = campaign / "evidence.json"
    try:
        main(["contract", str(contract), str(campaign)])
        view, page = rendered(campaign)
        assert [child["id"] for child in view["tree"]["children"]] == ["conditions", "G1", "G2"]
        assert "no criterion: nothing can show it" in page and "&lt;b&gt;leaves" in page
        assert evidence_files(campaign)["summary.json"][:12] in page
        table = json.loads(evidence.read_bytes())
        table["files"]["index.jsonl"] = "0" * 64
        evidence.write_text(json.dumps(table))
        view, page = rendered(campaign)
        assert view["tree"]["verdict"] == "INSUFFICIENT" and "index.jsonl changed or missing" in page
        evidence.write_text("{}")
        assert "no evidence table of this version" in rendered(campaign)[1]
    finally:
        evidence.unlink(missing_ok=True)


def test_the_criteria_of_a_scenario_have_a_tree_and_an_unknown_figure_is_said(campaign):
    data = load(campaign)

    def with_criterion(metric):
        described = {**data.campaign, "criteria": [{"metric": metric, "at_most": 0.9}]}
        return proof.build(type(data)(data.folder, described, data.summary, [], {})).view

    (guarantee,) = with_criterion("departures.departed")["tree"]["children"]
    assert guarantee["children"][0]["children"][0]["file"] == "summary.json"
    assert with_criterion("departures.nothing")["tree"] is None
    assert "no 'nothing'" in with_criterion("departures.nothing")["tree_note"]


def test_a_campaign_that_was_not_judged_says_so(campaign):
    data = load(campaign)
    assert "has not been judged" in proof.build(type(data)(data.folder, data.campaign, {}, [], {})).missing
