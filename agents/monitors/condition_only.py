"""Privileged baseline: the risk of the scheduled artifact and its severity, and nothing else."""

from __future__ import annotations

from pathlib import Path

from agents.monitors.base import FittedMonitor
from agents.monitors.risk_table import RiskTable
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput
from agents.weights_io import WEIGHTS_FOLDER

CONDITION_ONLY_PATH = WEIGHTS_FOLDER / "condition_only.json"


class ConditionOnlyMonitor(FittedMonitor):
    """Scores the departure risk of (artifact type × severity); 0 where nothing is active.

    Args:
        table: risk table without curvature.
    """

    name = "condition_only"
    unit = "risk"
    privileged = True
    reads = "ground truth"

    def __init__(self, table: Path = CONDITION_ONLY_PATH) -> None:
        super().__init__(table)
        self._table = RiskTable.load(table)

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Risk of the current condition."""
        return MonitorOutput(score=self._table.at(state.artifact_levels))
