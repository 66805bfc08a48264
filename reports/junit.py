"""``junit.xml``: a campaign as tests, for continuous integration.

Three suites: the criteria of the verdict, every planned episode, and the comparison with a baseline. A criterion that
was neither shown nor refuted is *skipped*, never passed. A departure is a finding about the driver, not a broken test:
its episode passes. An episode that says nothing about driving (lost, invalid) is an *error*, one that the agent broke a
*failure*.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from harness.results.episodes_table import EPISODES_TABLE_FILE
from harness.results.files import replace_atomically
from harness.results.store import read_campaign_json

JUNIT_FILE = "junit.xml"
SUMMARY_FILE = "summary.json"
COMPARISON_FILE = "comparison.json"
SKIPPED, FAILURE, ERROR = "skipped", "failure", "error"
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(folder: Path, with_comparison: bool, not_compared_with: str | None = None) -> Path:
    """Write ``junit.xml`` from the finished tables of a campaign's folder.

    Args:
        folder: with ``campaign.json``, ``episodes.parquet`` and ``summary.json``.
        with_comparison: a ``comparison.json`` of this very run lies there too.
        not_compared_with: baseline that was asked for and could not be compared with.

    Returns:
        Its path.

    Raises:
        StoreError: no readable campaign. OSError: a table is missing.
    """
    campaign = read_campaign_json(folder)
    rows = pq.read_table(folder / EPISODES_TABLE_FILE, use_threads=False).to_pylist()
    verdict = json.loads((folder / SUMMARY_FILE).read_bytes())["verdict"]
    comparison = json.loads((folder / COMPARISON_FILE).read_bytes()) if with_comparison else None
    path = folder / JUNIT_FILE
    replace_atomically(path, junit_xml(campaign, rows, verdict, comparison, not_compared_with))
    return path


def junit_xml(
    campaign: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
    verdict: Mapping[str, Any],
    comparison: Mapping[str, Any] | None,
    not_compared_with: str | None = None,
) -> bytes:
    """The document.

    Args:
        campaign: ``name`` and ``episode_ids`` of ``campaign.json``. rows: of ``episodes.parquet``.
        verdict: of ``summary.json``. comparison: ``comparison.json``; None without a baseline.
        not_compared_with: baseline that was asked for; a check that did not take place must not look like one passed.
    """
    name = str(campaign["name"])
    suites = [
        _suite(f"{name}.verdict", _criteria(verdict)),
        _suite(f"{name}.episodes", _episodes(campaign["episode_ids"], rows)),
    ]
    if comparison is not None:
        suites.append(_suite(f"{name}.baseline", _comparison(comparison)))
    if not_compared_with is not None:
        why = f"not compared with {not_compared_with}: the program's output says why"
        suites.append(_suite(f"{name}.baseline", [("comparison", ERROR, why)]))
    root = ET.Element("testsuites", {"name": name, **_counts(suites)})
    root.extend(suites)
    ET.indent(root, " ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="utf-8") + b"\n"


Case = tuple[str, str | None, str]
"""Name, what is wrong (None if it passed), and in words why."""


def _criteria(verdict: Mapping[str, Any]) -> list[Case]:
    answers = {"PASS": None, "FAIL": FAILURE, "INSUFFICIENT": SKIPPED, "NO_CRITERIA": SKIPPED}
    reasons = "; ".join(verdict["reasons"])
    cases: list[Case] = [("verdict", answers[verdict["status"]], f"{verdict['status']}: {reasons}")]
    for check in verdict["criteria"]:
        bound = f"at least {check['at_least']:g}" if "at_least" in check else f"at most {check['at_most']:g}"
        value = "undefined" if check["value"] is None else f"{check['value']:.4g}"
        cases.append((f"{check['metric']} {bound}", answers[check["verdict"]], f"{check['verdict']}: {value}"))
    return cases


def _episodes(planned: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[Case]:
    found = {row["episode_id"]: row for row in rows}
    cases: list[Case] = []
    for episode_id in planned:
        row = found.get(episode_id)
        if row is None:
            cases.append((episode_id, ERROR, "missing: it never finished; --resume runs it"))
            continue
        name = f"{row['road']} {row['condition']} {row['mode']} {episode_id}"
        kind = {"completed": None, "agent_error": FAILURE}.get(row["outcome"], ERROR)
        departures = "unknown" if row["departures"] is None else row["departures"]
        cases.append((name, kind, row["message"] or f"{row['outcome']}, departures: {departures}"))
    return cases


def _comparison(comparison: Mapping[str, Any]) -> list[Case]:
    status = comparison["verdict"]["status"]
    kind = {"REGRESSION": FAILURE, "INSUFFICIENT": SKIPPED}.get(status)
    cases: list[Case] = [("comparison", kind, f"{status}: {'; '.join(comparison['verdict']['reasons'])}")]
    for row in comparison["departures"]:
        words = f"{row['baseline']['k']} -> {row['candidate']['k']} of {row['pairs']} runs depart: {row['finding']}"
        # Where a doubled share of departures could not have been found, having found none proves nothing.
        unproven = SKIPPED if status == "INSUFFICIENT" and row["finding"] != "better" else None
        cases.append((f"{row['mode']}, {row['condition']}", FAILURE if row["finding"] == "worse" else unproven, words))
    return cases


def _suite(name: str, cases: Sequence[Case]) -> ET.Element:
    kinds = [kind for _name, kind, _words in cases]
    suite = ET.Element(
        "testsuite",
        {
            "name": _plain(name),
            "tests": str(len(cases)),
            "failures": str(kinds.count(FAILURE)),
            "errors": str(kinds.count(ERROR)),
            "skipped": str(kinds.count(SKIPPED)),
        },
    )
    for case_name, kind, words in cases:
        case = ET.SubElement(suite, "testcase", {"classname": _plain(name), "name": _plain(case_name)})
        if kind is None:
            ET.SubElement(case, "system-out").text = _plain(words)
        else:
            ET.SubElement(case, kind, {"message": _plain(words)})
    return suite


def _counts(suites: Sequence[ET.Element]) -> dict[str, str]:
    return {
        key: str(sum(int(suite.attrib[key]) for suite in suites)) for key in ("tests", "failures", "errors", "skipped")
    }


def _plain(text: str) -> str:
    """Without what XML cannot hold: control characters of a log, lone surrogates."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
