"""How a worker drives an episode: carla client, agent and monitors, each loaded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agents.protocol import Agent, Monitor
from agents.thresholds import load_thresholds
from harness.campaign.episode_spec import ComponentSpec, EpisodeSpec
from harness.results.schema import EpisodeRecord
from harness.simulation.errors import InfrastructureError

if TYPE_CHECKING:
    from harness.simulation.callback import EpisodeCallback

CLIENT_TIMEOUT_S = 20.0


class WeightsChangedError(RuntimeError):
    """The weights on this worker are not those the episode was planned with."""


@dataclass
class DrivingExecutor:
    """Runs episodes with the real client; travels to the worker before anything is loaded.

    Attributes:
        device: ``cpu`` or ``cuda``, for networks.
        thresholds: content of `thresholds.json`, for the alarm bars of clips.
        keep_monitor_inputs: shadow runs keep what learned monitors look at.
        timeout_s: longest wait for one answer of the simulator, wall clock.
    """

    device: str = "cpu"
    thresholds: Mapping[str, Any] = field(default_factory=load_thresholds)
    timeout_s: float = CLIENT_TIMEOUT_S
    keep_monitor_inputs: bool = False
    _session: Any = None
    _agents: dict[str, Agent] = field(default_factory=dict)
    _monitors: dict[str, Monitor] = field(default_factory=dict)

    def open(self, host: str, port: int) -> str:
        """Connect; returns the version that the server reports.

        Raises:
            InfrastructureError: no answer, or another version than the client's.
        """
        # Heavy imports here: the driver, which makes this object, needs neither torch nor the client.
        import cv2
        import torch

        from harness.simulation.session import CarlaSession

        # Workers share the cores among themselves, and one thread gives one order of sums.
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        self._session = CarlaSession(host, port, self.timeout_s)
        return str(self._session.server_version)

    def run(self, task: EpisodeSpec) -> EpisodeRecord:
        """Drive one episode.

        Raises:
            InfrastructureError: the simulator failed.
            WeightsChangedError: a weights file is another one than planned.
        """
        from harness.simulation.episode import run_episode
        from harness.simulation.monitor_inputs import MonitorInputRecorder

        if self._session is None:
            raise InfrastructureError("no connection to a simulator")
        agent = None if task.agent is None else self._agent(task.agent)
        monitors = [self._monitor(monitor) for monitor in task.monitors]
        watching = self.callbacks(task)
        if not self.keep_monitor_inputs or task.mode.kind != "shadow":
            return run_episode(self._session, task, agent, monitors, self.thresholds, watching)
        inputs = MonitorInputRecorder()
        record = run_episode(self._session, task, agent, monitors, self.thresholds, [*watching, inputs])
        return replace(record, monitor_inputs=inputs.table())

    def callbacks(self, task: EpisodeSpec) -> Sequence[EpisodeCallback]:
        """Who else sees every tick of this episode: nobody here; a subclass may collect frames."""
        return ()

    def close(self) -> None:
        """Drop the connection; agents stay loaded."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _agent(self, component: ComponentSpec) -> Agent:
        if component.name not in self._agents:
            from agents.registry import make_agent

            self._agents[component.name] = make_agent(component.name, device=self.device)
        agent = self._agents[component.name]
        _check_weights(component, agent.weights_sha256)
        return agent

    def _monitor(self, component: ComponentSpec) -> Monitor:
        if component.name not in self._monitors:
            from agents.registry import make_monitor

            self._monitors[component.name] = make_monitor(component.name, device=self.device)
        monitor = self._monitors[component.name]
        _check_weights(component, monitor.weights_sha256)
        return monitor


def _check_weights(component: ComponentSpec, found_sha256: str | None) -> None:
    if component.weights_sha256 != found_sha256:
        raise WeightsChangedError(
            f"weights of {component.name} are {found_sha256}, the campaign was planned with "
            f"{component.weights_sha256}: start a new campaign"
        )
