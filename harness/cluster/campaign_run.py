"""Run a planned campaign into its folder: resume, schedule, store, say how it ended."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray

from harness.campaign.episode_spec import EpisodeSpec, TakeoverSpec
from harness.cluster.campaign_plan import CampaignPlan, plan_campaign, plan_resumed, require_same
from harness.cluster.driving import DrivingExecutor
from harness.cluster.episode_sink import EpisodeSink
from harness.cluster.local_ray import ClusterLostError, cluster_watch, local_cluster
from harness.cluster.progress import CampaignProgress
from harness.cluster.remote_ray import remote_cluster
from harness.cluster.scheduler import NothingWorksError, Observer, Scheduler
from harness.cluster.shipping import files_to_ship, with_networks
from harness.cluster.sizing import Size, offers, size_workers, this_host
from harness.cluster.worker import WorkerSettings
from harness.results.baseline import check_baseline
from harness.results.disk_budget import DiskBudget
from harness.results.history import DEFAULT_RESULTS
from harness.results.provenance import provenance, utc_now, without_paths
from harness.results.store import CampaignStore, StorageError, read_campaign_json
from harness.simulation.launch import launch_for
from harness.simulation.server import REPOSITORY
from harness.simulation.simulator import Simulator, parse_simulator

if TYPE_CHECKING:
    from harness.cluster.rescue_tasks import RescueTask
    from harness.evaluation.rescue_table import RescueRow


@dataclass(frozen=True)
class RunOptions:
    """What a person asked for.

    Attributes:
        scenario: YAML file; may be None when resuming.
        out: new folder for the results; default ``results/<campaign>/<start time>``.
        resume: folder of a campaign to continue.
        workers: None for as many as cores, memory and GPUs allow, or per endpoint of an attached simulator.
        limit: only the first episodes.
        filters: only episodes that these ``key=pattern`` texts let through; when resuming, those of before if empty.
        simulator: overrides the scenario's.
        ray_address: of a running Ray cluster; None to start one on this host.
        rescue: map the departures of a resumed campaign even if its scenario says ``rescue_map: false``.
        verify: when resuming, check the hash of every stored file and run damaged episodes again.
        device: ``auto``, ``cpu`` or ``cuda``, for networks.
        overrides: ``key=value`` texts.
        baseline: folder or tag of the campaign that this one will be compared with; only checked here.
        disk_budget_bytes: for this campaign and all that its catalogue lists; None for no limit.
        command_line: for the record.
    """

    scenario: Path | None = None
    out: Path | None = None
    resume: Path | None = None
    workers: int | None = None
    limit: int | None = None
    filters: tuple[str, ...] = ()
    simulator: str | None = None
    ray_address: str | None = None
    rescue: bool = False
    verify: bool = False
    device: str = "auto"
    overrides: tuple[str, ...] = ()
    baseline: str | None = None
    disk_budget_bytes: int | None = None
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
        StoreError: the folder cannot be used, or holds records of another simulator.
        SimulatorNameError: the simulator is not understood.
        LaunchError: it is not installed on this host.
        ClusterError, NoRoomError: the Ray cluster cannot be used.
    """
    plan = _plan(options)
    simulator = parse_simulator(options.simulator or plan.spec.simulator)
    if options.ray_address is None and simulator.kind != "attach":
        launch_for(simulator, port=0, gpu=None, name="check")  # what is not installed here shows before anything starts
    if options.baseline is not None:
        place = options.resume or options.out or DEFAULT_RESULTS / "new"
        check_baseline(options.baseline, place, plan.spec.campaign, plan.spec.tier)
    store, campaign = _open_store(options, plan, simulator)
    with store:
        for problem in store.drop_damaged(check_hashes=options.verify):
            print(f"run again: {problem}")
        finished = store.finished()
        todo = _by_map([episode for episode in plan.episodes if episode.episode_id not in finished])
        run = {
            "started_at": utc_now(),
            "command_line": without_paths(options.command_line),
            "device": options.device,
            "episodes_before": len(plan.episodes) - len(todo),
        }
        campaign["runs"] = [*campaign.get("runs", []), run]
        campaign["status"] = Status.RUNNING
        progress = CampaignProgress(len(plan.episodes), len(plan.episodes) - len(todo))
        budget = None if options.disk_budget_bytes is None else DiskBudget(options.disk_budget_bytes, store)
        sink = EpisodeSink(store, progress, campaign["simulator"], budget)
        status, message = _run_on_cluster(todo, plan, options, simulator, sink, store, campaign)
        done = store.finished()
        stored = sum(episode.episode_id in done for episode in plan.episodes)
        if status is Status.COMPLETE and stored < len(plan.episodes):
            status = Status.INCOMPLETE
            message = f"{len(plan.episodes) - stored} episodes were lost to the infrastructure"
        campaign["status"] = status
        campaign["simulator"] |= {"version": sink.server_version, "scene_version": sink.scene_version}
        run |= {"ended_at": utc_now(), "drained_nodes": sink.drained}
        with contextlib.suppress(StorageError) if status is Status.INCOMPLETE else contextlib.nullcontext():
            store.write_campaign(campaign)
    return CampaignResult(store.folder, status, len(plan.episodes), stored, sink.lost, message)


def _run_on_cluster(
    todo: Sequence[EpisodeSpec],
    plan: CampaignPlan,
    options: RunOptions,
    simulator: Simulator,
    sink: EpisodeSink,
    store: CampaignStore,
    campaign: dict[str, Any],
) -> tuple[Status, str]:
    """Drive the episodes that are left, then map the departures, on one cluster that is started once."""
    wants_map = plan.spec.rescue_map or options.rescue
    if not todo and not (wants_map and _open_departures(store, plan)[0]):
        return Status.COMPLETE, ""
    try:
        with contextlib.ExitStack() as shown:
            if todo:
                shown.enter_context(sink.progress)
            with _cluster(options, plan, simulator, len(todo) or len(plan.episodes)) as cluster:
                size = cluster.size
                campaign["runs"][-1] |= {"workers": size.workers, "gpus_per_worker": size.resources.gpus}
                sink.write_campaign(campaign)
                if todo:
                    executor = DrivingExecutor(
                        options.device,
                        plan.thresholds,
                        keep_monitor_inputs=plan.spec.keep_monitor_inputs,
                        files=files_to_ship(todo),
                        with_networks=with_networks(todo),
                    )
                    cluster.scheduler(WorkerSettings(simulator, executor, cluster.log_folder), sink).run(todo)
                    shown.close()
                lost = _map_departures(store, plan, options, simulator, cluster) if wants_map else 0
    except KeyboardInterrupt:
        return Status.INTERRUPTED, "stopped on request"
    except (ClusterLostError, NothingWorksError, StorageError) as error:
        return Status.INCOMPLETE, str(error)
    if lost:
        return Status.INCOMPLETE, f"{lost} departures of the rescue map were lost to the infrastructure"
    return Status.COMPLETE, ""


def _map_departures(
    store: CampaignStore, plan: CampaignPlan, options: RunOptions, simulator: Simulator, cluster: _Cluster
) -> int:
    """Make, or finish, the campaign's rescue map; returns how many departures were lost. What is known stays."""
    # Mapping needs all that driving needs, PyTorch and the client among it: nobody waits for them before the driving.
    from harness.cluster.rescue_run import RescueSink
    from harness.cluster.rescue_tasks import RescueExecutor

    tasks, rows = _open_departures(store, plan)
    if not tasks:
        return 0
    sink = RescueSink(store.folder, tasks, rows)
    specs = [task.run.spec for task in tasks]
    executor = RescueExecutor(
        options.device, plan.thresholds, files=files_to_ship(specs), with_networks=with_networks(specs)
    )
    try:
        with sink.progress:
            cluster.scheduler(WorkerSettings(simulator, executor, cluster.log_folder), sink).run(tasks)
    finally:
        sink.store()
    return sink.lost


def _open_departures(store: CampaignStore, plan: CampaignPlan) -> tuple[list[RescueTask], list[RescueRow]]:
    from harness.cluster.rescue_run import open_departures

    return open_departures(store.folder, store.finished(), TakeoverSpec(driver=plan.spec.takeover.driver))


@dataclass(frozen=True)
class _Cluster:
    """A connected Ray cluster: the folder for logs on its nodes, how many workers it takes, whether it still stands."""

    log_folder: str
    size: Size
    require_cluster: Callable[[], None] = lambda: None

    def scheduler(self, settings: WorkerSettings, observer: Observer) -> Scheduler:
        """One for a list of tasks."""
        resources, watch = self.size.resources, self.require_cluster
        return Scheduler(settings, self.size.workers, observer, resources=resources, require_cluster=watch)


@contextlib.contextmanager
def _cluster(options: RunOptions, plan: CampaignPlan, simulator: Simulator, episodes: int) -> Iterator[_Cluster]:
    if options.ray_address is None:
        host = this_host()
        size = size_workers([host], simulator, options.workers, options.device).at_most(episodes)
        memory_bytes = size.workers * size.resources.memory_bytes
        with local_cluster(size.workers, gpus=int(host.gpus), memory_bytes=memory_bytes) as folder:
            yield _Cluster(str(folder / "servers"), size, cluster_watch())
        return
    plug_ins = [plan.spec.agent, *plan.spec.monitors]
    with remote_cluster(options.ray_address, plug_ins) as log_folder:
        size = size_workers(offers(ray.nodes()), simulator, options.workers, options.device)
        yield _Cluster(log_folder, size.at_most(episodes))


def _by_map(episodes: Sequence[EpisodeSpec]) -> list[EpisodeSpec]:
    """The same episodes with those of one map together: a simulator loads it once. No record depends on the order."""
    return sorted(episodes, key=lambda episode: episode.world.map_name or "")


def _plan(options: RunOptions) -> CampaignPlan:
    if options.scenario is None:
        if options.resume is None:
            raise ValueError("a scenario or a campaign to resume is needed")
        return plan_resumed(options.resume, options.limit)
    limit, filters = options.limit, options.filters
    if options.resume is not None:
        before = read_campaign_json(options.resume)
        limit = before.get("limit") if limit is None else limit
        filters = filters or tuple(before.get("filters") or ())
    plan = plan_campaign(options.scenario, options.overrides, limit, filters)
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
    parts = [part for part in (plan.spec.campaign, plan.spec.tier) if part is not None]
    folder = options.out or DEFAULT_RESULTS.joinpath(*parts) / described["created_at"].replace(":", "")
    return CampaignStore.create(folder), described


def _described(options: RunOptions, plan: CampaignPlan, simulator: Simulator) -> dict[str, Any]:
    return {
        "name": plan.spec.campaign,
        "tier": plan.spec.tier,
        "campaign_id": plan.campaign_id,
        "description": plan.spec.description,
        "scenario": options.scenario.name if options.scenario else None,
        "created_at": utc_now(),
        "command": " ".join(without_paths(options.command_line)),
        "spec": plan.spec.model_dump(mode="json"),
        "limit": plan.limit,
        "filters": list(plan.filters),
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
