"""The verdict: too small, pass, fail, or nothing to decide by."""

import pytest

from harness.evaluation.verdict import CriterionError, episodes_needed, find_metric, judge


def recall_of(value):
    if value is None:
        return {"value": None, "k": 0, "n": 0, "low": None, "high": None, "method": "clopper-pearson"}
    return {"value": value, "k": round(1000 * value), "n": 1000, "low": 0.8, "high": 1.0, "method": "clopper-pearson"}


def summary_with(departures=300, minutes=300.0, recall=0.9):
    return {
        "counts": {"departures": departures, "degraded_safe_minutes": minutes, "episodes": 1000},
        "monitors": [
            {"name": "random", "points": []},
            {
                "name": "student",
                "points": [{"point": "fa0.25", "event_recall": recall_of(recall)}],
            },
        ],
    }


RECALL = "monitors[name=student].points[point=fa0.25].event_recall"


def test_a_small_campaign_is_insufficient_whatever_its_figures_say():
    verdict = judge(summary_with(60, 150.0), [{"metric": RECALL, "at_least": 0.5}])
    assert verdict["status"] == "INSUFFICIENT"
    assert verdict["needed"] == {
        "departures_missing": 240,
        "degraded_safe_minutes_missing": 150.0,
        "episodes_needed_estimate": 5000,
    }
    assert len(verdict["reasons"]) == 2


@pytest.mark.parametrize(
    ("criterion", "status"),
    [
        ({"metric": RECALL, "at_least": 0.88}, "PASS"),
        ({"metric": RECALL, "at_least": 0.9}, "INSUFFICIENT"),
        ({"metric": RECALL, "at_least": 0.93}, "FAIL"),
        ({"metric": RECALL + ".low", "at_least": 0.8}, "PASS"),
        ({"metric": RECALL, "at_most": 0.5}, "FAIL"),
        ({"metric": "monitors[name=nobody].points", "at_most": 0.5}, "INSUFFICIENT"),
    ],
)
def test_criteria_decide_a_campaign_that_is_large_enough(criterion, status):
    assert judge(summary_with(), [criterion])["status"] == status


def test_one_failed_criterion_fails_the_campaign():
    both = [{"metric": RECALL, "at_least": 0.5}, {"metric": "counts.departures", "at_most": 10}]
    verdict = judge(summary_with(), both)
    assert verdict["status"] == "FAIL"
    assert [check["met"] for check in verdict["criteria"]] == [True, False]


def test_an_undefined_figure_is_an_open_gap():
    verdict = judge(summary_with(recall=None), [{"metric": RECALL, "at_most": 1.0}])
    assert verdict["status"] == "INSUFFICIENT"
    assert not verdict["criteria"][0]["met"]


def test_every_slice_must_keep_the_bound():
    summary = summary_with()
    summary["departures"] = {
        "by_condition": [
            {"condition": "ideal", "departed": recall_of(0.01)},
            {"condition": "fog", "departed": recall_of(0.4)},
        ]
    }
    verdict = judge(summary, [{"metric": "departures.by_condition[*].departed", "at_most": 0.1}])
    assert verdict["status"] == "FAIL"
    assert verdict["criteria"][0]["slices"] == [
        {"slice": "ideal", "verdict": "PASS"},
        {"slice": "fog", "verdict": "FAIL"},
    ]
    assert "without fog" in verdict["reasons"][0]


def test_enough_data_without_criteria_is_no_pass():
    assert judge(summary_with(), [])["status"] == "NO_CRITERIA"


def test_no_yield_gives_no_estimate():
    assert episodes_needed(100, 0, 50.0) is None
    assert episodes_needed(100, 5, 0.0) is None
    assert episodes_needed(100, 30, 50.0) == 1000


@pytest.mark.parametrize("path", ["counts.wrong", "counts[name=x]", ".counts", "monitors[name=student].nothing"])
def test_a_path_that_leads_nowhere_is_an_error(path):
    with pytest.raises(CriterionError):
        find_metric(summary_with(), path)


@pytest.mark.parametrize(
    "criterion", [{"at_least": 1}, {"metric": RECALL}, {"metric": RECALL, "at_least": 0, "at_most": 1}]
)
def test_a_malformed_criterion_is_an_error(criterion):
    with pytest.raises(CriterionError):
        judge(summary_with(), [criterion])
