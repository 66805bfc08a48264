"""The page of monitors says what the classes declare."""

from __future__ import annotations

from agents.monitor_catalogue import PAGE, page
from agents.registry import monitor_names


def test_the_page_is_current_and_names_every_monitor() -> None:
    text = page()
    assert PAGE.read_text(encoding="utf-8") == text, "run `python -m agents.monitor_catalogue`"
    assert all(f"| `{name}` |" in text for name in monitor_names())
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert not [row for row in rows if "|  |" in row], "every monitor says what it scores, in which unit, and how soon"
