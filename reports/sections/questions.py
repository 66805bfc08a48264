"""The ten questions that decide whether the figures mean anything, answered at a glance or named as open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reports.campaign_data import CampaignData
from reports.foreign_pictures import foreign_pictures
from reports.formatting import DASH, Shown, count, number, percent, rate
from reports.operating_points import MAIN_POINT, point_of
from reports.section import Section, dig
from reports.sections.headline import main_monitor
from reports.sections.verdict import simulator_words

CONTROLS = ("condition_only", "curvature", "condition_curvature")
SALIENCY_CONTROLS = ("camera", "edges", "sobel", "untrained")


@dataclass(frozen=True)
class Answer:
    """What is known, and what of the question stays open (empty: nothing)."""

    known: str
    open: str = ""
    section: str = ""


def build(data: CampaignData) -> Section:
    """Ten rows: question, answer, what is open, where more is said."""
    rows = []
    for question, answer in QUESTIONS:
        found = answer(data)
        rows.append({"question": question, "known": found.known, "open": found.open, "section": found.section})
    return Section(
        "questions",
        "Questions",
        "Ten questions to ask of any such figure",
        "questions.html.j2",
        "What is not known is named as open; it never counts as good.",
        {"rows": rows},
        "" if data.summary else "The campaign was not judged yet.",
    )


def _simulator(data: CampaignData) -> Answer:
    scene = dig(data.campaign, "simulator", "scene_version")
    pictures = "" if scene is None else f" Pictures: scene version {scene}."
    return Answer(simulator_words(data) + pictures, "", "verdict")


def _exposure(data: CampaignData) -> Answer:
    roads = len(dig(data.summary, "departures", "by_road") or [])
    agent = dig(data.campaign, "agent", "name") or DASH
    return Answer(
        f"{count(dig(data.summary, 'counts', 'departures'))} departures on {count(roads)} roads in "
        f"{count(dig(data.summary, 'counts', 'pairs'))} pairs; one agent ({agent}), one set of weights.",
        "What another training seed of the agent or of the monitors would give was not measured.",
        "headline",
    )


def _twins(data: CampaignData) -> Answer:
    entries = data.summary.get("safety_gain") or []
    if not entries:
        return Answer("", "There are no twins: no takeover run beside a shadow run.", "safety")
    pairs = sum(int(entry.get("pairs") or 0) for entry in entries)
    diverged = sum(int(entry.get("twins_diverged_early") or 0) for entry in entries)
    return Answer(f"{count(pairs - diverged)} of {count(pairs)} twins were identical until the takeover.", "", "safety")


def _controls(data: CampaignData) -> Answer:
    entries = {str(entry["name"]): entry for entry in data.summary.get("monitors") or []}
    main = main_monitor(data)
    said = [_scores(entries[name]) for name in CONTROLS if name in entries]
    absent = [name for name in CONTROLS if name not in entries]
    beside = f" Beside them: {_scores(main)}." if main is not None and said else ""
    return Answer(
        "; ".join(said) + ("." if said else "") + beside,
        f"Not watched: {', '.join(absent)}." if absent else "",
        "monitors",
    )


def _scores(entry: Mapping[str, Any]) -> str:
    recall = rate(dig(point_of(entry, MAIN_POINT) or {}, "event_recall"))
    return (
        f"{entry['name']}: AUROC within run {_text(rate(entry.get('auroc_within'), 'number'))}, recall {_text(recall)}"
    )


def _text(shown: Shown) -> str:
    return f"{shown.text} {shown.interval}".strip() if shown.defined else f"{DASH} ({shown.reason})"


def _savable(data: CampaignData) -> Answer:
    rescue = data.summary.get("rescue")
    if not isinstance(rescue, Mapping) or not rescue.get("mapped"):
        return Answer(
            "", "No rescue map was made, so nobody knows which departures a takeover could prevent.", "rescue"
        )
    said = "; ".join(
        f"{number(row['reaction_s'], 1)} s reaction: {_text(rate(row['from_the_start']))}"
        for row in rescue.get("savable_at") or []
    )
    unmapped = int(rescue.get("departures") or 0) - int(rescue["mapped"])
    open_ = f"{count(unmapped)} departures could not be mapped." if unmapped else ""
    return Answer(f"By somebody at any time {_text(rate(rescue.get('savable')))}. With {said}.", open_, "rescue")


def _harmed(data: CampaignData) -> Answer:
    entries = data.summary.get("safety_gain") or []
    if not entries:
        return Answer("", "No takeover was driven.", "safety")
    said = [
        f"{str(entry['mode']).removeprefix('takeover:')}: {count(entry['harmed'])} of "
        f"{count(int(entry['pairs']) - int(entry['departed']))}"
        for entry in entries
    ]
    return Answer(f"Departures where the agent alone kept its lane: {'; '.join(said)}.", "", "safety")


def _cost(data: CampaignData) -> Answer:
    monitor = main_monitor(data)
    if monitor is None:
        return Answer("", "No failure predictor watched.", "monitors")
    name = str(monitor["name"])
    own = [entry for entry in data.summary.get("safety_gain") or [] if entry["monitor"] == name]
    costs = [f"availability cost {_text(rate(entry['ac']))} at {entry['point']}" for entry in own]
    figures = dig(point_of(monitor, MAIN_POINT) or {}, "false_alarms_per_min", "degraded_safe")
    alarms = f"{_text(rate(figures, 'number'))} false alarms per minute degraded but safe, at {MAIN_POINT}"
    return Answer(
        f"{name}: {'; '.join([*costs, alarms])}.", "" if own else "Its availability cost was not driven.", "safety"
    )


def _seen(data: CampaignData) -> Answer:
    foreign = foreign_pictures(data.campaign)
    said = (
        "Agent and monitors with weights were trained on the pictures of this simulator and scene version."
        if foreign is None
        else "; ".join(f"{names}: trained on {words}" for names, words in foreign["trained"]) + "."
    )
    return Answer(
        said, "Which artifacts, roads and textures they were trained on is in their model cards.", "provenance"
    )


def _beats(data: CampaignData) -> Answer:
    entries = {str(entry["name"]): entry for entry in data.summary.get("monitors") or []}
    ours = [name for name in entries if "saliency" in name and data.kind(name) == "learned"]
    rivals = [name for name in entries if any(word in name for word in SALIENCY_CONTROLS)]
    absent = [word for word in ("camera", "edges", "untrained") if not any(word in name for name in rivals)]
    said = [
        f"{name}: recall {_text(rate(dig(point_of(entries[name], MAIN_POINT) or {}, 'event_recall')))}"
        for name in [*ours, *rivals]
    ]
    return Answer(
        f"At {MAIN_POINT}, thresholds matched in false alarms on calibration runs: {'; '.join(said)}." if said else "",
        f"Not among the monitors: students on {', '.join(absent)}." if absent else "",
        "monitors",
    )


def _missing(data: CampaignData) -> Answer:
    counts = data.summary.get("counts") or {}
    bounds = dig(data.summary, "departures", "departed_bounds") or {}
    low, high = percent(bounds.get("low")), percent(bounds.get("high"))
    return Answer(
        f"{count(counts.get('missing'))} episodes missing, {count(counts.get('unavoidable'))} unavoidable pairs, "
        f"{count(counts.get('events_masked'))} events masked. With every missing run counted for or against the agent, "
        f"{low} or {high} departed.",
        f"{count(counts['worlds_without_expert_run'])} worlds have no expert run."
        if counts.get("worlds_without_expert_run")
        else "",
        "headline",
    )


QUESTIONS: tuple[tuple[str, Callable[[CampaignData], Answer]], ...] = (
    ("Which simulator and renderer, and has CARLA confirmed it?", _simulator),
    ("How many departures, independent roads, agents, training seeds?", _exposure),
    ("Were twins identical until the takeover?", _twins),
    ("What do condition-only and curvature baselines score?", _controls),
    ("What share of departures was savable, at which reaction time?", _savable),
    ("How many departures did takeovers cause?", _harmed),
    ("What did it cost: availability, false alarms per minute?", _cost),
    ("Which artifacts, roads, textures had agent or monitor seen?", _seen),
    ("Does saliency beat edges, an untrained network's maps, and the camera?", _beats),
    ("What is missing, masked or censored, and how far could it move the verdict?", _missing),
)
