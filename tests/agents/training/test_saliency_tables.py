"""The figures of docs/saliency.md are those of the stored results."""

from __future__ import annotations

import pytest

from agents.training.saliency_tables import PAGE, with_tables


def test_the_page_shows_the_stored_results() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run `python -m agents.training.saliency_tables`"


def test_marks_that_are_missing_are_named() -> None:
    with pytest.raises(ValueError, match="gate:begin"):
        with_tables("no marks")
