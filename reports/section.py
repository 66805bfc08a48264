"""One section of the page: its place in the navigation, its view for the template, or why it is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Section:
    """A section ready to be rendered.

    Attributes:
        key: anchor in the page.
        short: word in the navigation.
        title: heading.
        lead: one or two sentences that say what the reader sees.
        template: file in ``templates/``.
        view: values the template prints (escaped there).
        missing: why there is nothing to show; empty when there is.
    """

    key: str
    short: str
    title: str
    template: str
    lead: str = ""
    view: Mapping[str, Any] = field(default_factory=dict)
    missing: str = ""


def dig(value: Any, *keys: str) -> Any:
    """``value[k1][k2]…``, None where a level is missing."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
