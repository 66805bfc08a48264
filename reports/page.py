"""What every page shares: the template environment (everything is escaped) and the style sheet."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from reports import formatting
from reports.glossary import anchor, link_terms

TEMPLATES = Path(__file__).parent / "templates"


def environment() -> jinja2.Environment:
    """Templates; every value is escaped, a missing one is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["offline"] = frozenset[str]()  # a page of a campaign sets the monitors that were scored afterwards
    made.filters["rate"] = formatting.rate
    made.filters["anchor"] = anchor
    made.filters["link_terms"] = link_terms
    return made


def style(*more: str) -> Markup:
    """The common style sheet and further ones by file name, to stand inside a page."""
    return Markup("\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", *more)))
