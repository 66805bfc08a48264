"""Charts: scales, ticks, what a screen reader hears, text that stays text."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from reports.charts.interval_strip import interval_strip
from reports.charts.scatter import LABEL_HEIGHT, Point, scatter
from reports.charts.svg import Canvas, Scale, nice_ticks
from reports.charts.time_series import DepartureTrace, MonitorTrace, departure_chart
from reports.evidence import OperatingPoint, departure_trace, spread_over_groups


def test_scale_maps_ends_and_clamps() -> None:
    x = Scale(0.0, 10.0, 100.0, 200.0)
    assert [x(v) for v in (0, 5, 10, 20, -5)] == [100, 150, 200, 200, 100]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.37, 0.9), (13.2, 24.9), (0, 1e-6), (-90, 90)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 11
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0])


def test_text_in_a_chart_is_escaped() -> None:
    canvas = Canvas(10, 10, "<b>&\"'")
    canvas.text(0, 0, "</svg><script>")
    root = ElementTree.fromstring(str(canvas.markup()))
    assert root.attrib["aria-label"] == "<b>&\"'" and root[0].text == "</svg><script>"


def test_strip_of_an_undefined_rate_has_no_dot() -> None:
    few = {"value": None, "k": 3, "n": 7, "low": 0.1, "high": 0.8, "method": "x", "reason": "fewer than 10 events"}
    assert "circle" not in interval_strip(few) and "whisker" in interval_strip(few)
    assert "circle" in interval_strip({**few, "value": 0.43})
    assert "undefined: not measured" in interval_strip(None)


def test_labels_of_close_points_do_not_cover_each_other() -> None:
    points = [Point(f"monitor {k}", 0.1 + k * 0.001, 0.5, detail="x") for k in range(12)]
    root = ElementTree.fromstring(str(scatter(points, "t", "x", "y")))
    ys = sorted(float(e.attrib["y"]) for e in root if (e.text or "").startswith("monitor "))
    assert len(ys) == 12 and np.diff(ys).min() >= LABEL_HEIGHT - 0.11
    assert min(ys) > 0 and max(ys) < 430


def test_departure_chart_survives_gaps_and_says_who_warned() -> None:
    time_s = np.arange(0, 5, 0.05)
    gaps = np.where(np.arange(100) % 10 == 0, np.nan, 1.0)
    trace = DepartureTrace(
        time_s, gaps, gaps * 2, gaps * 0.1, 3.0, [(3.0, 4.0)], [], [MonitorTrace("watcher", gaps, [(1.0, 2.0)])]
    )
    markup = str(departure_chart(trace, "run"))
    assert "nan" not in markup.lower() and "alarms of watcher" in markup
    ElementTree.fromstring(markup)


def test_trace_alarms_come_from_the_protocols_alarm_rule() -> None:
    n = 200
    ticks = pd.DataFrame(
        {
            "time_s": np.arange(n) * 0.05,
            "swa_agent_deg": np.zeros(n),
            "swa_label_deg": np.zeros(n),
            "lane_margin_m": np.where(np.arange(n) >= 160, -0.1, 0.4),
            "odd_mask": np.zeros(n, bool),
            "takeover": np.zeros(n, bool),
            "score__watcher": np.where((np.arange(n) >= 100) & (np.arange(n) < 140), 1.0, 0.0),
        }
    )
    trace = departure_trace(ticks, 8.0, 0.05, {"watcher": OperatingPoint(0.5, 0.5)}, ["watcher", "unknown"])
    assert [m.name for m in trace.monitors] == ["watcher"]
    ((start, end),) = trace.monitors[0].alarms
    # Mean over 0.5 s exceeds one half 6 ticks after the step; on after 0.1 s.
    assert start == pytest.approx((100 + 6) * 0.05) and end == pytest.approx((140 + 6) * 0.05)
    assert trace.departed == [pytest.approx((8.0, 10.0))]
    assert trace.time_s[0] == pytest.approx(0.0)


def test_cards_are_taken_from_every_group_in_turn() -> None:
    found = spread_over_groups([("a", f"a{k}") for k in range(9)] + [("b", "b0")] + [("c", "c0"), ("c", "c1")], 5)
    assert found == ["a0", "b0", "c0", "a1", "c1"]
