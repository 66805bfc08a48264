"""Tables that stand between two marks in a page."""

from __future__ import annotations

import re
from collections.abc import Mapping


class PageError(ValueError):
    """The page lacks the marks of a table."""


def with_marked_tables(page: str, written: Mapping[str, str]) -> str:
    """The page with these tables, by their marks, between ``<!-- name:begin -->`` and ``<!-- name:end -->``.

    Raises:
        PageError: marks are missing.
    """
    for name, table in written.items():
        marks = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        if not marks.search(page):
            raise PageError(f"the page has no marks <!-- {name}:begin --> and <!-- {name}:end -->")
        page = marks.sub(lambda found, table=table: f"{found[1]}{table}{found[2]}", page)  # type: ignore[misc]
    return page
