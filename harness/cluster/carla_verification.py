"""Is a running simulator, meant to be CARLA, fit for campaigns, and do its figures rank like the embedded one's?

Four questions: does it answer every call, does it repeat itself, what does the same small campaign give on both
simulators, and do departures and monitors come in the same order there. Both campaigns drive the same road geometry:
the verified simulator on its own map, the embedded one on that map's OpenDRIVE text. Pictures and physics differ, and
that is the question.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.stats import spearmanr

from harness.cluster.campaign_plan import plan_campaign
from harness.cluster.campaign_run import RunOptions, Status, run_campaign
from harness.cluster.driving import DrivingExecutor
from harness.cluster.worker import EpisodeWorker, WorkerSettings
from harness.evaluation.recompute import recompute
from harness.results.files import json_bytes, replace_atomically
from harness.results.reader import read_campaign
from harness.simulation.conformance import CallResult, check_conformance
from harness.simulation.server import ServerStartError, SimulatorServer
from harness.simulation.simulator import parse_simulator

SCHEMA_VERSION = 1
RESULT_FILE = "carla_verification.json"
REPEATS = 3
VERIFIED, REFERENCE = "verified", "embedded"
CONDITIONS = [
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


def verify_carla(address: str, out: Path, plan: VerificationPlan | None = None) -> dict[str, Any]:
    """Ask the four questions and write ``carla_verification.json`` into ``out``, beside the campaigns' folders.

    Args:
        address: ``HOST:PORT`` of the running simulator.
        out: new folder.
        plan: what to drive.

    Returns:
        The file's content.

    Raises:
        VerificationError: nothing answers there, or it does not answer the calls without which nothing can be driven.
        StoreError: the folder cannot be used.
    """
    plan = plan or VerificationPlan()
    host, _, port = address.rpartition(":")
    try:
        SimulatorServer(parse_simulator(f"attach:{address}"), log_dir=out).start()
    except ServerStartError as error:
        raise VerificationError(str(error)) from error
    calls, map_name = check_conformance(host, int(port))
    failed = [result for result in calls if result.problem is not None]
    if map_name is None or failed:
        first = failed[0] if failed else CallResult("Client", "", "no map")
        raise VerificationError(f"{address} does not answer as CARLA must: {first.call}: {first.problem}")
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
        repeats = _repeats(scenarios[VERIFIED], f"attach:{address}", Path(temporary) / "logs")
        _campaign(scenarios[VERIFIED], folders[VERIFIED], f"attach:{address}", None)
        _campaign(scenarios[REFERENCE], folders[REFERENCE], "embedded", plan.workers)
    result = {
        "schema_version": SCHEMA_VERSION,
        "address": address,
        "simulator": json.loads((folders[VERIFIED] / "campaign.json").read_text())["simulator"],
        "map": map_name,
        "calls": [asdict(call) for call in calls],
        "divergence": divergence(repeats),
        "comparison": compare(folders),
    }
    replace_atomically(out / RESULT_FILE, json_bytes(result))
    return result


def divergence(repeats: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """How far repeats of one episode drift apart.

    Args:
        repeats: tick tables of the same episode, with ``x_m`` and ``y_m``.

    Returns:
        ``repeats``, ``identical``, ``first_differing_tick`` (null if none), ``largest_distance_m`` between any repeat
        and the first at the same tick, ``lengths`` in ticks.
    """
    first = repeats[0]
    largest, differing = 0.0, []
    for other in repeats[1:]:
        rows = min(len(first), len(other))
        a, b = first[["x_m", "y_m"]].to_numpy()[:rows], other[["x_m", "y_m"]].to_numpy()[:rows]
        distance_m = np.hypot(*(a - b).T)
        largest = max(largest, float(distance_m.max(initial=0.0)))
        differing += np.flatnonzero(distance_m)[:1].tolist()
    lengths = [len(table) for table in repeats]
    return {
        "repeats": len(repeats),
        "identical": all(table.equals(first) for table in repeats[1:]),
        "first_differing_tick": min(differing) if differing else None,
        "largest_distance_m": largest,
        "lengths": lengths,
    }


def compare(folders: Mapping[str, Path]) -> dict[str, Any]:
    """The same episodes on both simulators: departures, and whether they and the monitors rank alike.

    Returns:
        ``departures`` per simulator (``k`` of ``n``), ``margins`` (rank correlation of the episodes' smallest lane
        margins), ``monitors`` (rank correlation of the monitors' pooled AUROC, and the values); a correlation is null
        where there is nothing to rank.
    """
    margins = {side: _smallest_margins(folder) for side, folder in folders.items()}
    cells = sorted(set(margins[VERIFIED]) & set(margins[REFERENCE]))
    aurocs = {side: _aurocs(folder) for side, folder in folders.items()}
    names = [name for name in aurocs[VERIFIED] if None not in (aurocs[VERIFIED][name], aurocs[REFERENCE].get(name))]
    return {
        "departures": {
            side: {"k": sum(margin < 0 for margin in found.values()), "n": len(found)}
            for side, found in margins.items()
        },
        "margins": _rank_correlation(*([margins[side][cell] for cell in cells] for side in folders)),
        "monitors": {
            **_rank_correlation(*([aurocs[side][name] for name in names] for side in folders)),
            "auroc": aurocs,
        },
    }


def _rank_correlation(one: Sequence[float | None], other: Sequence[float | None]) -> dict[str, Any]:
    if len(one) < 3 or len(set(one)) < 2 or len(set(other)) < 2:
        return {"spearman": None, "n": len(one)}
    return {"spearman": float(spearmanr(one, other).statistic), "n": len(one)}


def _smallest_margins(folder: Path) -> dict[tuple[str, str], float]:
    """Smallest lane margin of each episode after the first two seconds, m, by road and condition."""
    found = {}
    for episode in read_campaign(folder)[1]:
        driven = episode.ticks[episode.ticks["time_s"] >= 2.0]
        if len(driven):
            found[(episode.spec["road"], episode.spec["condition"])] = float(driven["lane_margin_m"].min())
    return found


def _aurocs(folder: Path) -> dict[str, float | None]:
    _, summary = recompute(folder)
    return {monitor["name"]: (monitor["auroc_pooled"] or {}).get("value") for monitor in summary["monitors"]}


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
