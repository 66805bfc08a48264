"""Calibrators and calibration errors on data whose truth is known; the numbers were worked out beforehand."""

import numpy as np
import pytest
from scipy.special import betaln, expit, logit
from scipy.stats import beta, multivariate_normal, norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from harness.evaluation.statistics.calibration import (
    BetaCalibration,
    CalibrationError,
    HistogramBinning,
    LogisticCalibration,
    LogisticCalibrationOfScore,
    MultivariateLogistic,
    correct_base_rate,
    gaussian_logistic,
)
from harness.evaluation.statistics.calibration_metrics import (
    brier,
    detailed_ece,
    ece,
    ece_noise_floor,
    maximum_and_average_error,
    negative_log_likelihood,
)
from harness.evaluation.threshold_schemes import conformal_threshold


def scores(n, seed):
    rng = np.random.default_rng(seed)
    return rng, np.clip(rng.beta(2, 2, n), 0.001, 0.999)


def draw(rng, truth):
    return (rng.random(len(truth)) < truth).astype(float)


def overconfident(n, seed):
    rng, p = scores(n, seed)
    return p, draw(rng, expit(logit(p) / 2 - 0.5))


def bent(n, seed):
    """Overconfident at both ends of a side feature."""
    rng, p = scores(n, seed)
    x = rng.random(n)
    return p, draw(rng, expit(logit(p) - 6 * (x - 0.5) ** 2)), x[:, None]


N = 20_000


def test_metrics_equal_sklearn():
    p, y = overconfident(N, 0)
    assert brier(p, y) == pytest.approx(brier_score_loss(y, p))
    assert negative_log_likelihood(p, y) == pytest.approx(log_loss(y, p))


@pytest.mark.parametrize(("n", "floor"), [(2_000, 0.0327), (20_000, 0.0103), (200_000, 0.0033)])
def test_a_calibrated_score_shows_the_noise_floor(n, floor):
    rng, p = scores(n, 1)
    assert ece_noise_floor(p) == pytest.approx(floor, rel=0.05)
    repeats = [ece(p, draw(rng, p)) for _ in range(20 if n < 100_000 else 4)]
    assert np.mean(repeats) == pytest.approx(floor, rel=0.25)
    if n == 200_000:
        assert ece(p, draw(rng, p)) < 0.006


def test_frames_of_one_run_are_not_samples():
    rng, p = scores(200, 2)
    identical = ece(np.repeat(p, 100), np.repeat(draw(rng, p), 100))
    rng, p = scores(N, 2)
    assert identical == pytest.approx(0.097, abs=0.03)
    assert ece(p, draw(rng, p)) == pytest.approx(0.011, abs=0.004)


def test_duplicated_data_do_not_change_the_calibration_error():
    p, y, x = bent(4_000, 3)
    once = detailed_ece(p, y, x, 10, min_count=1)
    assert detailed_ece(np.tile(p, 4), np.tile(y, 4), np.tile(x, (4, 1)), 10, min_count=1) == pytest.approx(once)


def test_three_calibrators_on_an_overconfident_score():
    p, y = overconfident(N, 4)
    q, z = overconfident(N, 5)
    assert ece(q, z) == pytest.approx(0.131, abs=0.01)
    assert brier(q, z) == pytest.approx(0.243, abs=0.005)
    for calibrator, expected in (
        (HistogramBinning.fit(p, y), 0.012),
        (LogisticCalibration.fit(p, y), 0.009),
        (BetaCalibration.fit(p, y), 0.008),
    ):
        calibrated = calibrator.predict(q)
        assert ece(calibrated, z) == pytest.approx(expected, abs=0.006)
        assert brier(calibrated, z) == pytest.approx(0.219, abs=0.004)
    assert LogisticCalibration.fit(p, y).slope == pytest.approx(0.5, abs=0.05)


def test_logistic_calibration_is_sklearns_logistic_regression():
    p, y = overconfident(N, 6)
    ours = LogisticCalibration.fit(p, y)
    theirs = LogisticRegression(C=1e6, tol=1e-8).fit(logit(p)[:, None], y)
    assert (ours.slope, ours.intercept) == pytest.approx((theirs.coef_[0, 0], theirs.intercept_[0]), abs=1e-3)


def test_monotone_maps_leave_rankings_alone():
    p, y = overconfident(N, 4)
    q, z = overconfident(N, 5)
    for calibrator in (LogisticCalibration.fit(p, y), BetaCalibration.fit(p, y)):
        calibrated = calibrator.predict(q)
        assert roc_auc_score(z, calibrated) == pytest.approx(roc_auc_score(z, q), abs=1e-12)
        assert average_precision_score(z, calibrated) == pytest.approx(average_precision_score(z, q), abs=1e-12)


def test_a_feature_dependent_error_needs_a_quadratic_map():
    p, y, x = bent(N, 7)
    q, z, w = bent(N, 8)
    plain = LogisticCalibration.fit(p, y).predict(q)
    linear = MultivariateLogistic.fit(p, y, x, quadratic=False).predict(q, w)
    quadratic = MultivariateLogistic.fit(p, y, x).predict(q, w)
    errors = [detailed_ece(s, z, w, 10) for s in (q, plain, linear, quadratic)]
    assert errors == pytest.approx([0.107, 0.077, 0.077, 0.019], abs=0.012)
    assert [negative_log_likelihood(s, z) for s in (q, plain, quadratic)] == pytest.approx(
        [0.596, 0.570, 0.550], abs=0.01
    )
    assert [roc_auc_score(z, s) for s in (q, plain, quadratic)] == pytest.approx([0.755, 0.755, 0.777], abs=0.01)
    # What looks well on the whole may be worse in the middle of the feature.
    centre, border = np.abs(w[:, 0] - 0.5) < 0.1, np.abs(w[:, 0] - 0.5) > 0.4
    for part, expected in ((centre, (0.011, 0.094, 0.010)), (border, (0.237, 0.137, 0.013))):
        found = [ece(s[part], z[part], 10) for s in (q, plain, quadratic)]
        assert found == pytest.approx(expected, abs=0.02)


def test_binning_with_side_features_falls_back_where_a_cell_is_empty():
    p, y, x = bent(N, 9)
    fitted = HistogramBinning.fit(p, y, 10, np.minimum(x, 0.49))
    q = np.array([0.35, 0.65])
    unseen = fitted.predict(q, np.array([[0.9], [0.9]]))
    assert unseen == pytest.approx(fitted.by_score[[3, 6]])
    sparse = HistogramBinning.fit(np.array([0.15, 0.15]), np.array([0.0, 1.0]), 10)
    assert sparse.predict(np.array([0.15, 0.95])) == pytest.approx([0.5, 0.95])


def test_another_share_of_failures_is_corrected():
    def mixed(n, share, seed):
        rng = np.random.default_rng(seed)
        y = (rng.random(n) < share).astype(float)
        return rng.normal(y * 1.51, 1.0), y

    score, y = mixed(100_000, 0.40, 0)
    test, z = mixed(100_000, 0.05, 1)
    fitted = LogisticCalibrationOfScore.fit(score, y).predict(test)
    corrected = correct_base_rate(fitted, 0.40, 0.05)
    assert ece(fitted, z) == pytest.approx(0.2227, abs=0.015)
    assert ece(corrected, z) == pytest.approx(0.0033, abs=0.002)
    assert (brier(fitted, z), brier(corrected, z)) == pytest.approx((0.1184, 0.0388), abs=0.008)
    assert roc_auc_score(z, corrected) == roc_auc_score(z, fitted) == pytest.approx(0.857, abs=0.006)


def test_the_exact_map_of_two_gaussian_classes():
    exact = gaussian_logistic(0.7, 0.4, 0.15)
    ratio = norm.pdf(0.63, 0.7, 0.15) / norm.pdf(0.63, 0.4, 0.15)
    assert ratio == pytest.approx(2.906, abs=5e-4)
    answer = exact.predict(np.array([0.63]))[0]
    assert answer / (1 - answer) == pytest.approx(ratio, abs=1e-9)


def test_the_beta_map_is_the_ratio_of_two_beta_densities():
    """ln LR = (α₊ − α₋) ln p − (β₋ − β₊) ln(1 − p) + ln B(α₋, β₋) − ln B(α₊, β₊)."""
    event, safe = (4.0, 2.0), (2.0, 5.0)
    exact = BetaCalibration(event[0] - safe[0], safe[1] - event[1], betaln(*safe) - betaln(*event))
    p = np.linspace(0.02, 0.98, 25)
    assert logit(exact.predict(p)) == pytest.approx(beta.logpdf(p, *event) - beta.logpdf(p, *safe), abs=1e-9)
    rng = np.random.default_rng(0)
    sample = np.concatenate([rng.beta(*event, 40_000), rng.beta(*safe, 40_000)])
    fitted = BetaCalibration.fit(sample, np.repeat([1.0, 0.0], 40_000))
    assert (fitted.a, fitted.b, fitted.c) == pytest.approx((exact.a, exact.b, exact.c), abs=0.15)


def test_binning_moves_the_average_precision_that_monotone_maps_keep():
    p, y = overconfident(N, 4)
    q, z = overconfident(N, 5)
    raw = average_precision_score(z, q)
    assert raw == pytest.approx(0.5314, abs=0.015)
    binned = average_precision_score(z, HistogramBinning.fit(p, y).predict(q))
    # Scores of one bin are ties, which count as one step.
    assert raw - 0.02 < binned < raw


def test_the_quadratic_map_is_the_ratio_of_two_gaussians():
    rng = np.random.default_rng(0)
    safe = multivariate_normal([0.0, 0.0], [[1.0, 0.2], [0.2, 0.5]])
    event = multivariate_normal([0.8, 0.3], [[0.6, -0.1], [-0.1, 0.8]])
    points = np.vstack([safe.rvs(60_000, random_state=1), event.rvs(60_000, random_state=2)])
    y = np.repeat([0.0, 1.0], 60_000)
    fitted = MultivariateLogistic.fit(expit(points[:, 0]), y, points[:, 1:])
    grid = rng.uniform(-1, 1, size=(50, 2))
    log_ratio = event.logpdf(grid) - safe.logpdf(grid)
    assert logit(fitted.predict(expit(grid[:, 0]), grid[:, 1:])) == pytest.approx(log_ratio, abs=0.08)


def fused(p, y, q):
    return MultivariateLogistic.fit(expit(p[:, 0]), y, p[:, 1:], quadratic=False).predict(expit(q[:, 0]), q[:, 1:])


def test_fusing_helps_where_monitors_know_different_things():
    def sample(seed, redundant):
        rng = np.random.default_rng(seed)
        y = (rng.random(N) < 0.2).astype(float)
        first = y + rng.normal(size=N)
        second = first + 0.5 * rng.normal(size=N) if redundant else y + rng.normal(size=N)
        return np.column_stack([first, second]), y

    for redundant, expected in ((False, 0.841), (True, 0.760)):
        (p, y), (q, z) = sample(0, redundant), sample(1, redundant)
        both = fused(p, y, q)
        assert roc_auc_score(z, q[:, 0]) == pytest.approx(0.760, abs=0.012)
        assert roc_auc_score(z, both) == pytest.approx(expected, abs=0.012)
        assert ece(both, z) < 0.015
        if redundant:
            assert roc_auc_score(z, both) == pytest.approx(roc_auc_score(z, q[:, 0]), abs=0.005), "it adds nothing"


def test_a_rate_per_frame_is_no_rate_per_drive():
    rng = np.random.default_rng(0)
    fit, fresh = rng.gamma(2.0, size=(400, 300)), rng.gamma(2.0, size=(400, 300))
    per_frame = np.quantile(fit, 0.99)
    assert np.mean(fresh.max(axis=1) > per_frame) == pytest.approx(0.95, abs=0.03)
    per_drive = conformal_threshold(fit.max(axis=1), 0.05)
    assert np.mean(fresh.max(axis=1) > per_drive) == pytest.approx(0.05, abs=0.035)


def test_largest_and_average_gap():
    p = np.array([0.05] * 10 + [0.95] * 10)
    y = np.array([0.0] * 9 + [1.0] + [1.0] * 7 + [0.0] * 3)
    assert maximum_and_average_error(p, y) == pytest.approx((0.25, 0.15))


def test_data_that_cannot_be_calibrated_are_refused():
    p = np.full(10, 0.5)
    with pytest.raises(CalibrationError, match="both events"):
        LogisticCalibration.fit(p, np.zeros(10))
    with pytest.raises(CalibrationError, match="outcomes"):
        LogisticCalibration.fit(p, np.zeros(9))
    with pytest.raises(CalibrationError, match="finite"):
        BetaCalibration.fit(np.full(10, np.nan), np.r_[np.zeros(5), np.ones(5)])
