"""Figures of the picture controls: exact values, draws of runs and seeds, and paired comparisons within a family."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from benchmarks.comparison_page import controls_tables
from benchmarks.control_figures import TooFewFramesError, drawn_figures, judged, two_sided_p
from benchmarks.shadow_frames import Floats, ShadowFrames
from harness.evaluation.statistics.bootstrap import DRAWS, stratified_weights
from harness.evaluation.summary import BOOTSTRAP_SEED

RUNS, PER_RUN = 24, 20
EVERYWHERE = np.ones(RUNS * PER_RUN, dtype=bool)
KIND = "transferred_kept"


def frames(seed: int = 0) -> ShadowFrames:
    """Runs of two artifacts; the driver errs more in the later half of each run, on all angles alike."""
    rng = np.random.default_rng(seed)
    count = RUNS * PER_RUN
    late = np.tile(np.arange(PER_RUN) >= PER_RUN // 2, RUNS)
    return ShadowFrames(
        crops=np.zeros((count, 1, 1, 3), dtype=np.uint8),
        error_deg=rng.normal(0.0, np.where(late, 8.0, 2.0)),
        reference_deg=rng.uniform(-60.0, 60.0, count),
        run=np.repeat(np.arange(RUNS), PER_RUN),
        conditions=tuple("ab"[k % 2] for k in range(RUNS)),
        artifacts=tuple(("blur", "none")[k % 2] for k in range(RUNS)),
    )


def answers(of: ShadowFrames, noise_deg: float, seeds: int = 3) -> Floats:
    """What students would predict that know the error up to some noise."""
    rng = np.random.default_rng(7)
    return np.stack([of.error_deg + rng.normal(0.0, noise_deg, len(of)) for _ in range(seeds)])


def test_values_are_the_means_over_the_seeds_of_what_scikit_learn_finds() -> None:
    shown = frames()
    predicted = answers(shown, 6.0)
    failed = np.abs(shown.error_deg) > 5.0
    found = drawn_figures(predicted, shown, EVERYWHERE)
    assert found["auroc"].by_seed == pytest.approx([roc_auc_score(failed, np.abs(one)) for one in predicted])
    for value, one in zip(found["tpr"].by_seed, predicted, strict=True):
        fpr, tpr, _ = roc_curve(failed, np.abs(one), drop_intermediate=False)
        assert value == pytest.approx(tpr[fpr <= 0.05].max())
    assert found["tpr"].rate()["value"] == pytest.approx(np.mean(found["tpr"].by_seed))
    assert (found["tpr"].rate()["k"], found["tpr"].rate()["n"]) == (failed.sum(), len(shown))


def test_draws_weigh_whole_runs() -> None:
    shown = frames()
    predicted = answers(shown, 6.0, seeds=1)
    draws = drawn_figures(predicted, shown, EVERYWHERE)["auroc"].draws
    failed = np.abs(shown.error_deg) > 5.0
    weights = stratified_weights(shown.conditions, DRAWS, BOOTSTRAP_SEED)[:40, shown.run]
    expected = [roc_auc_score(failed, np.abs(predicted[0]), sample_weight=weight) for weight in weights]
    assert draws[:40] == pytest.approx(expected, abs=0.005)


def test_seeds_that_differ_widen_the_interval_and_are_shown_beside_it() -> None:
    shown = frames()
    good, bad = answers(shown, 3.0, seeds=1), answers(shown, 30.0, seeds=1)
    alike = drawn_figures(np.concatenate([good, good]), shown, EVERYWHERE)["auroc"].rate()
    apart = drawn_figures(np.concatenate([good, bad]), shown, EVERYWHERE)["auroc"].rate()
    assert alike["lowest_seed"] == alike["highest_seed"]
    assert apart["high"] - apart["low"] > 2.0 * (alike["high"] - alike["low"])
    assert apart["low"] < apart["lowest_seed"] + 0.05 and apart["high"] > apart["highest_seed"] - 0.05


def test_pictures_are_compared_in_the_same_draws_and_adjusted_within_their_family() -> None:
    shown = frames()
    own = answers(shown, 4.0)
    given = {("own", KIND): own, ("same", KIND): own.copy(), ("worse", KIND): answers(shown, 30.0)}
    result = judged(given, shown, "own")
    found = {
        row["compared_with"]: row
        for row in result["comparisons"]
        if row["range_deg"] == "all" and row["figure"] == "auroc"
    }
    assert set(found) == {"same", "worse"}
    assert (found["same"]["value"], found["same"]["low"], found["same"]["high"]) == (0.0, 0.0, 0.0)
    assert found["same"]["p_holm"] == 1.0
    assert found["worse"]["low"] > 0.0
    assert found["worse"]["p"] == pytest.approx(2.0 / (DRAWS + 1))
    assert found["worse"]["p_holm"] == pytest.approx(2.0 * found["worse"]["p"]), "the smaller of two"
    assert f"({found['worse']['p_holm']:.3f})" in controls_tables({"reference": result})["controls_reference"]


def test_kinds_of_students_are_families_of_their_own() -> None:
    shown = frames()
    given = {(picture, kind): answers(shown, 5.0, seeds=1) for picture in ("own", "other") for kind in ("a", "b")}
    compared = judged(given, shown, "own")["comparisons"]
    assert [row["convolutions"] for row in compared] == ["a"] * 4 + ["b"] * 4
    assert all(row["p"] == row["p_holm"] for row in compared), "one comparison in each family"


def test_an_artifact_stands_only_with_ten_frames_of_each_class() -> None:
    shown = frames()
    blurred = np.array(shown.artifacts)[shown.run] == "blur"
    few = shown.error_deg.copy()
    few[np.flatnonzero(blurred & (np.abs(few) > 5.0))[9:]] = 0.0
    for error_deg, expected in ((shown.error_deg, ["blur", "none"]), (few, ["none"])):
        one = replace(shown, error_deg=error_deg)
        rows = judged({("own", KIND): answers(one, 4.0)}, one, "own")["rows"]
        assert [entry["artifact"] for entry in rows[0]["artifacts"]] == expected
    entry = judged({("own", KIND): shown.error_deg[None]}, shown, "own")["rows"][0]["artifacts"][0]
    assert entry["runs"] == RUNS // 2 and entry["auroc"]["value"] == 1.0


def test_a_range_with_too_few_frames_is_refused() -> None:
    shown = frames()
    curves = replace(shown, reference_deg=np.full(len(shown), 45.0))
    with pytest.raises(TooFewFramesError, match="0-30"):
        judged({("own", KIND): answers(curves, 4.0)}, curves, "own")


def test_significance_counts_both_tails() -> None:
    draws = np.concatenate([np.full(1990, 0.1), np.full(10, -0.1)])
    assert two_sided_p(draws) == two_sided_p(-draws) == pytest.approx(22 / 2001)
    assert two_sided_p(np.zeros(100)) == 1.0
