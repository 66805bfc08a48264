"""Thresholds that are judged where they were fitted are found out."""

import numpy as np

from harness.evaluation.summary import summarise
from harness.evaluation.thresholds import fit_thresholds
from tests.harness.evaluation.synthetic import episode, ticks_of


def runs(pairs):
    scores = {"m": np.random.default_rng(1).normal(size=400)}
    return [episode(pair=pair, ticks=ticks_of(400, scores=scores)) for pair in pairs]


def test_thresholds_say_where_they_were_fitted_and_the_summary_warns_where_they_are_judged():
    calibration, others = runs(["c1", "c2", "c3"]), runs(["t1", "t2"])
    fitted = fit_thresholds(calibration, ["m"], {"campaign": "calibrate"})
    assert fitted["calibration"]["world_ids"] == ["w-c1", "w-c2", "w-c3"]

    def warnings(episodes, thresholds):
        found = summarise(episodes, {"thresholds": thresholds})["warnings"]
        return [text for text in found if "thresholds were fitted" in text]

    assert warnings(others, fitted) == []
    (said,) = warnings([*others, *calibration[:1]], fitted)
    assert said.startswith("1 of 3 shadow runs")
    earlier = {**fitted, "calibration": {"campaign": "calibrate"}}
    assert warnings(calibration, earlier) == [], "what earlier files do not say is not guessed"
