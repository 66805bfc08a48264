"""The report of one campaign: a page that opens offline and answers questions in order, and a page per episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from harness.results.files import replace_atomically
from reports.alarms_by_condition import alarms_by_condition
from reports.campaign_data import CampaignData, load
from reports.episode_pages import choose_pages, write_episode_pages
from reports.evidence import OperatingPoint
from reports.glossary import GLOSSARY
from reports.monitor_kinds import ORDER
from reports.operating_points import MAIN_POINT, operating_points
from reports.own_sections import own_sections
from reports.page import TEMPLATES, environment, style
from reports.section import Section, dig
from reports.sections import (
    conditions,
    curves,
    departures,
    doses,
    episodes,
    headline,
    maps,
    monitors,
    paper,
    parameter_space,
    proof,
    provenance,
    questions,
    rescue,
    safety,
    slices,
    verdict,
)

REPORT_FILE = "report.html"
REPORT_VERSION = 2
# Maps of all methods cost half a second per episode: as many as a report may wait for.
EXPLAINED_DEPARTURES = 16


def build_report(results_dir: Path, explained: Sequence[str] = ()) -> Path:
    """Write ``report.html`` and the episode pages in ``report/`` into a campaign's folder; nothing else is touched.

    Args:
        results_dir: folder with ``campaign.json``, ``index.jsonl`` and, when judged, ``summary.json``.
        explained: episodes (or ``all``) whose pages get the maps of every saliency method, beside the first departures.

    Returns:
        Path of the report.

    Raises:
        StoreError: no readable campaign there.
        ReportError: ``summary.json`` is damaged.
    """
    data = load(results_dir)
    points = operating_points(data.summary)
    monitors = _most_telling(points, data)
    paged = choose_pages(data)
    templates = environment()
    maps_of = set(paged) if "all" in explained else {*departures.choose(data, EXPLAINED_DEPARTURES), *explained}
    write_episode_pages(data, paged, points, monitors, templates, maps_of)
    path = results_dir / REPORT_FILE
    replace_atomically(path, _render(data, _sections(data, points, monitors, set(paged)), templates).encode())
    return path


def _sections(
    data: CampaignData, points: Mapping[str, OperatingPoint], drawn: list[str], paged: set[str]
) -> list[Section]:
    shown = departures.choose(data)
    learned = [name for name in drawn if data.kind(name) == "learned"]
    alarms = alarms_by_condition(data.summary, learned)
    return [
        verdict.build(data),
        headline.build(data),
        questions.build(data),
        slices.build(data),
        proof.build(data),
        safety.build(data),
        rescue.build(data),
        paper.build(data),
        conditions.build(data, alarms, MAIN_POINT),
        doses.build(data, alarms, MAIN_POINT),
        *([parameter_space.build(data)] if data.summary.get("parameter_space") else []),
        monitors.build(data),
        curves.build(data),
        maps.build(data, points, paged),
        episodes.build(data, paged),
        departures.build(data, shown, points, drawn, paged),
        *own_sections(data),
        provenance.build(data),
        Section(
            "glossary",
            "Glossary",
            "Glossary",
            "glossary.html.j2",
            view={"words": [(word, meaning) for word, meaning, _ in GLOSSARY]},
        ),
    ]


def _most_telling(points: Mapping[str, OperatingPoint], data: CampaignData) -> list[str]:
    """Monitors in the order in which a reader wants them drawn: the learned ones first."""
    return sorted(points, key=lambda name: (ORDER.index(data.kind(name)), "saliency" not in name, name))


def _subtitle(data: CampaignData) -> str:
    parts = [
        str(data.campaign.get("description") or "").strip(),
        f"{len(data.episodes)} episodes",
        f"agent {dig(data.campaign, 'agent', 'name')}" if dig(data.campaign, "agent", "name") else "",
        f"started {data.campaign['created_at']}" if data.campaign.get("created_at") else "",
        f"status {data.campaign['status']}" if data.campaign.get("status") else "",
    ]
    return " · ".join(part for part in parts if part)


def _render(data: CampaignData, sections: Sequence[Section], templates: jinja2.Environment) -> str:
    return templates.get_template("report.html.j2").render(
        name=str(data.campaign.get("name") or data.folder.name),
        subtitle=_subtitle(data),
        sections=sections,
        offline=data.offline,
        style=style(),
        script=Markup((TEMPLATES / "report.js").read_text(encoding="utf-8")),
        report_version=REPORT_VERSION,
    )
