"""The maps: turned but never mirrored, marks where the record says, of the grade it says, alarms before departures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reports.campaign_data import load
from reports.charts.road_map import GRADES, RunPath, grade_shape, projection, road_map
from reports.operating_points import operating_points
from reports.sections import maps
from tests.reports.browser import Browser


def test_a_map_is_turned_and_scaled_but_never_mirrored() -> None:
    angle = np.linspace(0.0, 1.2, 40)
    bend = np.column_stack([60.0 * np.sin(angle), 60.0 * (np.cos(angle) - 1.0)])  # a left bend: y to the right
    project, height, scale = projection(bend)
    drawn = project(bend)
    np.testing.assert_allclose(
        np.linalg.norm(np.diff(drawn, axis=0), axis=1), scale * np.linalg.norm(np.diff(bend, axis=0), axis=1)
    )
    a, b = drawn[10] - drawn[0], drawn[30] - drawn[10]
    assert a[0] * b[1] - a[1] * b[0] < 0  # on a page, whose y points down, left is counter-clockwise
    assert drawn[0, 0] < drawn[-1, 0] and drawn.min() >= 0 and drawn[:, 1].max() <= height


def test_marks_tell_grades_apart_by_shape_and_link_to_the_player() -> None:
    assert len({grade_shape(grade, 0.0, 0.0) for grade in GRADES}) == 4
    line = np.column_stack([np.linspace(0, 100, 50), np.zeros(50)])
    run = RunPath(line, "noise", "report/e.html#t=1.00", "G2", (40.0, 2.0), [(30.0, 0.5)], "noise: G2")
    text = road_map("bend", line - np.array([0, 1.75]), line + np.array([0, 1.75]), [run, RunPath(line, "ideal")])
    assert '<a href="report/e.html#t=1.00"><path' in text
    assert text.count("onset-place grade-G2") == 1 and text.count("alarm-place grade-G2") == 1
    assert text.count('class="run departed"') == 1 and text.count('class="run kept"') == 1
    assert "2 runs, 1 left their lane: 0 G0, 0 G1, 1 G2, 0 G3" in text


def test_a_straight_road_without_width_has_a_map() -> None:
    line = np.column_stack([np.linspace(0, 80, 20), np.zeros(20)])
    assert "viewBox" in road_map("straight", line, line, [RunPath(line, "ideal")])


def test_maps_count_what_the_records_hold(campaign: Path) -> None:
    data = load(campaign)
    section = maps.build(data, operating_points(data.summary), set())
    shadows = [row for row in data.episodes if row["mode"] == "shadow"]
    cards = [*section.view["open"], *section.view["folded"]]
    assert {card["road"] for card in cards} == {row["road"] for row in shadows}
    departed = sum(bool(row["departures"]) for row in shadows)
    assert departed and sum(card["map"].count("onset-place") for card in cards) == departed
    shown = [int(card["departed"].split()[0]) for card in cards]
    assert sum(shown) == departed
    assert section.view["alarms"] == "saliency_student @ fa0.50"


def test_a_condition_can_be_looked_at_alone(report: Callable[[], Browser]) -> None:
    page = report()
    choose = (
        "const s = document.getElementById('map-condition'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('change'));"
        "return [...document.querySelectorAll('svg.map g.run:not(.off)')].map(g => g.dataset.condition)"
    )
    everything = page.run(choose, "")
    assert set(page.run(choose, "noise, severe")) == {"noise, severe"}
    assert sorted(page.run(choose, "")) == sorted(everything)


def test_every_mark_lies_in_its_chart(report: Callable[[], Browser]) -> None:
    outside = """
      return [...document.querySelectorAll('svg.map')].map(svg => {
        const box = svg.viewBox.baseVal;
        return [...svg.querySelectorAll('.onset-place, .alarm-place, .lane')].filter(e => { const b = e.getBBox();
          return b.x < -1 || b.y < -1 || b.x + b.width > box.width + 1 || b.y + b.height > box.height + 1
        }).length })"""
    counts = report().run(outside)
    assert counts and set(counts) == {0}


def test_road_without_shadow_runs_says_so(campaign: Path) -> None:
    data = load(campaign)
    rows = [row for row in data.episodes if row["mode"] != "shadow"]
    section = maps.build(type(data)(data.folder, data.campaign, data.summary, rows, data.entries), {}, set())
    assert re.search("No run of the agent alone", section.missing)


@pytest.mark.parametrize("grade", GRADES)
def test_every_grade_has_words(grade: str) -> None:
    assert maps.GRADE_WORDS[grade]
