"""Privileged baseline: the risk of the scheduled artifact on a road as bent as the one ahead."""

from __future__ import annotations

from pathlib import Path

from agents.monitors.base import FittedMonitor
from agents.monitors.risk_table import RiskTable
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput
from agents.weights_io import WEIGHTS_FOLDER

CONDITION_CURVATURE_PATH = WEIGHTS_FOLDER / "condition_curvature.json"


class ConditionCurvatureMonitor(FittedMonitor):
    """Scores the departure risk of (artifact type × severity × curvature ahead).

    Args:
        table: risk table with curvatures and a nominal row.
    """

    name = "condition_curvature"
    unit = "risk"
    privileged = True
    reads = "ground truth"

    def __init__(self, table: Path = CONDITION_CURVATURE_PATH) -> None:
        super().__init__(table)
        self._table = RiskTable.load(table)

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Risk of the current condition on the road ahead."""
        return MonitorOutput(score=self._table.at(state.artifact_levels, state.curvature_ahead_1pm))
