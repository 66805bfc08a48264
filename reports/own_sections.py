"""Report sections of a user's own: their class gives words and tables, the page is made here.

A scenario lists them under ``sections``, by a short name that an installed package announces (entry points
``closed_loop_harness.sections``) or as ``package.module:Class``. They stand before the provenance. What they give is
escaped like everything else, so that no section can change another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from harness.evaluation.own_metrics import load_plug_in
from reports.campaign_data import CampaignData
from reports.formatting import number, rate
from reports.section import Section, dig


class NoSectionError(ValueError):
    """A class that a scenario lists under ``sections`` is none."""


@dataclass(frozen=True)
class OwnTable:
    """A table of text: heads of the columns and rows as long as these."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class OwnContent:
    """What a section shows: paragraphs, then tables."""

    paragraphs: Sequence[str] = ()
    tables: Sequence[OwnTable] = ()


@runtime_checkable
class OwnSection(Protocol):
    """A section of the report.

    Attributes:
        title: heading.
    """

    title: str

    def build(self, data: CampaignData) -> OwnContent:
        """What to show of a campaign; format numbers with `reports.formatting`, where undefined is a dash."""


def make_section(name: str) -> OwnSection:
    """A section by name.

    Raises:
        UnknownNameError: nothing of that name.
        NoSectionError: the class is no section.
    """
    section = load_plug_in(name, "sections")
    if not isinstance(section, OwnSection):
        raise NoSectionError(
            f"{name!r} is no report section: see reports.own_sections.OwnSection for what it must have"
        )
    return section


def own_sections(data: CampaignData) -> list[Section]:
    """The metrics and sections that the campaign's scenario lists; what cannot be made says why in its place."""
    figures = data.summary.get("own_metrics") or []
    names = dig(data.campaign, "spec", "sections") or []
    metrics = [_metrics_section(figures)] if figures else []
    return metrics + [_section(data, str(name), f"own-{place}") for place, name in enumerate(names, start=1)]


def _metrics_section(figures: Sequence[Mapping[str, Any]]) -> Section:
    problems = [f"{entry['requested']}: {entry['problem']}" for entry in figures if entry["problem"]]
    tables = [_metric_table(entry) for entry in figures if not entry["problem"]]
    return Section(
        "own-metrics",
        "Own metrics",
        "Metrics of this campaign's own",
        "own.html.j2",
        "Means over the shadow runs that count, with 95 % intervals of a bootstrap over pairs.",
        {"content": OwnContent(problems, tables)},
    )


def _metric_table(entry: Mapping[str, Any]) -> OwnTable:
    rows = [_metric_row("all", entry["mean"])]
    rows += [_metric_row(str(row["condition"]), row["mean"]) for row in entry["by_condition"]]
    caption = f"{entry['name']} ({entry['unit']}), version {entry['version']}; undefined in {entry['undefined']} runs"
    return OwnTable(caption, ("condition", f"mean ({entry['unit']})", "95 % interval", "runs"), rows)


def _metric_row(condition: str, mean: Mapping[str, Any]) -> Sequence[str]:
    shown = rate(mean, "number")
    return (
        condition,
        shown.text if shown.defined else f"{shown.text} {shown.reason}",
        shown.interval,
        number(mean["n"], 0),
    )


def _section(data: CampaignData, name: str, key: str) -> Section:
    title = name
    try:
        made = make_section(name)
        title = made.title
        content = made.build(data)
        for table in content.tables:
            if any(len(row) != len(table.heads) for row in table.rows):
                raise ValueError(f"table {table.caption!r} has rows that are not as long as its heads")
    except Exception as error:  # a user's code: whatever it raises must not cost the campaign its report
        return Section(key, title, title, "own.html.j2", missing=f"{name}: {type(error).__name__}: {error}")
    return Section(key, title, title, "own.html.j2", view={"content": content})
