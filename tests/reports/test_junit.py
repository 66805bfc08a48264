"""A campaign as JUnit: nothing unproven passes, nothing lost is hidden, hostile text stays text."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from reports.junit import junit_xml

CAMPAIGN = {"name": "nightly", "episode_ids": ["e1", "e2", "e3", "e4", "e5"]}


def row(episode_id: str, outcome: str = "completed", **changes: Any) -> dict[str, Any]:
    base = {"episode_id": episode_id, "road": "bend", "condition": "fog", "mode": "shadow", "outcome": outcome}
    return {**base, "message": None, "departures": 2, **changes}


ROWS = [
    row("e1"),
    row("e2", "agent_error", message="agent raised \x00 <boom> & \ud800"),
    row("e3", "infrastructure_error", departures=None, message="server died"),
    row("e4", "invalid", departures=None),
]


def verdict(status: str, *checks: tuple[str, str]) -> dict[str, Any]:
    criteria = [{"metric": name, "at_most": 0.1, "value": 0.05, "verdict": one} for name, one in checks]
    return {"status": status, "reasons": ["because"], "criteria": criteria}


def cases(document: bytes, suite: str) -> dict[str, str]:
    """Name -> passed, skipped, failure or error."""
    root = ET.fromstring(document)
    (found,) = [element for element in root if element.attrib["name"] == f"nightly.{suite}"]
    kinds = {case.attrib["name"]: case[0].tag.replace("system-out", "passed") for case in found}
    for key, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(found.attrib[key]) == list(kinds.values()).count(kind)
    assert int(found.attrib["tests"]) == len(kinds)
    return kinds


def test_a_departure_passes_what_the_agent_broke_fails_what_was_lost_is_an_error() -> None:
    found = cases(junit_xml(CAMPAIGN, ROWS, verdict("NO_CRITERIA"), None), "episodes")
    assert list(found.values()) == ["passed", "failure", "error", "error", "error"]
    assert list(found)[-1] == "e5"  # planned, without a record


def test_a_criterion_that_was_not_shown_is_not_passed() -> None:
    checks = [("a", "PASS"), ("b", "FAIL"), ("c", "INSUFFICIENT")]
    found = cases(junit_xml(CAMPAIGN, ROWS, verdict("FAIL", *checks), None), "verdict")
    assert found == {
        "verdict": "failure",
        "a at most 0.1": "passed",
        "b at most 0.1": "failure",
        "c at most 0.1": "skipped",
    }
    assert cases(junit_xml(CAMPAIGN, ROWS, verdict("INSUFFICIENT"), None), "verdict") == {"verdict": "skipped"}
    assert cases(junit_xml(CAMPAIGN, ROWS, verdict("PASS"), None), "verdict") == {"verdict": "passed"}


def test_a_regression_fails_and_too_few_pairs_are_skipped() -> None:
    def comparison(status: str, finding: str) -> dict[str, Any]:
        departures = {"mode": "shadow", "condition": "all", "pairs": 9, "finding": finding}
        departures |= {"baseline": {"k": 1}, "candidate": {"k": 8}}
        return {"verdict": {"status": status, "reasons": []}, "departures": [departures]}

    worse = junit_xml(CAMPAIGN, ROWS, verdict("PASS"), comparison("REGRESSION", "worse"))
    assert cases(worse, "baseline") == {"comparison": "failure", "shadow, all": "failure"}
    few = junit_xml(CAMPAIGN, ROWS, verdict("PASS"), comparison("INSUFFICIENT", "no difference shown"))
    assert cases(few, "baseline") == {"comparison": "skipped", "shadow, all": "skipped"}
    enough = junit_xml(CAMPAIGN, ROWS, verdict("PASS"), comparison("NO_REGRESSION", "no difference shown"))
    assert cases(enough, "baseline") == {"comparison": "passed", "shadow, all": "passed"}


def test_hostile_text_stays_text() -> None:
    document = junit_xml(CAMPAIGN, ROWS, verdict("PASS"), None)
    messages = [case[0].attrib.get("message") for suite in ET.fromstring(document) for case in suite]
    assert "agent raised � <boom> & �" in messages


def test_the_whole_is_the_sum_of_its_suites() -> None:
    root = ET.fromstring(junit_xml(CAMPAIGN, ROWS, verdict("FAIL", ("b", "FAIL")), None))
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("7", "3", "3")
