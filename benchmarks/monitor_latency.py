"""How long one judgement of a monitor takes in the loop, on one core.

Two clocks: the wall, which on a busy machine also counts the time that others held the core, and the time that this
process really computed. Which load there was stands beside them.
"""

from __future__ import annotations

import os
import time
from dataclasses import fields
from typing import Any

import cv2
import numpy as np
import torch

from agents.errors import MonitorError
from agents.pilotnet_driver import PilotNetDriver
from agents.protocol import DrivingState, EpisodeContext, Observation
from agents.registry import make_monitor

TICKS, WARM_UP_TICKS = 300, 20
PERCENTILES = (50, 95, 99)


def latency_ms(name: str, ticks: int = TICKS) -> dict[str, Any] | None:
    """Percentiles of one judgement at 320×180 px, by both clocks, and the load of the machine meanwhile.

    Returns:
        ``{"p50", "p95", "p99", "cpu_p50", "cpu_p95", "cpu_p99", "ticks", "load_average_1min"}``; None for a monitor
        that cannot be asked here.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        monitor = make_monitor(name)
    except LookupError:
        return None
    driver, state = PilotNetDriver(), _state()
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (8, 180, 320, 3), dtype=np.uint8)
    outputs = [driver.act(Observation(frame, state)) for frame in frames]
    monitor.reset(EpisodeContext("latency", 1, 0.05, 320, 180, 90.0))
    wall, cpu = [], []
    for tick in range(ticks + WARM_UP_TICKS):
        frame, output = frames[tick % len(frames)], outputs[tick % len(frames)]
        started, computed = time.perf_counter(), time.process_time()
        try:
            monitor.score(frame, output, state)
        except MonitorError:
            return None
        cpu.append(1000.0 * (time.process_time() - computed))
        wall.append(1000.0 * (time.perf_counter() - started))
    return {
        **_percentiles("p", wall[WARM_UP_TICKS:]),
        **_percentiles("cpu_p", cpu[WARM_UP_TICKS:]),
        "ticks": ticks,
        "load_average_1min": os.getloadavg()[0],
    }


def _percentiles(prefix: str, spent_ms: list[float]) -> dict[str, float]:
    values = np.percentile(spent_ms, PERCENTILES).tolist()
    return {f"{prefix}{percent}": value for percent, value in zip(PERCENTILES, values, strict=True)}


def _state() -> DrivingState:
    zeros: dict[str, Any] = {field.name: 0.0 for field in fields(DrivingState) if field.name != "artifact_levels"}
    return DrivingState(**{**zeros, "tick": 0, "speed_mps": 10.0})
