"""The parameter space: what was varied, what acts, where failures lie, and what was never driven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.campaign_data import CampaignData
from reports.formatting import count, number, percent, rate, scientific
from reports.section import Section

MAX_UNTESTED = 24
LEAD = (
    "Each point of the declared space is a scenario of its own. Sensitivity is the share of the variance of the lane "
    "margin that a parameter explains alone; the control is a number that nothing depends on."
)


def build(data: CampaignData) -> Section:
    """Sensitivities beside the control, failures by part of the range, untested cells of each pair.

    Only for a campaign whose summary has a ``parameter_space``.
    """
    figures = data.summary["parameter_space"]
    control = figures["control"]
    view = {
        "points": count(figures["points"]),
        "failed": count(figures["failed"]),
        "sampler": figures["sampler"],
        "control_acts": figures["control_acts"],
        "sensitivities": [
            *(_sensitivity(row["id"], row["layer"], row["sensitivity"]) for row in figures["parameters"]),
            *([_sensitivity("control", "nothing", control)] if control else []),
        ],
        "parameters": [_parameter(row) for row in figures["parameters"]],
        "coverage": percent(figures["pairwise"]["share"]),
        "cells": f"{count(figures['pairwise']['driven'])} of {count(figures['pairwise']['cells'])}",
        "pairs": bool(figures["pairwise"]["cells"]),
        "untested": _untested(figures["pairwise"]["pairs"]),
        "untested_more": max(0, figures["pairwise"]["cells"] - figures["pairwise"]["driven"] - MAX_UNTESTED),
    }
    return Section("space", "Parameters", "Parameter space", "parameter_space.html.j2", lead=LEAD, view=view)


def _sensitivity(name: str, layer: str, found: Mapping[str, Any] | None) -> dict[str, str]:
    if found is None:
        return {"name": name, "layer": layer, "share": "—", "interval": "", "p": "—", "word": "cannot be told"}
    interval = "" if found["low"] is None else f"[{number(found['low'])}, {number(found['high'])}]"
    return {
        "name": name,
        "layer": layer,
        "share": number(found["value"]),
        "interval": interval,
        "p": scientific(found["p_corrected"]),
        "word": "acts" if found["acts"] else "no influence shown",
    }


def _parameter(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": f"{row['id']} ({row['unit']})" if row["unit"] else row["id"],
        "target": row["target"],
        "parts": [{"range": part["range"], "failed": rate(part["failed"])} for part in row["parts"]],
    }


def _untested(pairs: list[dict[str, Any]]) -> list[str]:
    cells = [f"{pair['first']} {a}, {pair['second']} {b}" for pair in pairs for a, b in pair["untested"]]
    return cells[:MAX_UNTESTED]
