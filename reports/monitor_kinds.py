"""What kind of watcher a monitor is, so that a reader never takes a cheat or a control for a product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.evaluation.monitor_tables import BASELINES
from reports.section import dig

# Names of PROTOCOL §8, for figures that name a monitor and say nothing else of it.
PRIVILEGED = frozenset(
    {"condition_only", "curvature_ahead", "condition_x_curvature", "current_margin", "true_swa_error"}
)
COLOURS = {"learned": "c-blue", "baseline": "c-grey", "privileged": "c-purple"}
WORDS = {
    "learned": "failure predictor",
    "baseline": "control: knows nothing about failures",
    "privileged": "privileged: uses ground truth that no car has",
}
ORDER = ("learned", "baseline", "privileged")


def kind_of(name: str, described: Mapping[str, Any] | None = None) -> str:
    """``learned``, ``baseline`` or ``privileged``; what the summary says goes before what the name says."""
    privileged, baseline = dig(described, "privileged"), dig(described, "baseline")
    if privileged or name in PRIVILEGED:
        return "privileged"
    if baseline or (baseline is None and name in BASELINES):
        return "baseline"
    return "learned"


def colour_of(name: str, kind: str) -> str:
    """Colour class of a monitor: the saliency and camera students have their own, as in the paper's table."""
    if kind == "learned" and "camera" in name:
        return "c-orange"
    return COLOURS[kind]
