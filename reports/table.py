"""Cells of sortable tables: what is printed, and the plain value that sorting uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports.formatting import DASH, finite, number


@dataclass(frozen=True)
class Cell:
    """One cell. ``value`` sorts (empty = unknown, last); ``link`` is an address."""

    text: str
    value: str = ""
    numeric: bool = False
    mono: bool = False
    badge: str = ""
    link: str = ""


def words(value: Any) -> Cell:
    """Text; a dash when empty."""
    text = "" if value is None else str(value)
    return Cell(text or DASH, text)


def figure(value: Any, digits: int) -> Cell:
    """A number; a dash when undefined."""
    known = finite(value)
    return Cell(number(known, digits), "" if known is None else f"{known:.6g}", numeric=True)
