"""1 s windows: where they lie, and their figures against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, matthews_corrcoef, precision_score, recall_score

from harness.evaluation import windows
from harness.evaluation.departures import find_departures
from harness.evaluation.event_figures import WINDOW_COUNTS, WINDOW_STATISTICS, window_figures
from harness.evaluation.event_metrics import AlarmCounts
from harness.evaluation.statistics.bootstrap import bootstrap
from harness.evaluation.zones import find_zones
from tests.harness.evaluation.synthetic import TICK_S, ticks_of


def cut(ticks):
    zones = find_zones(find_departures(ticks, TICK_S), ticks["odd_mask"], ticks["sensor_level"], TICK_S)
    return windows.cut_windows(zones, TICK_S)


def test_positive_windows_end_at_the_reaction_zone_and_negative_ones_start_after_the_warm_up():
    found = cut(ticks_of(460, onset_tick=400))
    assert found.positive.tolist() == [340, 360]
    assert found.negative.tolist() == list(range(40, 340, 20))


def test_masked_time_breaks_the_row_of_windows():
    ticks = ticks_of(460, onset_tick=400)
    ticks.loc[[350, 110], "odd_mask"] = True
    found = cut(ticks)
    assert found.positive.tolist() == [360]
    assert found.negative.tolist() == [40, 60, 80, *range(111, 330, 20)]


def test_a_window_is_alarmed_if_the_alarm_is_up_anywhere_in_it():
    found = cut(ticks_of(460, onset_tick=400))
    alarm = np.zeros(460, dtype=bool)
    alarm[[359, 60, 79]] = True
    assert windows.alarmed_windows(alarm, found.positive, found.ticks) == 1
    assert windows.alarmed_windows(alarm, found.negative, found.ticks) == 1


@pytest.mark.parametrize("seed", range(3))
def test_figures_equal_sklearn(seed):
    rng = np.random.default_rng(seed)
    truth = rng.random(400) < 0.2
    answer = rng.random(400) < np.where(truth, 0.6, 0.15)
    rows = []
    for part in np.array_split(np.arange(400), 40):
        t, a = truth[part], answer[part]
        row = AlarmCounts(*[0.0] * 14)._replace(
            tp=(t & a).sum(), fp=(~t & a).sum(), fn=(t & ~a).sum(), tn=(~t & ~a).sum()
        )
        rows.append(row)
    table = np.array(rows, dtype=float)[:, [AlarmCounts._fields.index(name) for name in WINDOW_COUNTS]]
    figures = window_figures(table, bootstrap(table, WINDOW_STATISTICS, ["a"] * 40, seed=0))
    assert figures["precision"]["value"] == pytest.approx(precision_score(truth, answer))
    assert figures["recall"]["value"] == pytest.approx(recall_score(truth, answer))
    assert figures["f3"]["value"] == pytest.approx(fbeta_score(truth, answer, beta=3))
    assert figures["mcc"]["value"] == pytest.approx(matthews_corrcoef(truth, answer))
    for name in ("precision", "recall", "fpr", "f3", "mcc"):
        assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"]
