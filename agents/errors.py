"""Named errors of agents and monitors: each says what, where and how to fix it."""

from __future__ import annotations


class AgentError(RuntimeError):
    """An agent could not steer (no route, NaN output, wrong picture). It counts as a failure of the agent."""


class MonitorError(RuntimeError):
    """A monitor could not judge a frame. The loop turns it into an alarm (fail safe)."""


class WeightsError(RuntimeError):
    """A weights file is missing, damaged, of the wrong kind or for another network."""


class UnknownNameError(LookupError):
    """No agent or monitor has this name."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""
