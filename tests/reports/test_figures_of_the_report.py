"""Worst slices, doses, curves and the ten questions: what they show and what they must not pretend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

from harness.evaluation.rates import per_exposure, proportion
from harness.evaluation.statistics.calibration_metrics import noise_floor
from reports.campaign_data import CampaignData, load
from reports.charts.dose_response import Dose, Response, dose_response
from reports.charts.recall_curves import RecallCurve, recall_curves
from reports.charts.reliability import noise_by_bin, reliability_chart
from reports.sections import curves, monitors, questions, slices


def data_of(summary: dict[str, Any], campaign: dict[str, Any] | None = None) -> CampaignData:
    return CampaignData(Path(), campaign or {}, summary, [], {})


def departures(counts: dict[str, tuple[int, int]]) -> dict[str, Any]:
    whole = [sum(k for k, _ in counts.values()), sum(n for _, n in counts.values())]
    rows = [{"condition": name, "departed": proportion(k, n)} for name, (k, n) in counts.items()]
    return {"departures": {"departed": proportion(*whole), "by_condition": rows, "by_road": []}}


def test_the_worst_slice_is_the_one_that_is_proven_not_the_one_of_the_largest_share() -> None:
    section = slices.build(data_of(departures({"many": (45, 60), "lucky": (2, 2), "calm": (3, 60)})))
    assert [row["name"] for row in section.view["rows"]] == ["many", "lucky", "calm"]


def test_a_slice_is_tested_against_the_rest_and_corrected_for_the_number_of_slices() -> None:
    section = slices.build(data_of(departures({"bad": (12, 60), "good": (4, 60), "other": (5, 60)})))
    p = fisher_exact([[12, 48], [9, 111]], alternative="greater").pvalue
    assert section.view["rows"][0]["name"] == "bad"
    assert float(section.view["rows"][0]["p"]) == pytest.approx(3 * p, abs=6e-4)


def test_without_shadow_runs_there_are_no_slices() -> None:
    assert "No shadow run counts" in slices.build(data_of({})).missing


def monitor(name: str, points: list[tuple[int, int]]) -> dict[str, Any]:
    curve = [
        {"event_recall": proportion(found, 20), "false_alarms_per_min": per_exposure(false, 10.0)}
        for found, false in points
    ]
    return {"name": name, "privileged": False, "curve": curve, "probability": None}


def test_every_known_point_of_a_curve_is_drawn_and_none_is_made_up() -> None:
    entry = monitor("student", [(2, 1), (10, 5)])
    entry["curve"].append({"event_recall": proportion(3, 4), "false_alarms_per_min": per_exposure(9, 10.0)})
    section = curves.build(data_of({"monitors": [entry, {"name": "without", "curve": None}]}))
    drawn = str(section.view["chart"])
    assert "student: 50 % at 0.50 false alarms per minute" in drawn and drawn.count("<circle") == 2
    assert section.view["lines"] == [("student", "c-green")] and not section.view["reliability"]


def test_without_curves_and_probabilities_the_section_says_why() -> None:
    assert "none announces a probability" in curves.build(data_of({"monitors": []})).missing


def test_what_no_monitor_could_know_is_shown_only_where_an_artifact_came_before_a_departure() -> None:
    notice = {
        "events": 42,
        "without_artifact": 2,
        "in_time": proportion(30, 40),
        "notice_s": {"p10": 0.8, "median": 1.9, "p90": 6.0},
        "positive_before_artifact": proportion(44, 100),
    }
    shown = monitors.build(data_of({"monitors": [], "notice": notice})).view["notice"]
    assert (shown["median"], shown["in_time"].text, shown["in_time"].count) == ("1.9", "75\u202f%", "30\u202f/\u202f40")
    assert shown["before"].text == "44\u202f%"
    without = notice | {"in_time": proportion(0, 0)}
    assert monitors.build(data_of({"monitors": [], "notice": without})).view["notice"] is None


def test_points_beyond_the_axis_are_left_out_of_the_curve() -> None:
    curve = RecallCurve("m", "c-blue", [0.5, 20.0], [0.2, 1.0], [0.1, 0.9], [0.3, 1.0])
    assert str(recall_curves([curve], "t")).count("<circle") == 1


def test_reliability_shows_each_bin_with_its_ticks() -> None:
    bins = [{"mean_probability": p, "frequency": f, "ticks": n} for p, f, n in ((0.1, 0.05, 900), (0.9, 0.5, 100))]
    drawn = str(reliability_chart(bins, "student", "c-blue"))
    assert drawn.count("<circle") == 2 and "announced 90.0 %, came 50.0 %, 100 ticks" in drawn


def test_a_dose_with_too_few_runs_has_an_interval_and_no_mark() -> None:
    doses = [
        Dose(strength, name, Response(proportion(k, n), "c-red", "departed"))
        for strength, name, k, n in ((10.0, "mild", 3, 30), (40.0, "hard", 3, 4))
    ]
    drawn = str(dose_response(doses, "width, px", proportion(1, 30), "blur"))
    assert drawn.count("<circle") == 1 and drawn.count('class="whisker thin c-red"') == 2
    assert "ideal camera" in drawn and "mild: departed 10" in drawn


def test_ten_questions_name_what_is_open(campaign: Path) -> None:
    rows = {row["question"]: row for row in questions.build(load(campaign)).view["rows"]}
    assert len(rows) == 10
    assert "No rescue map was made" in rows["What share of departures was savable, at which reaction time?"]["open"]
    assert "twins were identical" in rows["Were twins identical until the takeover?"]["known"]
    saliency = rows["Does saliency beat edges, an untrained network's maps, and the camera?"]
    assert "camera_student" in saliency["known"] and "students on edges, untrained" in saliency["open"]


def test_the_question_of_harm_counts_departures_that_takeovers_caused(campaign: Path) -> None:
    entry = json.loads((campaign / "summary.json").read_text())["safety_gain"][0]
    (row,) = [r for r in questions.build(load(campaign)).view["rows"] if "did takeovers cause" in r["question"]]
    assert f"{entry['harmed']} of {entry['pairs'] - entry['departed']}" in row["known"]


def test_the_noise_of_each_bin_adds_up_to_the_floor_of_the_diagram() -> None:
    """Against the floor that the evaluation counts, with a tenth of the ticks as independent samples."""
    ticks, means = np.array([400.0, 80.0, 20.0]), np.array([0.02, 0.3, 0.8])
    floor = noise_floor(ticks / 10.0, means)
    bins = [{"mean_probability": p, "frequency": p, "ticks": int(n)} for p, n in zip(means, ticks, strict=True)]
    noise = noise_by_bin(bins, floor)
    np.testing.assert_allclose(noise, np.sqrt(2.0 * means * (1.0 - means) / (np.pi * ticks / 10.0)))
    assert np.sum(ticks / ticks.sum() * noise) == pytest.approx(floor)
    assert str(reliability_chart(bins, "m", "c-blue", floor)).count('class="floor"') == 3
    assert noise_by_bin(bins, None) == [] and noise_by_bin([], 0.1) == []
