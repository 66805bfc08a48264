"""The report's words, as the evaluation protocol defines them: one source for pages and for ``docs/glossary.md``.

``python -m reports.glossary`` writes the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from markupsafe import Markup, escape

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"

# word, meaning, further spellings under which a page names it
GLOSSARY: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Agent", "What steers from the camera picture. It never sees ground truth.", ()),
    (
        "Alarm",
        "A monitor's score, averaged over the last 0.5 s, above its threshold for at least 0.1 s. Alarms less than 1 s "
        "apart are one alarm episode.",
        ("alarms", "alarm episode", "alarm episodes"),
    ),
    ("Alarm duty", "Share of time without a departure ahead that is spent under alarm.", ()),
    (
        "AUROC pooled",
        "Chance that a moment before a departure outranks a calm moment of any run. High for a monitor that only "
        "recognises bad weather.",
        (),
    ),
    (
        "AUROC within run",
        "Chance that a moment before a departure outranks a calm moment of the same run; 0.5 is guessing. A run ends "
        "with its departure, so a score that only grows, as a clock's, reaches 1: read it beside the pooled one.",
        (),
    ),
    (
        "Availability cost (AC)",
        "Share of driving time in which the takeover driver held the wheel.",
        ("availability cost",),
    ),
    (
        "Average precision",
        "Area under precision over recall, over moments; a monitor that guesses has the prevalence.",
        ("AP",),
    ),
    ("Brier score", "Mean squared difference of announced probability and what came; 0 is perfect.", ()),
    (
        "By chance",
        "Recall of the same alarms at times shifted around the run: what coincidence alone would give.",
        (),
    ),
    ("Condition", "Weather and sensor settings of an episode.", ("conditions",)),
    (
        "Degraded but safe",
        "Time under a sensor artifact without a departure ahead: alarms there are false, but tempting.",
        (),
    ),
    (
        "Departure",
        "G0: a tyre over the lane line for at least 0.2 s (the one counted). G1: more than 1 m off the centre. "
        "G2: the car's centre outside the lane. G3: off the road.",
        ("departures", "departed", "grade"),
    ),
    (
        "Detectable departure",
        "One with at least 0.5 s of driving in the zone in which an alarm could have come in time.",
        ("detectable",),
    ),
    (
        "ECE",
        "Expected calibration error: mean distance between announced probability and frequency. Its noise floor is "
        "what a perfect monitor would show with so few runs.",
        ("noise floor",),
    ),
    ("Episode", "One road, condition, seed and mode, driven once.", ("episodes",)),
    (
        "False alarm",
        "An alarm episode in time without a departure ahead; nominal = ideal sensor, degraded = artifact on.",
        ("false alarms",),
    ),
    ("Harmed", "The run with takeovers departed where the agent alone did not.", ()),
    (
        "Interval",
        "95 %. Clopper-Pearson for counts of independent runs, exact Poisson for rates per minute or km, bootstrap "
        "over pairs (stratified by condition) where moments of one run are not independent.",
        ("95 % interval", "95 % intervals", "with interval"),
    ),
    (
        "Label expert",
        "Gives the reference steering angle at the very state the agent is in. It drives the log and expert runs.",
        (),
    ),
    (
        "Lane margin",
        "Distance from the car's outline to the lane line, m; negative = over the line.",
        ("least margin",),
    ),
    ("Late", "An alarm that started in the last second before the departure: a miss.", ()),
    ("Lead time", "From the start of the alarm to the departure, s.", ("lead times",)),
    ("McNemar p", "Chance of so unequal pairs if takeovers changed nothing; Holm: corrected for all modes.", ()),
    ("Missing", "Lost to the infrastructure or implausible; in no rate, but in the worst and best case.", ()),
    ("Monitor", "A failure predictor: scores the risk of each frame.", ("monitors", "failure predictor")),
    (
        "Notice",
        "Time from the onset of an artifact to the departure, s. With less than the reaction time and 0.1 s for the "
        "alarm, no monitor of the picture can warn in time, except by luck.",
        ("notice",),
    ),
    (
        "Operating point",
        "A threshold fixed on calibration runs and frozen: fa0.50 allows 0.5 false alarms per minute there, duty10 an "
        "alarm duty of 10 %.",
        (),
    ),
    (
        "Oracle, perfect alarms",
        "Alarms exactly at t* less the reaction time, where a departure can be prevented, and nowhere else.",
        ("oracle", "perfect alarms"),
    ),
    (
        "Pair, twins",
        "Two runs from the same seeds, world and sensor schedule; identical until a takeover makes them differ.",
        ("pairs", "twins"),
    ),
    ("Precision", "Share of alarm episodes that a departure followed.", ()),
    ("Prevalence", "Share of moments with a departure ahead.", ()),
    ("Privileged", "Uses ground truth that no car has: an upper bound or a control, never a product.", ()),
    ("Reaction time", "From the alarm to the hands on the wheel, s.", ()),
    ("Recall", "Share of detectable departures with an alarm in time.", ("recall of departures",)),
    (
        "Rescue map",
        "For every departure the last moment at which a takeover would still have prevented it, found by replaying the "
        "recorded controls.",
        (),
    ),
    ("Residual hazard (RH)", "Departures per km that remain in takeover mode.", ("departures per km left",)),
    ("Safety gain (SG)", "(saved − harmed) / departed, over pairs.", ("safety gain", "safety gained")),
    ("Saved", "The agent alone departed; its twin with takeovers passed that place by 100 m, or reached the end.", ()),
    (
        "Scored offline",
        "The monitor did not watch during the drive: it was given the stored pictures afterwards, by the same code.",
        (),
    ),
    ("Shadow", "Mode in which the agent drives, every monitor scores, and nobody intervenes.", ()),
    ("Slack", "Time left between the end of the reaction to an alarm and t*; negative = too late.", ("median slack",)),
    ("SWA", "Steering wheel angle, degrees, left positive (road-wheel angle × 16).", ()),
    ("t*", "The last moment at which a takeover still prevents the departure.", ()),
    (
        "Takeover",
        "Mode in which an alarm hands the wheel, after a reaction time, to a delayed and imperfect driver.",
        ("takeovers",),
    ),
    (
        "TPR, FPR",
        "Share of failed, and of sound, frames that were flagged; failed = |SWA error| above 5°.",
        ("TPR", "FPR", "true positive rate", "false positive rate"),
    ),
    ("Unavoidable", "The expert with an ideal camera departs in this world too: out of every rate, counted.", ()),
    ("Unsavable", "No takeover within the 10 s before the departure prevents it.", ()),
)

_PLAIN_TAGS = ("th", "p", "li", "caption", "figcaption")
_LINKED_CLASSES = ("lead", "note", "name", "key", "axis-title")
_CLOSED = ("a", "button", "code", "pre", "select", "option", "label", "script", "style", "svg", "b", "summary")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\"[^\"]*\"|'[^']*'|[^'\">])*)>")
_VOID = ("br", "img", "input", "hr", "meta", "link", "path", "line")


def anchor(word: str) -> str:
    """Anchor of a glossary entry."""
    return "term-" + re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")


def _spellings() -> dict[str, str]:
    found: dict[str, str] = {}
    for word, _, more in GLOSSARY:
        plain = re.sub(r" \(.*\)$", "", word).lower()
        short = re.findall(r"\(([A-Z]+)\)$", word)
        for spelling in (plain, *(part.strip() for part in plain.split(",")), *(text.lower() for text in more)):
            found.setdefault(spelling, word)
        for text in short:
            found.setdefault(text.lower(), word)
    return found


_WORDS = _spellings()
_MEANINGS = {word: meaning for word, meaning, _ in GLOSSARY}
_FINDER = re.compile(
    r"(?<![\w*-])(" + "|".join(re.escape(text) for text in sorted(_WORDS, key=len, reverse=True)) + r")(?![\w*-])",
    re.IGNORECASE,
)


def link_terms(body: Markup) -> Markup:
    """Markup of a section with each word linked to its meaning where a table, or the text, first names it.

    Only text is touched, never what is inside a link, a control, code or a chart.
    """
    seen: set[str] = set()
    parts: list[str] = []
    open_tags: list[tuple[str, bool]] = []
    for text, tag in _pieces(str(body)):
        links = bool(open_tags) and any(linked for _, linked in open_tags)
        parts.append(
            _FINDER.sub(lambda found: _linked(found, seen), text) if links and not _closed(open_tags) else text
        )
        if tag is None:
            continue
        parts.append(tag.group(0))
        name = tag.group(2).lower()
        if name == "table":
            seen.clear()
        if tag.group(1):
            while open_tags and open_tags.pop()[0] != name:
                pass
        elif name not in _VOID and not tag.group(3).rstrip().endswith("/"):
            open_tags.append((name, _is_linked(name, tag.group(3))))
    return Markup("".join(parts))


def _pieces(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    at = 0
    for tag in _TAG.finditer(text):
        yield text[at : tag.start()], tag
        at = tag.end()
    yield text[at:], None


def _closed(open_tags: list[tuple[str, bool]]) -> bool:
    return any(name in _CLOSED for name, _ in open_tags)


def _is_linked(name: str, attributes: str) -> bool:
    if name in ("th", "caption", "figcaption"):
        return 'scope="row"' not in attributes
    classes = re.search(r'class="([^"]*)"', attributes)
    return name in _PLAIN_TAGS and classes is not None and any(c in _LINKED_CLASSES for c in classes[1].split())


def _linked(found: re.Match[str], seen: set[str]) -> str:
    word = _WORDS[found[1].lower()]
    if word in seen:
        return found[1]
    seen.add(word)
    return f'<a class="term" href="#{anchor(word)}" title="{escape(_MEANINGS[word])}">{found[1]}</a>'


def document() -> str:
    """The glossary as Markdown."""
    lines = [
        "# Glossary",
        "",
        "The words of the report, the code and the other documents. Made by `python -m reports.glossary` from the same",
        "source as the report's own glossary; definitions with formulas and edge cases: [metrics.md](metrics.md).",
        "",
    ]
    lines += [f"- **{word.replace('*', chr(92) + '*')}**: {meaning}" for word, meaning, _ in GLOSSARY]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(DOCUMENT.name)
