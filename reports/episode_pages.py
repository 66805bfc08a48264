"""A page per episode with a player: every departure, and a sample of the runs that kept their lane.

Pages lie in ``report/`` beside ``report.html``. A page holds the facts; its numbers are a script file that is loaded on
demand, because a page opened from a file may fetch nothing; clips stay where the episode stored them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import jinja2

from harness.evaluation.episode_data import EpisodeData
from harness.results.clips import PANEL_CORNERS_PX, PANEL_HEIGHT_PX, PANEL_WIDTH_PX
from reports.campaign_data import CampaignData
from reports.episode_trace import episode_trace
from reports.evidence import OperatingPoint, spread_over_groups
from reports.formatting import DASH, finite, number
from reports.saliency_sprites import RECORDED, write_sprites
from reports.section import dig

PAGES_FOLDER = "report"
DATA_FOLDER = "episodes"
MAX_OTHERS = 40
# As many as there are colours to tell them apart; the one that a takeover obeyed may come on top.
MAX_MONITORS = 6
ASSETS = ("style.css", "player.css", "player.js")
OUTCOMES_WITHOUT_DRIVE = ("infrastructure_error",)


@dataclass(frozen=True)
class ClipView:
    """A stored clip as the player uses it.

    Attributes:
        path: of the file. fps: pictures per second. frames: how many.
        panels: name -> (x, y, width, height) in its picture, px; only what the clip holds.
    """

    path: Path
    fps: float
    frames: int
    panels: Mapping[str, tuple[int, int, int, int]]


def choose_pages(data: CampaignData, max_others: int = MAX_OTHERS) -> list[str]:
    """Ids that get a page: all that departed or whose agent failed, and some of the others from every condition."""
    driven = [
        row
        for row in data.episodes
        if row["episode_id"] in data.entries and row.get("ticks") and row["outcome"] not in OUTCOMES_WITHOUT_DRIVE
    ]
    told = [row for row in driven if row.get("departures") or row["outcome"] != "completed"]
    chosen = {str(row["episode_id"]) for row in told}
    others = [
        (f"{row['mode']} {row['condition']}", str(row["episode_id"]))
        for row in driven
        if str(row["episode_id"]) not in chosen
    ]
    chosen |= set(spread_over_groups(others, max_others))
    return [str(row["episode_id"]) for row in driven if str(row["episode_id"]) in chosen]


def page_address(episode_id: str, time_s: float | None = None) -> str:
    """Where an episode's page lies, as seen from ``report.html``; ``time_s`` opens it at that moment."""
    return f"{PAGES_FOLDER}/{DATA_FOLDER}/{episode_id}.html" + ("" if time_s is None else f"#t={time_s:.2f}")


def write_episode_pages(
    data: CampaignData,
    chosen: Sequence[str],
    points: Mapping[str, OperatingPoint],
    monitors: Sequence[str],
    environment: jinja2.Environment,
    explained: Collection[str] = (),
) -> Path:
    """Write the pages of ``chosen`` and what they share; pages of an earlier report are gone afterwards.

    Args:
        data: the campaign. chosen: ids in the order in which a reader steps through them.
        points: thresholds by monitor for the alarms shown. monitors: in the order in which to draw them.
        environment: templates; every value is escaped.
        explained: ids whose maps are computed by further saliency methods, half a second each.

    Returns:
        The folder.
    """
    final, temporary = data.folder / PAGES_FOLDER, data.folder / f"{PAGES_FOLDER}.new"
    shutil.rmtree(temporary, ignore_errors=True)
    (temporary / DATA_FOLDER).mkdir(parents=True)
    templates = Path(__file__).parent / "templates"
    for name in ASSETS:
        shutil.copyfile(templates / name, temporary / name)
    rows = {str(row["episode_id"]): row for row in data.episodes}
    twins: dict[str, list[str]] = {}
    for episode_id in chosen:
        twins.setdefault(str(rows[episode_id]["pair_id"]), []).append(episode_id)
    template = environment.get_template("episode.html.j2")
    units = {str(entry["name"]): str(entry.get("unit") or "") for entry in data.summary.get("monitors") or []}
    for place, episode_id in enumerate(chosen):
        row = rows[episode_id]
        record = data.record(episode_id)
        own_points = {**points, **_obeyed(record.spec)}
        trace = episode_trace(
            record, own_points, list(monitors)[:MAX_MONITORS] + _missing(record.spec, monitors), units
        )
        clip = clip_view(data, episode_id)
        trace["clip"] = None if clip is None else _clip_for_player(data, clip, trace)
        trace["saliency"] = _saliency(data, record, trace, temporary / DATA_FOLDER, episode_id in explained)
        others = [other for other in twins[str(row["pair_id"])] if other != episode_id]
        page = template.render(
            title=f"{row['road']} · {row['condition']} · {row['mode']}",
            campaign=str(data.campaign.get("name") or data.folder.name),
            episode_id=episode_id,
            facts=_facts(row, record.spec, record.events),
            command=str(data.campaign.get("command") or ""),
            clip_missing="" if clip else "No clip was kept: only the last 6 s of runs that departed have one.",
            twins=[(str(rows[other]["mode"]), f"{other}.html") for other in others],
            before=f"{chosen[place - 1]}.html" if place else "",
            after=f"{chosen[place + 1]}.html" if place + 1 < len(chosen) else "",
            place=place + 1,
            total=len(chosen),
        )
        (temporary / DATA_FOLDER / f"{episode_id}.html").write_text(page, encoding="utf-8")
        (temporary / DATA_FOLDER / f"{episode_id}.js").write_text(_script(trace), encoding="utf-8")
    shutil.rmtree(final, ignore_errors=True)
    temporary.rename(final)
    return final


def clip_view(data: CampaignData, episode_id: str) -> ClipView | None:
    """The clip of an episode, None where none was kept or it holds no picture."""
    paths = data.clips(episode_id)
    if not paths:
        return None
    with av.open(str(paths[0])) as container:
        stream = container.streams.video[0]
        if not stream.frames or stream.average_rate is None:
            return None
        panels = {
            name: (x, y, PANEL_WIDTH_PX, PANEL_HEIGHT_PX)
            for name, (x, y) in PANEL_CORNERS_PX.items()
            if x + PANEL_WIDTH_PX <= stream.width and y + PANEL_HEIGHT_PX <= stream.height
        }
        return ClipView(paths[0], float(stream.average_rate), int(stream.frames), panels)


def _obeyed(spec: Mapping[str, Any]) -> dict[str, OperatingPoint]:
    """The threshold that a takeover run really obeyed."""
    theta_on, theta_off = finite(dig(spec, "thresholds", "theta_on")), finite(dig(spec, "thresholds", "theta_off"))
    name = str(spec.get("mode", "")).removeprefix("takeover:").split("@")[0]
    if theta_on is None or theta_off is None:
        return {}
    return {name: OperatingPoint(theta_on, theta_off)}


def _missing(spec: Mapping[str, Any], monitors: Sequence[str]) -> list[str]:
    """The obeyed monitor, where it is not among those that are drawn anyway."""
    return [name for name in _obeyed(spec) if name not in list(monitors)[:MAX_MONITORS]]


def _clip_for_player(data: CampaignData, clip: ClipView, trace: Mapping[str, Any]) -> dict[str, Any]:
    # A clip shows the last ticks of its run, one picture per tick.
    return {
        "source": f"../../{clip.path.relative_to(data.folder).as_posix()}",
        "fps": clip.fps,
        "frames": clip.frames,
        "first_tick": max(len(trace["time_s"]) - clip.frames, 0),
        "panels": {name: list(box) for name, box in clip.panels.items()},
    }


def _saliency(
    data: CampaignData, record: EpisodeData, trace: Mapping[str, Any], folder: Path, wanted: bool
) -> dict[str, Any] | None:
    clip = trace["clip"]
    if clip is None or "saliency" not in clip["panels"]:
        return None
    if not wanted:
        again = f"python -m reports FOLDER --saliency {record.episode_id}"
        return {"recorded": RECORDED, "missing": "not computed for this episode", "command": again}
    return write_sprites(data, record.episode_id, dict(record.spec), int(clip["first_tick"]), folder)


def _script(trace: Mapping[str, Any]) -> str:
    # "<" cannot end the script element of whoever puts this file into a page.
    text = json.dumps(trace, separators=(",", ":"), ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    return f"window.showEpisode({text});\n"


def _facts(row: Mapping[str, Any], spec: Mapping[str, Any], events: Mapping[str, Any]) -> list[tuple[str, str]]:
    grades = sorted({str(departure["grade"]) for departure in events.get("departures") or []})
    facts = [
        ("outcome", str(row["outcome"]).replace("_", " ")),
        ("departure", ", ".join(grades) or "none"),
        ("onset", f"{number(row.get('first_departure_onset_s'), 2)} s" if grades else DASH),
        ("least lane margin", f"{number(row.get('minimum_lane_margin_m'), 2)} m"),
        ("mean |SWA error|", f"{number(row.get('mean_swa_error_deg'), 1)}°"),
        ("driven", f"{number(row.get('distance_m'), 0)} m in {number(row.get('duration_s'), 1)} s"),
        ("sensor", "; ".join(_artifact(artifact) for artifact in spec.get("sensor") or []) or "ideal camera"),
        ("weather", str(dig(spec, "weather", "name") or DASH)),
        ("seed index", str(spec.get("seed_index", DASH))),
        ("pair", str(row["pair_id"])),
    ]
    if row.get("message"):
        facts.append(("message", str(row["message"])))
    return facts


def _artifact(artifact: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{key} {value}" for key, value in (artifact.get("parameters") or {}).items())
    onset = f"from {number(artifact.get('onset_s'), 1)} s"
    ramp = artifact.get("ramp_s")
    return f"{artifact.get('effect')} ({settings}) {onset}" + (f", full after {number(ramp, 1)} s more" if ramp else "")
