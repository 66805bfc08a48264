"""Colour and dash of every monitor's line, the same wherever it is drawn: told apart without colour too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reports.monitor_kinds import COLOURS

LEARNED = ("c-green", "c-red", "c-sky")
MOST_LINES = {"learned": 7, "baseline": 3, "privileged": 3}
BANDED = 2
DASHES = ("", "dashed", "dotted", "dash-dot", "long-dash", "dash-dot-dot")


def line_styles(names: Sequence[str], kind_of: Callable[[str], str]) -> dict[str, str]:
    """Monitor -> classes of its line: a colour, then a dash.

    The saliency students are blue and the camera students orange, as in the paper's table; other failure predictors
    take the other colours in turn, controls are grey, privileged ones purple, all told apart by their dashes.

    Args:
        names: in a fixed order; equal orders give equal styles.
        kind_of: ``learned``, ``baseline`` or ``privileged`` of a name.
    """
    used: dict[str, int] = {}
    styles = {}
    for name in names:
        kind = kind_of(name)
        group = _group(name) if kind == "learned" else kind
        place = used[group] = used.get(group, -1) + 1
        if group == "other":
            colour, dash = LEARNED[place % len(LEARNED)], DASHES[place // len(LEARNED) % len(DASHES)]
        else:
            colour = {"saliency": "c-blue", "camera": "c-orange"}.get(group) or COLOURS[kind]
            dash = DASHES[place % len(DASHES)]
        styles[name] = f"{colour} {dash}".strip()
    return styles


def lines_to_draw(merits: Mapping[str, float], kind_of: Callable[[str], str]) -> tuple[list[str], set[str]]:
    """(monitors that get a line, those whose interval is drawn too): the best of each kind; more would hide each other.

    Args:
        merits: monitor -> figure to rank by, higher is better; in the order in which lines are listed.
        kind_of: ``learned``, ``baseline`` or ``privileged`` of a name.
    """
    chosen: set[str] = set()
    banded: set[str] = set()
    for kind, most in MOST_LINES.items():
        ranked = sorted((name for name in merits if kind_of(name) == kind), key=lambda name: -merits[name])
        chosen |= set(ranked[:most])
        if kind == "learned":
            banded = set(ranked[:BANDED])
    return [name for name in merits if name in chosen], banded


def _group(name: str) -> str:
    return "saliency" if "saliency" in name else "camera" if "camera" in name else "other"
