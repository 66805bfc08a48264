"""What can go wrong in an episode, named by who is to blame."""

from __future__ import annotations


class InfrastructureError(Exception):
    """The simulator, the network or the host failed. Retried with the same seed, never a driving figure."""


class InvalidSimulationError(Exception):
    """The simulation ran but what it showed is implausible. The episode is `invalid`: listed and counted as missing."""


class AgentFaultError(Exception):
    """The agent raised or returned no number. Counts as a failure of the agent at that tick."""
