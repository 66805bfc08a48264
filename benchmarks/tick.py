"""The closed loop on one core: ticks per second, and what each part of a tick costs (docs/architecture.md).

One episode of a winding road, 640×360 camera, every sensor effect active, PilotNet and the saliency student, no clips.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import torch

from agents.registry import make_agent, make_monitor
from harness.campaign.expansion import expand
from harness.campaign.loader import load_campaign
from harness.simulation.episode import run_episode
from harness.simulation.server import SimulatorServer
from harness.simulation.session import CarlaSession
from harness.simulation.simulator import parse_simulator

SCENARIO = Path(__file__).with_name("tick.yaml")
WARM_UP_TICKS = 60
# Budget per tick, ms (one core, 640×360).
BUDGET_MS = {"simulator_ms": 6.0, "sensor_ms": 3.0, "agent_ms": 2.5, "monitor_ms__saliency_student": 5.0}


def measure(repeats: int) -> dict[str, Any]:
    """Median milliseconds of each part over all ticks after warm-up, and whole ticks per second.

    Args:
        repeats: episodes measured after one that only warms up.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    campaign = load_campaign(SCENARIO)
    agent, monitors = make_agent(campaign.agent), [make_monitor(name) for name in campaign.monitors]
    (spec,) = expand(campaign, lambda _: agent.weights_sha256, lambda _: None, {"monitors": {}})
    parts: dict[str, list[float]] = {}
    wall_s, ticks = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        server = SimulatorServer(parse_simulator("embedded"), log_dir=Path(folder))
        session = CarlaSession(*server.start(), timeout_s=30.0)
        try:
            for repeat in range(repeats + 1):
                started = time.perf_counter()
                record = run_episode(session, spec, agent, monitors, {"monitors": {}})
                if repeat == 0:
                    continue
                wall_s += time.perf_counter() - started
                ticks += record.timings.num_rows
                for name in record.timings.column_names[1:]:
                    parts.setdefault(name, []).extend(record.timings[name].to_pylist()[WARM_UP_TICKS:])
        finally:
            session.close()
            server.stop()
    return _result(parts, ticks, wall_s)


def _result(parts: dict[str, list[float]], ticks: int, wall_s: float) -> dict[str, Any]:
    medians = {name: sorted(values)[len(values) // 2] for name, values in parts.items()}
    total = sum(medians.values())
    return {
        "schema_version": 1,
        "benchmark": "tick",
        "threads": 1,
        "camera": "640x360",
        "ticks": ticks,
        "ticks_per_s_with_set_up": round(ticks / wall_s, 1),
        "ticks_per_s_in_loop": round(1000.0 / total, 1),
        "parts": {
            name: {
                "median_ms": round(value, 3),
                "share": round(value / total, 4),
                "budget_ms": BUDGET_MS.get(name),
            }
            for name, value in medians.items()
        },
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "load_1min": os.getloadavg()[0]},
    }


def main() -> None:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="episodes measured (default 3)")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args()
    result = measure(options.repeats)
    for name, part in result["parts"].items():
        budget = f"(budget {part['budget_ms']} ms)" if part["budget_ms"] else ""
        print(f"{name:32s} {part['median_ms']:8.2f} ms  {part['share']:6.1%}  {budget}")
    print(
        f"in the loop {result['ticks_per_s_in_loop']} ticks/s, with set-up {result['ticks_per_s_with_set_up']} ticks/s"
    )
    print(json.dumps(result))
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
