"""The deciding commands on stored campaigns: exit codes, refusals, files and pages left behind."""

import json

import pytest

import run_campaign
from harness.evaluation.__main__ import main
from harness.results.store import CampaignStore
from reports.compare_report import main as write_page
from tests.harness.evaluation.synthetic import episode, ticks_of
from tests.harness.evaluation.test_recompute import stored

SIMULATOR = {"name": "embedded", "version": "0.9.16", "scene_version": 2}
PAIRS = 10
CONTRACT = """
contract: tiny
guarantees: [{id: G1, text: no tyre leaves the lane}]
criteria: [{id: C1, guarantee: G1, metric: departures.departed, at_most: 0.3}]
"""


def campaign_folder(path, departing, pairs=PAIRS, **simulator):
    """A stored campaign of shadow runs in which the first ``departing`` depart."""
    agent = {"name": "pilotnet", "weights_sha256": str(departing)}
    with CampaignStore.create(path) as store:
        store.write_campaign({"name": path.name, "simulator": SIMULATOR | simulator, "agent": agent, "episode_ids": []})
        for k in range(pairs):
            run = episode(pair=f"p{k}", ticks=ticks_of(100, 60 if k < departing else None), end_reason="duration")
            store.add_episode(stored(run))
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("campaigns")
    return {
        "good": campaign_folder(root / "good", departing=0),
        "bad": campaign_folder(root / "bad", departing=PAIRS),
        "other pictures": campaign_folder(root / "other", departing=0, pairs=2, scene_version=1),
        "fewer": campaign_folder(root / "fewer", departing=0, pairs=4),
    }


def test_a_regression_is_exit_code_1_and_leaves_a_page(folders, tmp_path, capsys):
    assert main(["compare", str(folders["good"]), str(folders["bad"]), "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "REGRESSION: shadow: 10 of 10 runs depart, 0 under the baseline: worse" in printed
    assert "changed: weights of pilotnet" in printed
    stored_result = json.loads((tmp_path / "comparison.json").read_bytes())
    assert stored_result["verdict"]["status"] == "REGRESSION"
    assert stored_result["departures"][0]["p_worse"] == pytest.approx(2.0**-PAIRS)
    assert write_page([str(tmp_path / "comparison.json")]) == 0
    page = (tmp_path / "comparison.html").read_text()
    assert "REGRESSION" in page and "weights of pilotnet" in page
    assert "http:" not in page and "https:" not in page and "src=" not in page


def test_the_other_way_round_is_no_regression(folders, capsys):
    assert main(["compare", str(folders["bad"]), str(folders["good"])]) == 0
    assert "0 of 10 runs depart, 10 under the baseline: better" in capsys.readouterr().out


def test_other_pictures_are_exit_code_2(folders, capsys):
    assert main(["compare", str(folders["good"]), str(folders["other pictures"])]) == 2
    assert "scene_version differs: 2 in the baseline, 1 in the candidate" in capsys.readouterr().err


def test_other_pairs_are_exit_code_2_unless_asked_for(folders, capsys):
    assert main(["compare", str(folders["good"]), str(folders["fewer"])]) == 2
    assert "6 runs only in the baseline" in capsys.readouterr().err
    assert main(["compare", str(folders["good"]), str(folders["fewer"]), "--common-pairs"]) == 0
    assert "6 only in the baseline" in capsys.readouterr().out


def test_figures_of_other_metrics_are_exit_code_2(folders, tmp_path, capsys):
    old = campaign_folder(tmp_path / "old", departing=0, pairs=1)
    (old / "summary.json").write_text(json.dumps({"metric_versions": {"departures": 0}}))
    assert main(["compare", str(folders["good"]), str(old)]) == 2
    assert "other versions of departures" in capsys.readouterr().err


def test_no_campaign_is_exit_code_2(folders, tmp_path, capsys):
    assert main(["compare", str(folders["good"]), str(tmp_path / "nowhere")]) == 2
    assert "holds no campaign" in capsys.readouterr().err


def test_a_contract_is_judged_and_an_edited_record_takes_it_back(tmp_path, capsys):
    folder = campaign_folder(tmp_path / "results", departing=0)
    contract = tmp_path / "contract.yaml"
    contract.write_text(CONTRACT)
    assert main(["contract", str(contract), str(folder)]) == 0
    evidence = folder / "evidence.json"
    assert main(["contract", str(evidence), str(folder), "--check"]) == 0
    ticks = next(folder.glob("episodes/*/ticks.parquet"))
    ticks.write_bytes(ticks.read_bytes()[:-1])
    assert main(["contract", str(evidence), str(folder), "--check"]) == 3
    assert f"no longer supported: {ticks.relative_to(folder)} changed or missing" in capsys.readouterr().out


def test_a_plan_is_printed_and_a_rate_that_is_none_is_exit_code_2(capsys):
    assert main(["plan", "--target", "1/100km", "--conf", "0.95", "--workers", "8"]) == 0
    assert "299.6 km" in capsys.readouterr().out
    assert main(["plan", "--target", "0.01"]) == 2
    assert "write 1/1000km" in capsys.readouterr().err


def test_a_run_with_a_baseline_ends_with_the_comparison(folders, capsys):
    assert run_campaign.parse_arguments(["a.yaml", "--baseline", "old"]).baseline == "old"
    assert run_campaign.conclude_against(str(folders["good"]), folders["bad"]) == 1
    assert "REGRESSION" in capsys.readouterr().out
    assert (folders["bad"] / "comparison.json").exists() and (folders["bad"] / "comparison.html").exists()
    assert run_campaign.conclude_against(str(folders["other pictures"]), folders["good"]) == 2
    assert "not compared with" in capsys.readouterr().err
