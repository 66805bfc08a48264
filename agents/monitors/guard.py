"""Fail safe: a monitor that fails on a frame raises its alarm instead of ending the run (PROTOCOL §5)."""

from __future__ import annotations

import math

from agents.protocol import AgentOutput, DrivingState, Frame, Monitor, MonitorOutput


def guarded_score(
    monitor: Monitor, frame: Frame, agent_output: AgentOutput, state: DrivingState
) -> tuple[MonitorOutput, str | None]:
    """Score one frame, whatever the monitor does.

    Returns:
        (judgement, None), or (judgement with score NaN, what went wrong) when the monitor raised or answered with
        something else than a ``MonitorOutput`` with a finite score. Counting is the caller's.
    """
    try:
        output = monitor.score(frame, agent_output, state)
    except Exception as error:
        return MonitorOutput(score=math.nan), f"{type(error).__name__}: {error}"
    if not isinstance(output, MonitorOutput):
        return MonitorOutput(score=math.nan), f"score() returned {type(output).__name__}, not MonitorOutput"
    if not math.isfinite(output.score):
        return MonitorOutput(score=math.nan), f"the score is {output.score}"
    return output, None
