"""A small made-up folder of driving: a bright bar whose place is the angle."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

STEP_S = 5.0
"""Twelve frames a minute: a block of `agents.training.real_driving`."""


def picture(swa_deg: float, seed: int) -> npt.NDArray[np.uint8]:
    """RGB (64, 80, 3): a bar right of the middle for angles to the right."""
    frame = np.random.default_rng(seed).integers(30, 50, (64, 80, 3), dtype=np.uint8)
    at = round(40 - 0.4 * swa_deg)
    frame[:, max(at - 4, 0) : at + 4] = 220
    return frame


def write_folder(
    folder: Path, blocks: int = 10, extended: bool = True, seed: int = 0, agent: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]:
    """Write one log with pictures; returns the angles, (12 × blocks,).

    Args:
        extended: columns with header and clock; else the seven original columns, written on a Windows machine.
        agent: what a network at the wheel asked for.
    """
    count = 12 * blocks
    swa_deg = np.random.default_rng(seed).uniform(-80, 80, count).astype(np.float32)
    (folder / "IMG").mkdir(parents=True)
    lines = []
    if extended:
        lines.append(
            "frameId,steering_angle,throttle,speed,brake,crashed,time,center"
            + ("" if agent is None else ",swa_agent_deg")
        )
    for index, angle in enumerate(swa_deg):
        name = f"center_{index:04d}.png"
        cv2.imwrite(str(folder / "IMG" / name), picture(float(angle), seed * 1000 + index)[:, :, ::-1])
        steering = float(angle) / -400.0
        if extended:
            row = f"{index},{steering!r},0.5,22.36936,0,0,{index * STEP_S},{name}"
            lines.append(row if agent is None else f"{row},{float(agent[index])!r}")
        else:
            lines.append(f"C:\\udacity\\IMG\\{name}, C:\\l.jpg, C:\\r.jpg,{steering!r},0.5,0,22.36936")
    (folder / "driving_log.csv").write_text("\n".join(lines) + "\n")
    return swa_deg
