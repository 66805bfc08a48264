"""The README's table is what the stored summary says, nothing typed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.results_table import (
    BEGIN,
    END,
    README,
    REFERENCE,
    TAKEOVERS,
    UNSEEN_IDEAL,
    ReadmeMarkersError,
    rate_text,
    render,
    stored_summary,
    write_readme,
)


def test_the_readme_shows_the_stored_summary() -> None:
    text = README.read_text(encoding="utf-8")
    shown = text.split(BEGIN, 1)[1].split(END, 1)[0].strip()
    assert shown == render(*(stored_summary(name) for name in (REFERENCE, UNSEEN_IDEAL, TAKEOVERS))).strip()


def test_a_rate_shows_value_interval_or_why_there_is_none() -> None:
    rate = {"value": 0.125, "k": 2, "n": 16, "low": 0.02, "high": 0.38, "method": "clopper-pearson"}
    assert rate_text(rate) == "12.5 % [2.0, 38.0]"
    assert rate_text({**rate, "value": None, "reason": "no trials"}) == "– (no trials)"
    assert rate_text(None) == "–"


def test_a_readme_without_markers_is_refused_and_left_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# no markers\n", encoding="utf-8")
    with pytest.raises(ReadmeMarkersError, match="results:begin"):
        write_readme("table", readme)
    assert readme.read_text(encoding="utf-8") == "# no markers\n"


def test_only_what_stands_between_the_markers_changes(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_readme("new", readme)
    assert readme.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
