"""Is a running simulator, meant to be CARLA, fit for campaigns, and do its figures rank like the embedded one's?

Four questions: does it answer every call, does it repeat itself, what does the same small campaign give on both
simulators, and do departures and monitors come in the same order there. Both campaigns drive the same road geometry:
the verified simulator on its own map, the embedded one on that map's OpenDRIVE text. Pictures and physics differ, and
that is the question.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from harness.cluster.campaign_plan import plan_campaign
from harness.cluster.campaign_run import RunOptions, Status, run_campaign
from harness.cluster.driving import DrivingExecutor
from harness.cluster.verification_figures import compare, divergence
from harness.cluster.worker import EpisodeWorker, WorkerSettings
from harness.results.files import json_bytes, replace_atomically
from harness.results.provenance import provenance, utc_now
from harness.results.store import StorageError, read_campaign_json
from harness.simulation.conformance import check_conformance
from harness.simulation.server import REPOSITORY, ServerStartError, SimulatorServer
from harness.simulation.simulator import parse_simulator

SCHEMA_VERSION = 2  # 2: provenance, plan, conditions, intervals; figures are null where a call failed
RESULT_FILE = "carla_verification.json"
REPEATS = 3
VERIFIED, REFERENCE = "verified", "embedded"
CONDITIONS: list[dict[str, Any]] = [
    {"name": "ideal"},
    {"name": "noisy", "effects": [{"effect": "noise", "sigma_dn": 60}], "onset_s": 1.0},
    {"name": "blurred", "effects": [{"effect": "blur", "width_px": 24}], "onset_s": 1.0},
    {"name": "dark", "effects": [{"effect": "gain", "factor": 0.05}], "onset_s": 1.0},
]


class VerificationError(RuntimeError):
    """The simulator cannot even be asked; the message says why."""


@dataclass(frozen=True)
class VerificationPlan:
    """What is driven.

    Attributes:
        agent, monitors: by name, as in a campaign.
        starts: places on the map, so many as the map has roads for.
        duration_s: of each episode.
        workers: of the campaign on the embedded simulator.
    """

    agent: str = "pilotnet"
    monitors: tuple[str, ...] = ("saliency_student", "camera_student", "brightness", "sharpness", "curvature", "random")
    starts: int = 6
    duration_s: float = 15.0
    workers: int | None = None


def verify_carla(
    address: str, out: Path, plan: VerificationPlan | None = None, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Ask the four questions and write ``carla_verification.json`` into ``out``, beside the campaigns' folders.

    Args:
        address: ``HOST:PORT`` of the running simulator.
        out: new folder.
        plan: what to drive.
        say: told what is going on, a line at a time.

    Returns:
        The file's content. ``divergence`` and ``comparison`` are null where a call failed: nothing was driven then.

    Raises:
        VerificationError: nothing answers there, its map has no lane to drive on, or its campaign did not complete.
        StorageError: the folder cannot be written to.
    """
    plan = plan or VerificationPlan()
    host, _, port = address.rpartition(":")
    if (out / RESULT_FILE).exists() or (out / VERIFIED).exists():
        raise VerificationError(f"{out} holds a verification already: choose another --out")
    try:
        SimulatorServer(parse_simulator(f"attach:{address}"), log_dir=out).start()
    except ServerStartError as error:
        raise VerificationError(str(error)) from error
    say(f"1 of 4: does {address} answer every call?")
    calls, map_name = check_conformance(host, int(port))
    failed = [call for call in calls if call.problem is not None]
    say(f"{len(calls) - len(failed)} of {len(calls)} calls answered" + (f", map {map_name}" if map_name else ""))
    result: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "created_at": utc_now(),
        "address": address,
        "map": map_name,
        "plan": {
            **asdict(plan),
            "monitors": list(plan.monitors),
            "conditions": [condition["name"] for condition in CONDITIONS],
            "repeats": REPEATS,
        },
        "provenance": provenance(REPOSITORY),
        "simulator": None,
        "calls": [asdict(call) for call in calls],
        "divergence": None,
        "comparison": None,
    }
    if map_name is not None and not failed:
        result |= _driven(address, map_name, out, plan, say)
    try:
        out.mkdir(parents=True, exist_ok=True)
        replace_atomically(out / RESULT_FILE, json_bytes(result))
    except OSError as error:
        raise StorageError(f"{out}: writing {RESULT_FILE} failed: {error.strerror}; choose another --out") from error
    return result


def _driven(
    address: str, map_name: str, out: Path, plan: VerificationPlan, say: Callable[[str], None]
) -> dict[str, Any]:
    """The part of the result that needs episodes."""
    host, _, port = address.rpartition(":")
    opendrive, starts = _roads_of(host, int(port), plan.starts)
    folders = {VERIFIED: out / VERIFIED, REFERENCE: out / REFERENCE}
    with tempfile.TemporaryDirectory() as temporary:
        road_file = Path(temporary) / "map.xodr"
        road_file.write_text(opendrive, encoding="utf-8")
        on_map = [{"kind": "map", "name": f"start_{k}", "map": map_name, "start": s} for k, s in enumerate(starts)]
        on_file = [
            {"kind": "xodr", "name": f"start_{k}", "file": str(road_file), "start": s} for k, s in enumerate(starts)
        ]
        scenarios = {
            VERIFIED: _scenario(Path(temporary) / "on_map.yaml", on_map, plan),
            REFERENCE: _scenario(Path(temporary) / "on_file.yaml", on_file, plan),
        }
        say(f"2 of 4: does it repeat itself? {REPEATS} times the same episode")
        repeats = _repeats(scenarios[VERIFIED], f"attach:{address}", Path(temporary) / "logs")
        say(f"3 of 4: the same {len(starts) * len(CONDITIONS)} episodes on both simulators, first on {address}")
        _campaign(scenarios[VERIFIED], folders[VERIFIED], f"attach:{address}", None)
        say("then on the embedded one")
        _campaign(scenarios[REFERENCE], folders[REFERENCE], "embedded", plan.workers)
    say("4 of 4: do departures and monitors rank alike?")
    return {
        "simulator": read_campaign_json(folders[VERIFIED])["simulator"],
        "divergence": divergence(repeats),
        "comparison": compare(folders),
    }


def _roads_of(host: str, port: int, count: int) -> tuple[str, list[dict[str, float]]]:
    """The map's OpenDRIVE text, and starts spread over its driving lanes outside junctions."""
    import carla

    client = carla.Client(host, port)
    client.set_timeout(60.0)
    here = client.get_world().get_map()
    places = [point for point in here.generate_waypoints(10.0) if not point.is_junction and point.next(60.0)]
    if not places:
        raise VerificationError("the loaded map has no lane of 60 m outside junctions to drive on")
    chosen = places[:: max(1, len(places) // count)][:count]
    starts = [{"road_id": p.road_id, "lane_id": p.lane_id, "s_m": round(p.s, 3)} for p in chosen]
    return here.to_opendrive(), starts


def _scenario(path: Path, roads: Sequence[Mapping[str, Any]], plan: VerificationPlan) -> Path:
    scenario = {
        "campaign": "carla_verification",
        "camera": {"width_px": 320, "height_px": 180},
        "duration_s": plan.duration_s,
        "roads": list(roads),
        "conditions": CONDITIONS,
        "agent": plan.agent,
        "monitors": list(plan.monitors),
        "modes": ["shadow"],
        "rescue_map": False,
        "keep_monitor_inputs": False,
    }
    path.write_text(yaml.safe_dump(scenario))
    return path


def _repeats(scenario: Path, simulator: str, log_folder: Path) -> list[pd.DataFrame]:
    """Tick tables of the first episode, driven again and again."""
    campaign = plan_campaign(scenario, limit=1)
    executor = DrivingExecutor(thresholds=campaign.thresholds)
    worker = EpisodeWorker(WorkerSettings(parse_simulator(simulator), executor, str(log_folder)), 0)
    try:
        results = [worker.run(campaign.episodes[0]) for _ in range(REPEATS)]
    finally:
        worker.stop()
    tables = []
    for result in results:
        if result.record is None:
            raise VerificationError(f"an episode on {simulator} failed: {result.error}")
        tables.append(result.record.ticks.to_pandas())
    return tables


def _campaign(scenario: Path, folder: Path, simulator: str, workers: int | None) -> None:
    result = run_campaign(RunOptions(scenario=scenario, out=folder, simulator=simulator, workers=workers))
    if result.status is not Status.COMPLETE:
        raise VerificationError(f"the campaign on {simulator} did not complete: {result.message}")
