"""Colour and dash of every monitor's line, the same wherever it is drawn: told apart without colour too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.monitor_kinds import COLOURS

LEARNED = ("c-green", "c-red", "c-sky", "c-purple")
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


def _group(name: str) -> str:
    return "saliency" if "saliency" in name else "camera" if "camera" in name else "other"
