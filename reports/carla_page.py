"""The page that says what a verification of a running CARLA found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.results.files import replace_atomically
from reports.formatting import DASH, number, rate
from reports.page import environment, style

PAGE = "carla_verification.html"
COMMIT_SHOWN = 12
SIDES = ("verified", "embedded")


def write_carla_page(result: Mapping[str, Any], folder: Path) -> Path:
    """Write what `harness.cluster.carla_verification.verify_carla` found as a page; returns its path.

    Args:
        result: content of ``carla_verification.json``. folder: where the page goes, beside both campaigns.
    """
    failed = [call for call in result["calls"] if call["problem"]]
    comparison = result["comparison"]
    text = (
        environment()
        .get_template("carla.html.j2")
        .render(
            result=result,
            simulator=_simulator(result["simulator"]),
            is_embedded=(result["simulator"] or {}).get("scene_version") is not None,
            commit=(result["provenance"]["git_commit"] or "unknown")[:COMMIT_SHOWN],
            css="fail" if comparison is None else "pass",
            word="NOT FIT" if comparison is None else "FIT",
            reasons=findings(result),
            departures=[] if comparison is None else _departures(comparison),
            ranks=[] if comparison is None else _ranks(comparison),
            monitors=[] if comparison is None else _monitors(comparison["monitors"]["auroc"]),
            calls=[*failed, *(call for call in result["calls"] if not call["problem"])],
            style=style(),
        )
    )
    path = folder / PAGE
    replace_atomically(path, text.encode())
    return path


def findings(result: Mapping[str, Any]) -> list[str]:
    """What was found, a sentence each, for the terminal and the head of the page."""
    failed = [call for call in result["calls"] if call["problem"]]
    said = [f"{len(result['calls']) - len(failed)} of {len(result['calls'])} calls answered"]
    said += [f"{call['call']}: {call['problem']}" for call in failed]
    if result["comparison"] is None:
        return [*said, "nothing was driven"]
    found, divergence = result["comparison"], result["divergence"]
    said.append(
        f"{divergence['repeats']} repeats of one episode are identical in every tick"
        if divergence["identical"]
        else f"{divergence['repeats']} repeats of one episode part by up to {divergence['largest_distance_m']:.3f} m"
    )
    departed = " and ".join(f"{found['departures'][side]['k']} of {found['departures'][side]['n']}" for side in SIDES)
    said.append(f"episodes that departed: {departed} (verified and embedded simulator)")
    said += [f"{row['name']}: rank correlation {row['value']}, n = {row['n']}" for row in _ranks(found)]
    return said


def _simulator(simulator: Mapping[str, Any] | None) -> str:
    return "" if simulator is None else f"version {simulator['version']}"


def _departures(comparison: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [{"condition": "all conditions", **comparison["departures"]}, *comparison["conditions"]]
    return [{"name": row["condition"], **{side: rate(row[side]) for side in SIDES}} for row in rows]


def _ranks(comparison: Mapping[str, Any]) -> list[dict[str, Any]]:
    named = (
        ("episodes by their smallest lane margin", comparison["margins"]),
        ("conditions by their share of departures", comparison["conditions_rank"]),
        ("monitors by their AUROC", comparison["monitors"]),
    )
    return [{"name": name, **_rank(found)} for name, found in named]


def _rank(found: Mapping[str, Any]) -> dict[str, Any]:
    value = found["spearman"]
    if value is None:
        return {"value": "undefined", "interval": "too few, or all equal", "n": found["n"]}
    interval = DASH if found["low"] is None else f"{number(found['low'])} to {number(found['high'])}"
    return {"value": number(value), "interval": interval, "n": found["n"]}


def _monitors(aurocs: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = sorted({name for values in aurocs.values() for name in values})
    return [{"name": name, **{side: rate(aurocs[side].get(name), "number") for side in SIDES}} for name in names]
