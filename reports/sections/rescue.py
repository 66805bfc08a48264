"""Could the departures have been prevented, until when, and whose alarms came in time for it?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reports.campaign_data import CampaignData
from reports.charts.gain_curves import Driven, GainCurve, gain_curves
from reports.charts.rescue_timeline import AlarmRow, rescue_timeline
from reports.evidence import spread_over_groups
from reports.formatting import DASH, count, finite, number, percent, rate
from reports.line_styles import line_styles, lines_to_draw
from reports.monitor_kinds import ORDER, colour_of
from reports.section import Section, dig

NO_MAP = (
    "No departure was replayed to find the last moment at which a takeover would have prevented it: there was none, or "
    "the scenario says rescue_map: false (run_campaign.py --rescue DIR maps a campaign afterwards)."
)
MAIN_REACTION_S = 1.0
SHOWN_POINTS = ("fa0.50", "duty10")
TWIN_COUNTS = ("looked_up", "looked_up_held", "driven")
MAX_SHOWN = 40
MERIT_AC = 0.3
MAX_TIMELINE_MONITORS = 6
VERDICT_WORDS = {
    "saved": "in time",
    "late": "too late",
    "handed_back": "handed back before",
    "silent": "no alarm",
    "unsavable": "unsavable",
}


def build(data: CampaignData) -> Section:
    """Savable at all, curves by look-up, what each alarm was worth, and whether the look-ups can be believed."""
    rescue = data.summary.get("rescue")
    found = rescue if isinstance(rescue, Mapping) and rescue.get("mapped") else None
    return Section(
        "rescue",
        "Rescue map",
        "Until when could it have been prevented?",
        "rescue.html.j2",
        "Every departure of the agent alone was replayed from its recorded controls, without a camera, and handed to "
        "the takeover driver at one moment after the other. The last moment that still prevents the departure is t*; "
        "an alarm is in time if it comes a reaction time or more before it.",
        _view(data, found) if found else {},
        "" if found else _missing(rescue),
    )


def _missing(rescue: Any) -> str:
    if not isinstance(rescue, Mapping):
        return NO_MAP
    reasons = "; ".join(f"{reason} ({number})" for reason, number in (rescue.get("unmapped") or {}).items())
    return f"Of {rescue.get('departures')} departures none could be mapped: {reasons or 'no reason known'}."


def _view(data: CampaignData, rescue: Mapping[str, Any]) -> dict[str, Any]:
    monitors = sorted(rescue["monitors"], key=lambda m: (ORDER.index(data.kind(str(m["name"]))), m["name"]))
    reactions = [entry["reaction_s"] for entry in rescue["savable_at"]]
    ordered = sorted(reactions, key=lambda reaction_s: (reaction_s != MAIN_REACTION_S, reaction_s))
    styles = line_styles([str(monitor["name"]) for monitor in monitors], data.kind)
    merits = {str(monitor["name"]): _merit(monitor) for monitor in monitors}
    drawn, banded = lines_to_draw(merits, data.kind)
    lines = {name: styles[name] for name in drawn}
    shown = spread_over_groups(
        ((f"{entry['condition']}", str(index)) for index, entry in enumerate(rescue["by_departure"])), MAX_SHOWN
    )
    chosen = [rescue["by_departure"][int(index)] for index in shown]
    return {
        "mapped": count(rescue["mapped"]),
        "departures": count(rescue["departures"]),
        "unmapped": [(reason, count(n)) for reason, n in (rescue.get("unmapped") or {}).items()],
        "savable": rate(rescue["savable"]),
        "unsavable": count(rescue["unsavable"]),
        "k_star": {key: number(dig(rescue, "k_star_s", key), 2) for key in ("p05", "p50", "p95", "max")},
        "savable_at": [
            {
                "reaction": number(entry["reaction_s"], 1),
                "from_the_start": rate(entry["from_the_start"]),
                "within_horizon": rate(entry["within_horizon"]),
                "oracle_ac": percent(oracle["ac"], 1),
            }
            for entry, oracle in zip(rescue["savable_at"], rescue["oracle"], strict=True)
        ],
        "horizon": number(rescue["savable_at"][0]["horizon_s"], 0),
        "charts": [
            {
                "reaction": number(reaction_s, 1),
                "chart": _chart(data, monitors, rescue, reaction_s, lines, banded),
            }
            for reaction_s in ordered
        ],
        "lines": list(lines.items()),
        "undrawn": [name for name in merits if name not in lines],
        "merit_ac": percent(MERIT_AC),
        "points": [row for monitor in monitors for row in _points(data, monitor)],
        "timelines": [_timeline(data, entry) for entry in chosen],
        "timelines_note": f"{len(chosen)} of {len(rescue['by_departure'])} departures are shown, evenly by condition.",
        "point": chosen[0]["point"] if chosen else "",
        "validity": _validity(rescue["validity"]),
        "saved_checks": [
            (str(entry["mode"]).removeprefix("takeover:"), *(_k_of_n(entry[key]) for key in TWIN_COUNTS))
            for entry in rescue["validity"]["twins"].get("saved") or []
        ],
        "ac_checks": [
            (str(entry["mode"]).removeprefix("takeover:"), percent(entry["looked_up"], 1), percent(entry["driven"], 1))
            for entry in rescue["validity"]["twins"]["ac"]
        ],
    }


def _chart(
    data: CampaignData,
    monitors: Sequence[Mapping[str, Any]],
    rescue: Mapping[str, Any],
    reaction_s: float,
    lines: Mapping[str, str],
    banded: Collection[str],
) -> str:
    curves = []
    for monitor in monitors:
        name = str(monitor["name"])
        for entry in monitor["curves"] if name in lines else ():
            if entry["reaction_s"] == reaction_s and entry["departures"]:
                parts = (entry["ac"], entry["sg"], entry["low"], entry["high"])
                curves.append(GainCurve(name, lines[name], *parts, banded=name in banded))
    oracle = next(entry for entry in rescue["oracle"] if entry["reaction_s"] == reaction_s)
    saved, of = finite(oracle["sg"]["k"]), finite(oracle["sg"]["n"])
    ceiling = None if saved is None or not of else saved / of
    perfect = None if ceiling is None or oracle["ac"] is None else (float(oracle["ac"]), ceiling)
    title = f"Departures prevented over availability cost, reaction time {reaction_s:g} s"
    return gain_curves(curves, ceiling, perfect, _driven(data, lines).get(reaction_s, ()), title)


def _merit(monitor: Mapping[str, Any]) -> float:
    """The most that a monitor prevents at a moderate cost, at the main reaction time."""
    curve = next((entry for entry in monitor["curves"] if entry["reaction_s"] == MAIN_REACTION_S), None)
    pairs = zip(curve["ac"], curve["sg"], strict=True) if curve and curve["departures"] else ()
    return max((float(sg) for ac, sg in pairs if ac <= MERIT_AC), default=0.0)


def _driven(data: CampaignData, lines: Mapping[str, str]) -> dict[float, list[Driven]]:
    """Twins by reaction time; none where each pair has its own, as no curve is of such a mixture."""
    reaction_s = finite(dig(data.campaign, "spec", "takeover", "reaction_s"))
    if reaction_s is None:
        return {}
    points = []
    for entry in data.summary.get("safety_gain") or []:
        sg, ac = finite(dig(entry, "sg", "value")), finite(dig(entry, "ac", "value"))
        if sg is not None and ac is not None and entry["monitor"] in lines:
            name = str(entry["mode"]).removeprefix("takeover:")
            points.append(Driven(name, lines[entry["monitor"]].split()[0], ac, sg))
    return {reaction_s: points}


def _points(data: CampaignData, monitor: Mapping[str, Any]) -> list[dict[str, Any]]:
    name = str(monitor["name"])
    rows = [
        entry
        for entry in monitor["points"]
        if entry["reaction_s"] == MAIN_REACTION_S and entry["point"] in SHOWN_POINTS
    ]
    return [
        {
            "monitor": name,
            "kind": data.kind(name),
            "point": str(entry["point"]),
            **{key: count(entry[key]) for key in VERDICT_WORDS},
            "sg": rate(entry["sg"]),
            "held": count(entry.get("held")),
            "ac": percent(entry["ac"], 1),
            "disturbed": f"{count(entry['disturbed'])} / {count(entry['safe_runs'])}",
            "slack": f"{number(entry['slack_s'], 2, signed=True)} s" if entry["slack_s"] is not None else DASH,
        }
        for entry in sorted(rows, key=lambda entry: SHOWN_POINTS.index(entry["point"]))
    ]


def _k_of_n(value: Mapping[str, Any]) -> str:
    return f"{count(value['k'])} of {count(value['n'])}"


def _timeline(data: CampaignData, entry: Mapping[str, Any]) -> dict[str, Any]:
    alarms = entry["alarms"]
    names = sorted(alarms, key=lambda name: (ORDER.index(data.kind(name)), name))[:MAX_TIMELINE_MONITORS]
    rows = [
        AlarmRow(
            name,
            [(float(start), float(end)) for start, end in alarms[name]["spans_s"]],
            VERDICT_WORDS[alarms[name]["verdict"]],
            finite(alarms[name]["slack_s"]),
            colour_of(name, data.kind(name)),
        )
        for name in names
    ]
    title = f"{entry['road']} · {entry['condition']}"
    return {
        "title": title,
        "episode_id": str(entry["episode_id"]),
        "onset": number(entry["onset_s"], 2),
        "k_star": number(entry["k_star_s"], 2),
        "chart": rescue_timeline(
            float(entry["onset_s"]), finite(entry["t_star_s"]), float(entry["reaction_s"]), rows, title
        ),
    }


def _validity(validity: Mapping[str, Any]) -> list[dict[str, Any]]:
    required = percent(validity["required_agreement"], 0)
    twins = validity["twins"]
    error_m = finite(validity["replay_error_m"])
    error = DASH if error_m is None else "0 m" if error_m == 0.0 else f"{error_m:.2g} m"
    return [
        {
            "what": "Largest distance of a replay from its record",
            "wanted": "0 m on the embedded server",
            "found": error,
            "count": f"{count(validity['replayed'])} departures",
        },
        _agreement(
            "Later is never safer: dense grid of handovers, random 5 % of departures", "all", validity["monotone"]
        ),
        _agreement(
            "Takeovers really driven near t*, with camera, agent and alarm, random 10 % of departures",
            f"≥ {required}",
            validity["real_takeovers"],
        ),
        _agreement("Twins of this campaign whose driver kept the wheel past the place", f"≥ {required}", twins["held"]),
        _agreement("Twins that were handed back before that place", "no promise", twins["handed_back"]),
        {
            "what": "Harmed among the runs that needed no takeover",
            "wanted": "the look-ups assume none",
            "found": count(twins["harmed"]),
            "count": f"of {count(twins['safe_runs_taken_over'])} taken over",
        },
    ]


def _agreement(what: str, wanted: str, value: Mapping[str, Any]) -> dict[str, Any]:
    agreed, of = int(value["k"]), int(value["n"])
    if not of:
        return {"what": what, "wanted": wanted, "found": DASH, "count": "none"}
    interval = f"[{percent(value['low'], 0)}, {percent(value['high'], 0)}]"
    return {"what": what, "wanted": wanted, "found": f"{percent(agreed / of)} {interval}", "count": f"{agreed} of {of}"}
