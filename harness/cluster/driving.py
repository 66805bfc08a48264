"""How the driving process drives an episode: carla client, agent and monitors, each loaded once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agents.protocol import Agent, Monitor
from agents.thresholds import load_thresholds
from harness.campaign.episode_spec import ComponentSpec, EpisodeSpec
from harness.cluster.pulse import Pulse, Stage
from harness.cluster.shipping import Files, unpack
from harness.cluster.watched import TickBeat, WatchedAgent, WatchedMonitor
from harness.evaluation.modes import LOG, SHADOW
from harness.results.schema import EpisodeRecord
from harness.simulation.errors import InfrastructureError

if TYPE_CHECKING:
    from harness.simulation.callback import EpisodeCallback

CLIENT_TIMEOUT_S = 20.0
MODES_WITH_INPUTS = (SHADOW, LOG)
"""Those of which some figure reads what monitors say: all of theirs, and the paper's log-based column."""


class WeightsChangedError(RuntimeError):
    """The weights on this worker are not those the episode was planned with."""


@dataclass
class DrivingExecutor:
    """Runs episodes with the real client; travels to the worker before anything is loaded.

    Attributes:
        device: ``cpu`` or ``cuda``, for networks.
        thresholds: content of `thresholds.json`, for the alarm bars of clips.
        timeout_s: longest wait for one answer of the simulator, wall clock.
        keep_monitor_inputs: shadow and log runs keep what learned monitors look at.
        files: weights and roads that were named by path, by that path; this host need not have them.
        with_networks: the episodes need PyTorch, which takes seconds to load and half of a process's memory.
    """

    device: str = "cpu"
    thresholds: Mapping[str, Any] = field(default_factory=load_thresholds)
    timeout_s: float = CLIENT_TIMEOUT_S
    keep_monitor_inputs: bool = False
    files: Files = field(default_factory=dict, repr=False)
    with_networks: bool = True
    _pulse: Any = None
    _places: dict[str, Path] = field(default_factory=dict)
    _session: Any = None
    _agents: dict[str, Agent] = field(default_factory=dict)
    _monitors: dict[str, Monitor] = field(default_factory=dict)

    def prepare(self, pulse: Pulse, folder: Path) -> None:
        """Import what driving needs and unpack what was shipped, while the server starts."""
        # Heavy imports here: the driver, which makes this object, needs neither torch nor the client.
        import cv2

        import harness.simulation.episode  # noqa: F401

        # Workers share the cores among themselves, and one thread gives one order of sums.
        cv2.setNumThreads(1)
        if self.with_networks or self.keep_monitor_inputs:
            import torch

            torch.set_num_threads(1)
        self._pulse = pulse
        self._places = unpack(self.files, folder / "files")

    def open(self, host: str, port: int) -> str:
        """Connect; returns the version that the server reports.

        Raises:
            InfrastructureError: no answer, or another version than the client's.
        """
        from harness.simulation.session import CarlaSession

        self._session = CarlaSession(host, port, self.timeout_s)
        return str(self._session.server_version)

    def close(self) -> None:
        """Let the simulator go: a client that ends with sensors alive aborts its process."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def run(self, task: EpisodeSpec) -> EpisodeRecord:
        """Drive one episode.

        Raises:
            InfrastructureError: the simulator failed.
            WeightsChangedError: a weights file is another one than planned.
        """
        from harness.simulation.episode import run_episode

        if self._session is None:
            raise InfrastructureError("no connection to a simulator")
        self._pulse.beat(Stage.LOADING)
        agent = None if task.agent is None else cast(Agent, WatchedAgent(self._agent(task.agent), self._pulse))
        monitors = [cast(Monitor, WatchedMonitor(self._monitor(monitor), self._pulse)) for monitor in task.monitors]
        inputs = None
        if self.keep_monitor_inputs and task.mode.kind in MODES_WITH_INPUTS:
            from harness.simulation.monitor_inputs import MonitorInputRecorder

            inputs = MonitorInputRecorder()
        recorders = [] if inputs is None else [inputs]
        callbacks = [*self.callbacks(task), *recorders, TickBeat(self._pulse)]
        record = run_episode(self._session, self._local(task), agent, monitors, self.thresholds, callbacks)
        kept = None if inputs is None else inputs.table()
        return dataclasses.replace(record, spec=task.to_json(), monitor_inputs=kept)

    def callbacks(self, task: EpisodeSpec) -> Sequence[EpisodeCallback]:
        """Who else sees every tick of this episode: nobody here; a subclass may collect frames."""
        return ()

    def _local(self, task: EpisodeSpec) -> EpisodeSpec:
        """The task with its OpenDRIVE file where this host has it."""
        place = self._places.get(str(task.world.file))
        if place is None:
            return task
        return task.model_copy(update={"world": task.world.model_copy(update={"file": place})})

    def _agent(self, component: ComponentSpec) -> Agent:
        if component.name not in self._agents:
            from agents.registry import make_agent

            self._agents[component.name] = make_agent(self._path_of(component), device=self.device)
        agent = self._agents[component.name]
        _check_weights(component, agent.weights_sha256)
        return agent

    def _monitor(self, component: ComponentSpec) -> Monitor:
        if component.name not in self._monitors:
            from agents.registry import make_monitor

            self._monitors[component.name] = make_monitor(self._path_of(component), device=self.device)
        monitor = self._monitors[component.name]
        _check_weights(component, monitor.weights_sha256)
        return monitor

    def _path_of(self, component: ComponentSpec) -> str:
        return str(self._places.get(component.name, component.name))


def _check_weights(component: ComponentSpec, found_sha256: str | None) -> None:
    if component.weights_sha256 != found_sha256:
        raise WeightsChangedError(
            f"weights of {component.name} are {found_sha256}, the campaign was planned with "
            f"{component.weights_sha256}: start a new campaign"
        )
