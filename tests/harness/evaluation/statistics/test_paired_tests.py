"""McNemar and Holm against worked values."""

import pytest
from scipy.stats import binom

from harness.evaluation.statistics.holm import holm
from harness.evaluation.statistics.mcnemar import mcnemar_exact


def test_mcnemar_is_the_two_sided_binomial_on_discordant_pairs():
    assert mcnemar_exact(12, 3) == pytest.approx(2 * binom.sf(11, 15, 0.5))
    assert mcnemar_exact(12, 3) == pytest.approx(2 * 0.0176, abs=1e-4)
    assert mcnemar_exact(5, 5) == 1.0


def test_mcnemar_says_nothing_without_discordant_pairs():
    assert mcnemar_exact(0, 0) is None


def test_holm_steps_down_and_stays_monotone():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    )


def test_holm_caps_at_one_and_leaves_untested_monitors_out():
    assert holm({"a": 0.9, "b": None, "c": 0.8}) == {"a": 1.0, "b": None, "c": 1.0}
