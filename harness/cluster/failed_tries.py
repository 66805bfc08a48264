"""The tries of each episode so far, and what becomes of one whose tries are used up."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from harness.cluster.attempt import AttemptResult, EpisodeTask
from harness.results.schema import EpisodeRecord
from harness.simulation.events import EndReason, EpisodeEvents

ATTEMPT_BUDGET = 3
NODE_LOSS_BUDGET = 10  # a night may lose nodes, but an episode that takes every node down must end


class FailedTries:
    """Remembers failed tries by episode."""

    def __init__(self) -> None:
        self.last_error = "none noted"
        self._tries: dict[str, list[dict[str, Any]]] = {}

    def add(self, task: EpisodeTask, result: AttemptResult) -> int:
        """Note a failed try; returns how many count against the budget now."""
        self._note(task, str(result.error), result.server_log, result.blame)
        return self._counted(task)

    def add_node_loss(self, task: EpisodeTask, error: str) -> int:
        """Note a try that went down with its node; it counts against a budget of its own."""
        self._note(task, error, "", "node")
        return max(1, self._counted(task))

    def may_try_again(self, task: EpisodeTask) -> bool:
        """False when a budget is used up."""
        lost_with_nodes = len(self._of(task)) - self._counted(task)
        return self._counted(task) < ATTEMPT_BUDGET and lost_with_nodes < NODE_LOSS_BUDGET

    def with_success(self, task: EpisodeTask, result: AttemptResult) -> list[dict[str, Any]]:
        """All tries of an episode, the last of which went well."""
        failures = self._tries.pop(task.episode_id, [])
        last = {"attempt": len(failures) + 1, "error": None, "server_log": result.server_log}
        return [*failures, {**last, "memory_mb": dict(result.memory_mb), "driven": result.driven}]

    def lost_record(self, task: EpisodeTask) -> EpisodeRecord:
        """The record of an episode whose tries were all used up, without ticks.

        It is lost to the infrastructure, unless it was the agent that never answered, every time: that is a failure
        of the agent.
        """
        failures = self._tries.pop(task.episode_id)
        blamed = {failure["blame"] for failure in failures}
        outcome = "agent_error" if blamed == {"agent"} else "infrastructure_error"
        message = f"{len(failures)} tries failed; the last one: {failures[-1]['error']}"
        nothing = pa.table({})
        events: dict[str, Any] = {"message": message, "end_reason": None}
        if outcome == "agent_error":
            simulator = {"version": None, "scene_version": None}
            # Without a single tick there is no time either, whatever a tick lasts.
            events = EpisodeEvents(EndReason.AGENT_ERROR).to_json(nothing, 0.0, outcome, message, [], simulator)
        return EpisodeRecord(
            task.episode_id, dict(task.to_json()), outcome, nothing, nothing, events, attempts=failures
        )

    def _note(self, task: EpisodeTask, error: str, server_log: str, blame: str) -> None:
        self.last_error = error
        failures = self._tries.setdefault(task.episode_id, [])
        failures.append({"attempt": len(failures) + 1, "error": error, "server_log": server_log, "blame": blame})

    def _of(self, task: EpisodeTask) -> list[dict[str, Any]]:
        return self._tries.get(task.episode_id, [])

    def _counted(self, task: EpisodeTask) -> int:
        return sum(failure["blame"] != "node" for failure in self._of(task))
