"""An agent that fails is a failed agent; a monitor that fails raises its alarm; neither ends the campaign."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.label_expert import LabelExpertAgent
from agents.protocol import AgentOutput, Monitor
from agents.registry import make_monitor
from harness.simulation.preparation import MonitorNameError
from harness.simulation.session import CarlaSession
from tests.harness.simulation import drivers
from tests.harness.simulation.episodes import column, drive, episode


@pytest.mark.parametrize(
    ("agent", "message", "ticks"),
    [
        (drivers.RaisingAgent(), "agent raised at 1.00 s: ZeroDivisionError: no more road", 20),
        (drivers.NanAgent(), "agent answered nan at 1.00 s", 20),
        (drivers.WordyAgent(), "agent answered 'left' at 0.00 s", 0),
        (drivers.UnresettableAgent(), "agent raised in reset: OSError: calibration file gone", 0),
    ],
)
def test_a_failing_agent_is_an_agent_error_at_its_tick(
    session: CarlaSession, agent: LabelExpertAgent, message: str, ticks: int
) -> None:
    record = drive(session, episode(), agent=agent)
    assert (record.outcome, record.events["end_reason"]) == ("agent_error", "agent_error")
    assert message in record.events["message"]
    assert record.ticks.num_rows == ticks and record.events["duration_s"] == pytest.approx(ticks * 0.05)


def test_a_monitor_that_raises_scores_nan_and_is_counted(session: CarlaSession) -> None:
    record = drive(session, episode(monitors=["random"]), monitors=[drivers.RaisingMonitor()])
    assert record.outcome == "completed"
    assert np.isnan(column(record, "score__raising")).tolist() == [tick >= 20 for tick in range(60)]
    fault = record.events["monitor_faults"]["raising"]
    assert fault == {"ticks": 40, "first_s": pytest.approx(1.0), "message": "ValueError: lost the plot"}


def test_a_monitor_that_cannot_be_reset_fails_on_every_frame(session: CarlaSession) -> None:
    record = drive(session, episode(monitors=["random"]), monitors=[drivers.UnresettableMonitor()])
    assert np.isnan(column(record, "score__unresettable")).all()
    fault = record.events["monitor_faults"]["unresettable"]
    assert fault["ticks"] == 60 and "calibration file gone" in fault["message"]


@pytest.mark.parametrize(("name", "alarm_s"), [("RaisingMonitor", 1.0), ("UnresettableMonitor", 0.0)])
def test_the_fault_of_the_monitor_in_charge_hands_the_wheel_over(
    session: CarlaSession, name: str, alarm_s: float
) -> None:
    monitor = f"{drivers.__name__}:{name}"
    spec = episode(f"takeover:{monitor}@fa0.50", monitors=[monitor], thresholds=drivers.THRESHOLDS)
    record = drive(session, spec)
    assert record.events["takeovers"][0]["alarm_s"] == pytest.approx(alarm_s)
    assert record.events["first_takeover_tick"] == round(alarm_s / 0.05) + 20


def test_monitors_of_one_name_are_refused(session: CarlaSession) -> None:
    monitors: list[Monitor] = [make_monitor("random"), make_monitor("random")]
    with pytest.raises(MonitorNameError, match="two monitors are called 'random'"):
        drive(session, episode(monitors=["random", "periodic"]), monitors=monitors)


class _OddNetwork(LabelExpertAgent):
    """Steers straight and shows activations that no PilotNet has."""

    def act(self, observation: object) -> AgentOutput:
        return AgentOutput(0.0, (torch.zeros(1, 8, 20, 20),), torch.zeros(1, 3, 64, 64))


def test_a_network_of_another_shape_still_gets_its_clip(session: CarlaSession) -> None:
    record = drive(session, episode(duration_s=20.0), agent=_OddNetwork())
    assert record.events["end_reason"] == "departure"
    assert len(record.clips["clip_0.mp4"]) > 1000
