"""The page that compares monitors shows what is stored."""

from __future__ import annotations

import pytest

from agents.training.marked_tables import PageError, with_marked_tables
from benchmarks.comparison_page import PAGE, rate, tables


def test_the_tables_of_the_page_are_those_of_the_stored_results() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_marked_tables(page, tables()) == page, "run `python -m benchmarks.comparison_page`"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(PageError, match="reference:begin"):
        with_marked_tables("# Monitors", {"reference": "| |"})


def test_an_undefined_figure_is_a_dash() -> None:
    assert rate(None) == rate({"value": None, "low": None, "high": None}) == "–"
    assert rate({"value": -0.011, "low": -0.02, "high": 0.01}) == "-0.01 [-0.02, 0.01]"
