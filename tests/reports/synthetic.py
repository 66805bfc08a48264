"""A small campaign folder written through the real store and judged by the real evaluation.

The drives are drawn, not simulated: a car that wanders in its lane and, in degraded conditions, sometimes leaves it.
What matters here is that every record has the shape and the consistency of a real one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from harness.results.clips import ClipFrame, encode_clip, render_clip_frame
from harness.results.schema import EpisodeRecord, tick_schema, timing_schema
from harness.results.store import CampaignStore

HOME = {"simulator": "embedded_carla", "scene_version": 4}
TICK_S = 0.05
DURATION_S = 40.0
# Takeover mode -> share of the departures that it prevents.
TAKEOVER_MODES = {
    "takeover:saliency_student@fa0.50": 0.7,
    "takeover:always_on@fa0.50": 0.95,
    "takeover:random@duty10": 0.15,
    "takeover:condition_only@fa0.50": 0.4,
}
POINTS = ("fa0.10", "fa0.25", "fa0.50", "duty5", "duty10", "conformal10")
MONITORS = ("saliency_student", "camera_student", "random", "always_on", "condition_only", "curvature")
CONDITIONS = {"ideal": 0.0, "noise, severe": 0.8, "blur, mid-run": 0.5}
ROADS = ("winding-1", "winding-2", "hairpins")


@dataclass(frozen=True)
class Drive:
    """One run as arrays; ``onset_tick`` None = stays in its lane."""

    columns: dict[str, np.ndarray]
    onset_tick: int | None


def identity(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def thresholds() -> dict[str, Any]:
    monitors = {}
    for name in MONITORS:
        theta = 0.5 if name == "always_on" else 0.6
        monitors[name] = {"points": {point: {"theta_on": theta, "theta_off": theta - 0.05} for point in POINTS}}
    return {"schema_version": 1, "calibration": {"campaign": "synthetic", "runs": 40}, "monitors": monitors}


def drive(rng: np.random.Generator, severity: float, departs: bool, mode: str, saves: bool) -> Drive:
    """One run; ``saves``: the takeover comes in time."""
    count = round(DURATION_S / TICK_S)
    time_s = np.arange(count) * TICK_S
    speed = np.full(count, 11.0)
    onset = int(rng.integers(300, 700)) if departs else None
    swa_label = 45.0 * np.sin(time_s / 5.0 + rng.uniform(0, 6)) + 15.0 * np.sin(time_s / 2.3)
    offset = 0.25 * np.sin(time_s / 3.0 + rng.uniform(0, 6))
    error = rng.normal(0.0, 1.5 + 5 * severity, count)
    alarm_at = None
    if onset is not None:
        growth = np.clip((np.arange(count) - onset + 50) / 50, 0, None) ** 2
        alarm_at = onset - int(rng.integers(25, 80))
        if saves:
            growth = np.where(np.arange(count) > alarm_at + 20, 0.0, growth)
        offset = offset + 0.75 * growth
        error = error + 12.0 * np.clip(growth, 0, 4)
    margin = 1.75 - np.abs(offset) - 1.0
    takeover = np.zeros(count, bool)
    if saves and alarm_at is not None:
        takeover[alarm_at + 20 : alarm_at + 140] = True
        if "always_on" in mode:
            takeover[alarm_at + 20 :] = True
    elif onset is not None:
        count = min(count, onset + 60)
    first = next((k for k in range(count) if margin[k] < 0), None)
    columns: dict[str, np.ndarray] = {
        "tick": np.arange(count),
        "time_s": time_s,
        "x_m": time_s * 11.0,
        "speed_mps": speed,
        "route_s_m": time_s * 11.0,
        "lateral_offset_m": offset,
        "lane_width_m": np.full(len(time_s), 3.5),
        "lane_margin_m": margin,
        "curvature_ahead_1pm": swa_label / 3000.0,
        "swa_agent_deg": swa_label + error,
        "swa_label_deg": swa_label,
        "swa_second_expert_deg": swa_label + rng.normal(0, 0.5, len(time_s)),
        "swa_command_deg": np.where(takeover, swa_label, swa_label + error),
        "target_speed_mps": speed,
        "takeover": takeover,
        "sensor_level": np.full(len(time_s), severity),
    }
    quiet = rng.uniform(0.0, 0.5, len(time_s))
    risky = np.zeros(len(time_s))
    if alarm_at is not None:
        risky[alarm_at : alarm_at + 120] = 0.6
    for name in MONITORS:
        gain = {"saliency_student": 1.0, "camera_student": 0.7, "always_on": 0.0, "random": 0.0}.get(name, 0.2)
        columns[f"score__{name}"] = np.ones(len(time_s)) if name == "always_on" else quiet + gain * risky
        swa_error = error + rng.normal(0, 4, len(time_s)) if name.endswith("student") else np.full(len(time_s), np.nan)
        columns[f"swa_error__{name}"] = swa_error
    return Drive({name: values[:count] for name, values in columns.items()}, first)


def table(schema: pa.Schema, columns: dict[str, np.ndarray]) -> pa.Table:
    """Columns cast to the schema; the ones not given are zero (timings: a plausible cost)."""
    count = len(columns["tick"])
    arrays = []
    for column in schema:
        values = columns.get(
            column.name, np.full(count, 2.0 if column.name.endswith("_ms") or "_ms__" in column.name else 0.0)
        )
        arrays.append(pa.array(values.astype(column.type.to_pandas_dtype()), column.type))
    return pa.table(arrays, schema=schema)


def clip(columns: dict[str, np.ndarray], onset: int) -> bytes:
    pictures = []
    for tick in range(max(onset - 20, 0), onset + 20):
        frame = np.full((180, 320, 3), 96, np.uint8)
        frame[90:, 40 + tick % 60 : 46 + tick % 60] = 235
        saliency = np.zeros((33, 100), np.float32)
        saliency[:, 12 + tick % 60 : 20 + tick % 60] = 1.0
        pictures.append(
            render_clip_frame(
                ClipFrame(
                    frame,
                    float(columns["time_s"][tick]),
                    float(columns["swa_agent_deg"][tick]),
                    float(columns["swa_label_deg"][tick]),
                    float(columns["swa_command_deg"][tick]),
                    float(columns["lane_margin_m"][tick]),
                    saliency,
                    departure=tick >= onset,
                    alarms={"saliency_student": (1.2, True), "random": (0.4, False)},
                )
            )
        )
    return encode_clip(pictures)


def monitor_inputs(ticks: int) -> pa.Table:
    """A bright bar that wanders over a grey road, one crop per tick."""
    crops = np.full((ticks, 66, 200, 3), 96, np.uint8)
    for tick in range(ticks):
        crops[tick, 20:, 20 + tick % 150 : 30 + tick % 150] = 235
    rows = [crop.tobytes() for crop in crops]
    return pa.table({"tick": pa.array(range(ticks), pa.int32()), "crop": pa.array(rows, pa.binary(66 * 200 * 3))})


def record(spec: dict[str, Any], run: Drive, with_clip: bool, with_inputs: bool = False) -> EpisodeRecord:
    columns, onset = run.columns, run.onset_tick
    departures = []
    if onset is not None:
        departures.append(
            {
                "grade": "G0",
                "onset_s": float(columns["time_s"][onset]),
                "end_s": float(columns["time_s"][-1]) + TICK_S,
                "onset_route_s_m": float(columns["route_s_m"][onset]),
            }
        )
    taken = np.flatnonzero(columns["takeover"])
    takeovers = []
    if len(taken):
        start_s, end_s = float(columns["time_s"][taken[0]]), float(columns["time_s"][taken[-1]]) + TICK_S
        takeovers.append({"alarm_s": start_s - 1.0, "start_s": start_s, "end_s": end_s})
    events = {
        "message": "",
        "end_reason": "departure" if departures else "route_end",
        "duration_s": len(columns["tick"]) * TICK_S,
        "distance_m": float(columns["route_s_m"][-1]),
        "departures": departures,
        "collisions": [],
        "stuck": [],
        "takeovers": takeovers,
        "first_takeover_tick": int(taken[0]) if len(taken) else None,
    }
    return EpisodeRecord(
        spec["episode_id"],
        spec,
        "completed",
        table(tick_schema(MONITORS), columns),
        table(timing_schema(MONITORS), columns),
        events,
        {"clip_0.mp4": clip(columns, onset)} if with_clip and onset is not None and onset > 20 else {},
        attempts=[{"attempt": 1, "error": None, "server_log": "ready"}],
        monitor_inputs=monitor_inputs(len(columns["tick"])) if with_inputs else None,
    )


def write_campaign(
    folder: Path,
    seeds: int = 2,
    conditions: dict[str, float] | None = None,
    roads: Sequence[str] = ROADS,
    clips: int = 3,
    name: str = "synthetic",
    driver_sha256: str | None = None,
) -> Path:
    """Fill ``folder`` with a campaign; the first ``clips`` departures have a clip. Not judged yet.

    ``driver_sha256``: the shipped driver drove, and the first departure with a clip kept its monitors' inputs.
    """
    conditions = CONDITIONS if conditions is None else conditions
    modes = ("shadow", *TAKEOVER_MODES, "log", "expert")
    ids: list[str] = []
    kept_inputs = False
    with CampaignStore.create(folder) as store:
        for road in roads:
            for condition, severity in conditions.items():
                for seed in range(seeds):
                    pair_id = identity("pair", road, condition, seed)
                    world_id = identity("world", road, seed)
                    departs = np.random.default_rng(int(pair_id[:8], 16)).random() < severity
                    for mode in modes:
                        rng = np.random.default_rng(int(pair_id[:8], 16))
                        luck = np.random.default_rng(int(identity(pair_id, mode)[:8], 16)).random()
                        departing = bool(departs) and mode not in ("log", "expert")
                        run = drive(rng, severity, departing, mode, luck < TAKEOVER_MODES.get(mode, 0.0))
                        episode_id = identity(world_id if mode == "expert" else pair_id, mode)
                        if episode_id in ids:
                            continue
                        spec = {
                            "episode_id": episode_id,
                            "pair_id": pair_id,
                            "world_id": world_id,
                            "mode": mode,
                            "tick_s": TICK_S,
                            "road": road,
                            "condition": condition,
                            "seed_index": seed,
                        }
                        with_clip = clips > 0 and run.onset_tick is not None
                        clips -= with_clip
                        with_inputs = with_clip and driver_sha256 is not None and mode == "shadow" and not kept_inputs
                        kept_inputs = kept_inputs or with_inputs
                        if driver_sha256 is not None:
                            spec["agent"] = {"name": "pilotnet", "weights_sha256": driver_sha256}
                        store.add_episode(record(spec, run, with_clip, with_inputs))
                        ids.append(episode_id)
        store.write_campaign(
            {
                "name": name,
                "status": "finished",
                "episode_ids": ids,
                "thresholds": thresholds(),
                "monitors": [{"name": m, "privileged": m in ("condition_only", "curvature")} for m in MONITORS],
                "command": "python run_campaign.py scenarios/synthetic.yaml",
                "agent": {"name": "pilotnet", "privileged": False, "weights_sha256": "ab" * 32, "trained_on": HOME},
                "simulator": {"name": "embedded", "version": "0.9.16", "scene_version": HOME["scene_version"]},
                "provenance": {
                    "python": "3.11",
                    "commit": "0" * 40,
                },
            }
        )
    return folder
