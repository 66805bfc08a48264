"""Probabilities of monitors against the frequency of departures."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from harness.evaluation.probability import probability_figures, probability_sums
from harness.evaluation.summary import summarise
from tests.harness.evaluation.synthetic import episode, ticks_of


def sums(p, y, metres=0.5):
    y = np.asarray(y, dtype=bool)
    return probability_sums(p, y, ~y, np.full(len(y), metres))


def test_scores_equal_sklearn_and_the_floor_counts_ten_metre_units():
    rng = np.random.default_rng(0)
    p = [np.clip(rng.beta(2, 2, 500), 0.01, 0.99) for _ in range(40)]
    y = [rng.random(500) < q for q in p]
    figures = probability_figures([sums(a, b) for a, b in zip(p, y, strict=True)], ["a"] * 40, seed=0)
    every_p, every_y = np.concatenate(p), np.concatenate(y)
    assert figures["brier"]["value"] == pytest.approx(brier_score_loss(every_y, every_p))
    assert figures["nll"]["value"] == pytest.approx(log_loss(every_y, every_p))
    assert figures["base_rate"]["value"] == pytest.approx(every_y.mean())
    # 20 ticks of 0.5 m are one unit: the floor is sqrt(20) times that of as many independent frames (0.0103).
    assert figures["ece_noise_floor"] == pytest.approx(0.0103 * np.sqrt(20), rel=0.05)
    assert figures["ece"]["value"] < figures["ece_noise_floor"]
    assert sum(row["ticks"] for row in figures["reliability"]) == 20_000
    assert 0.1 < figures["brier_skill"] < 0.3


def test_a_fault_is_left_out_and_counted_and_no_probability_is_none():
    p = np.array([0.2, np.nan, 0.8, 0.9])
    figures = probability_figures([sums(p, [0, 0, 1, 1]), sums(p, [0, 0, 1, 1])], ["a", "a"], seed=0)
    assert (figures["ticks"], figures["undefined_ticks"]) == (6, 2)
    assert probability_figures([], [], seed=0) is None


def test_the_announced_event_lies_within_three_seconds_reaction_zone_included():
    n, onset = 460, 400
    runs = []
    for k in range(12):
        truth = (np.arange(n) >= onset - 60) & (np.arange(n) < onset)
        ticks = ticks_of(n, onset, scores={"m": np.zeros(n)}, probability__m=truth.astype(np.float32))
        runs.append(episode(pair=f"p{k}", ticks=ticks, end_reason="departure"))
    (monitor,) = summarise(runs, {})["monitors"]
    figures = monitor["probability"]
    assert figures["brier"]["value"] == 0.0
    assert figures["base_rate"]["k"] == 12 * 60
    assert figures["base_rate"]["n"] == 12 * 360
