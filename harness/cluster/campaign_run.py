"""Run a planned campaign into its folder: resume, schedule, store, say how it ended."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.campaign.episode_spec import EpisodeSpec
from harness.cluster.campaign_plan import CampaignPlan, plan_campaign, plan_resumed, require_same
from harness.cluster.driving import DrivingExecutor
from harness.cluster.local_ray import local_cluster
from harness.cluster.progress import CampaignProgress
from harness.cluster.scheduler import ATTEMPT_BUDGET, NothingWorksError, Observer, Scheduler
from harness.cluster.worker import WorkerSettings
from harness.results.provenance import provenance, usable_cores, utc_now, without_paths
from harness.results.schema import EpisodeRecord
from harness.results.store import CampaignStore, read_campaign_json
from harness.simulation.server import REPOSITORY, Simulator, SimulatorNotSupportedError, parse_simulator


@dataclass(frozen=True)
class RunOptions:
    """What a person asked for.

    Attributes:
        scenario: YAML file; may be None when resuming.
        out: new folder for the results; default ``results/<campaign>/<start time>``.
        resume: folder of a campaign to continue.
        workers: None for one per usable core, or per endpoint of an attached simulator.
        limit: only the first episodes.
        simulator: overrides the scenario's.
        device: ``auto``, ``cpu`` or ``cuda``, for networks.
        overrides: ``key=value`` texts.
        command_line: for the record.
    """

    scenario: Path | None = None
    out: Path | None = None
    resume: Path | None = None
    workers: int | None = None
    limit: int | None = None
    simulator: str | None = None
    device: str = "auto"
    overrides: tuple[str, ...] = ()
    command_line: tuple[str, ...] = ()


class Status(enum.StrEnum):
    """How far a campaign got."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"  # episodes were lost to the infrastructure
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class CampaignResult:
    """How a run ended.

    Attributes:
        folder: of the results.
        status: never ``RUNNING``.
        planned, stored, lost: numbers of episodes: planned, with a record that counts, lost to the infrastructure.
        message: what went wrong, empty if nothing did.
    """

    folder: Path
    status: Status
    planned: int
    stored: int
    lost: int
    message: str = ""


def run_campaign(options: RunOptions) -> CampaignResult:
    """Run, or continue, one campaign. Ctrl-C and SIGTERM stop it in a state that can be resumed.

    Raises:
        ScenarioError, UnknownNameError, WeightsError: the scenario cannot be run.
        StoreError: the folder cannot be used.
        SimulatorNameError, SimulatorNotSupportedError: the simulator cannot be used.
    """
    plan = _plan(options)
    simulator = parse_simulator(options.simulator or plan.spec.simulator)
    if simulator.kind in ("binary", "docker"):
        raise SimulatorNotSupportedError(
            f"starting {simulator} comes with the cluster work; start it yourself and use attach:HOST:PORT"
        )
    store, campaign = _open_store(options, plan, simulator)
    with store:
        finished = store.finished()
        todo = [episode for episode in plan.episodes if episode.episode_id not in finished]
        workers = max(1, min(_workers(options, simulator), len(todo)))
        run = {
            "started_at": utc_now(),
            "command_line": without_paths(options.command_line),
            "workers": workers,
            "device": options.device,
            "episodes_before": len(plan.episodes) - len(todo),
        }
        campaign["runs"] = [*campaign.get("runs", []), run]
        campaign["status"] = Status.RUNNING
        store.write_campaign(campaign)
        progress = CampaignProgress(len(plan.episodes), len(plan.episodes) - len(todo))
        observer = _StoringObserver(store, progress)
        executor = DrivingExecutor(options.device, plan.thresholds, keep_monitor_inputs=plan.spec.keep_monitor_inputs)
        status, message = _run_episodes(todo, workers, simulator, executor, observer)
        done = store.finished()
        stored = sum(episode.episode_id in done for episode in plan.episodes)
        if status is Status.COMPLETE and stored < len(plan.episodes):
            status = Status.INCOMPLETE
            message = f"{len(plan.episodes) - stored} episodes were lost to the infrastructure"
        campaign["status"] = status
        seen = campaign["simulator"]
        seen["version"] = observer.server_version or seen["version"]
        if seen.get("scene_version") is None:
            seen["scene_version"] = observer.scene_version
        run["ended_at"] = utc_now()
        store.write_campaign(campaign)
    return CampaignResult(store.folder, status, len(plan.episodes), stored, observer.lost, message)


def _run_episodes(
    todo: Sequence[EpisodeSpec],
    workers: int,
    simulator: Simulator,
    executor: DrivingExecutor,
    observer: _StoringObserver,
) -> tuple[Status, str]:
    if not todo:
        return Status.COMPLETE, ""
    try:
        with observer.progress, local_cluster(workers) as folder:
            settings = WorkerSettings(simulator, executor, str(folder / "servers"))
            Scheduler(settings, workers, observer).run(todo)
    except KeyboardInterrupt:
        return Status.INTERRUPTED, "stopped on request"
    except NothingWorksError as error:
        return Status.INCOMPLETE, str(error)
    return Status.COMPLETE, ""


class _StoringObserver(Observer):
    """Stores each record the moment it arrives, and shows progress."""

    def __init__(self, store: CampaignStore, progress: CampaignProgress) -> None:
        self.progress = progress
        self.server_version: str | None = None
        self.scene_version: int | None = None
        self.lost = 0
        self._store = store

    def finished(self, record: EpisodeRecord, server_version: str | None) -> None:
        self._store.add_episode(record)
        self.server_version = server_version or self.server_version
        if self.scene_version is None:
            self.scene_version = record.events.get("simulator", {}).get("scene_version")
        lost = record.outcome == "infrastructure_error"
        self.lost += lost
        self.progress.episode_done(record.ticks.num_rows, bool(record.events.get("departures")), lost)

    def failed_attempt(self, task: Any, attempt: int, error: str) -> None:
        lines = error.splitlines()
        summary = lines[0] if len(lines) == 1 else f"{lines[0]} {lines[-1].strip()}"
        then = "given up" if attempt >= ATTEMPT_BUDGET else "running it again"
        self.progress.note(
            f"episode {task.episode_id} ({task.road}, {task.condition}, {task.mode}), "
            f"try {attempt} of {ATTEMPT_BUDGET} failed, {then}: {summary[:400]}"
        )

    def poll(self) -> None:
        self.progress.refresh()


def _plan(options: RunOptions) -> CampaignPlan:
    if options.scenario is None:
        if options.resume is None:
            raise ValueError("a scenario or a campaign to resume is needed")
        return plan_resumed(options.resume, options.limit)
    limit = options.limit
    if options.resume is not None and limit is None:
        limit = read_campaign_json(options.resume).get("limit")
    plan = plan_campaign(options.scenario, options.overrides, limit)
    if options.resume is not None:
        require_same(plan, options.resume)
    return plan


def _open_store(options: RunOptions, plan: CampaignPlan, simulator: Simulator) -> tuple[CampaignStore, dict[str, Any]]:
    """The store and what its ``campaign.json`` will say."""
    described = _described(options, plan, simulator)
    if options.resume is not None:
        store = CampaignStore.open(options.resume)
        before = store.campaign()
        kept = {key: before[key] for key in ("created_at", "command", "runs", "scenario", "provenance", "simulator")}
        return store, {**described, **kept}
    folder = options.out or Path("results") / plan.spec.campaign / described["created_at"].replace(":", "")
    return CampaignStore.create(folder), described


def _described(options: RunOptions, plan: CampaignPlan, simulator: Simulator) -> dict[str, Any]:
    return {
        "name": plan.spec.campaign,
        "campaign_id": plan.campaign_id,
        "description": plan.spec.description,
        "scenario": options.scenario.name if options.scenario else None,
        "created_at": utc_now(),
        "command": " ".join(without_paths(options.command_line)),
        "spec": plan.spec.model_dump(mode="json"),
        "limit": plan.limit,
        "seed_indices": list(plan.spec.seed_indices),
        "agent": plan.agent,
        "monitors": plan.monitors,
        "thresholds": plan.thresholds,
        "criteria": [criterion.model_dump(exclude_none=True) for criterion in plan.spec.criteria],
        "simulator": {"name": simulator.kind, "version": None, "scene_version": None},
        "provenance": provenance(REPOSITORY),
        "episode_ids": [episode.episode_id for episode in plan.episodes],
        "runs": [],
    }


def _workers(options: RunOptions, simulator: Simulator) -> int:
    if simulator.kind == "attach":
        return min(options.workers or len(simulator.endpoints), len(simulator.endpoints))
    return options.workers or usable_cores()
