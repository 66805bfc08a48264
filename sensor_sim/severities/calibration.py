"""Find the parameters at which an effect has severity 1 to 5: mean SSIM on the frame set is 1 − V/10.

Severity after Hagn et al.'s companion chapter on compression and robustness (HCRC, 2022): V = 10·(1 − SSIM). Where an
effect cannot become so strong within its range, the remaining severities divide the rest of the range evenly; where
still pictures do not show it, its definition gives the values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS
from sensor_sim.effects.definition import EffectDefinition
from sensor_sim.effects.effect import Frame
from sensor_sim.frame_context import FrameContext
from sensor_sim.frame_folder import read_folder
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from sensor_sim.severities.similarity import ssim

FRAMES_FOLDER = Path(__file__).with_name("frames")
FOV_DEG = 90.0
TICK_S = 0.05
SPEED_MPS = 14.0
YAW_RATE_DPS = 10.0
SEVERITIES = (1, 2, 3, 4, 5)
TOLERANCE = 0.002
_COARSE = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
_MAX_TRIALS = 10


def load_frames() -> list[Frame]:
    """The frame set, uint8 RGB, in the order of the file names."""
    return list(read_folder(FRAMES_FOLDER).values())


def frames_sha256(frames: list[Frame]) -> str:
    """Hash of all pixels of the set."""
    return hashlib.sha256(b"".join(frame.tobytes() for frame in frames)).hexdigest()


def mean_ssim(effect: str, value: float, frames: list[Frame]) -> float:
    """Mean similarity of the frames with and without the effect.

    Every frame has its own seed and tick, so that patterns on the lens are averaged over as well.
    """
    parameter = EFFECTS[effect].axis.parameter
    schedule = SensorSchedule((EffectSchedule(effect, {parameter: value}),))
    height, width = frames[0].shape[:2]
    chain = SensorChain(schedule, width, height, FOV_DEG, TICK_S)
    total = 0.0
    for number, frame in enumerate(frames):
        chain.reset(number)
        total += ssim(frame, chain.apply(frame, FrameContext(number, TICK_S, SPEED_MPS, YAW_RATE_DPS)))
    return total / len(frames)


def calibrate(
    frames: list[Frame],
    told: Callable[[str], None],
    only: Collection[str] = (),
    stored: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The calibration as it is stored.

    Args:
        frames: the frame set.
        told: hears one line per effect.
        only: effects to calibrate anew, the others keep their values of ``stored``; empty = all.
        stored: an earlier calibration on the same frames.
    """
    height, width = frames[0].shape[:2]
    effects = {}
    for name, definition in EFFECTS.items():
        if stored is not None and only and name not in only and name in stored["effects"]:
            effects[name] = stored["effects"][name]
            continue
        effects[name] = _steps(definition, frames) if definition.axis.steps else _calibrated(definition, frames)
        told(f"{name:22s} {effects[name]['parameter']}: " + ", ".join(f"{v:.4g}" for v in effects[name]["values"]))
    return {
        "schema_version": 1,
        "camera": {"width_px": width, "height_px": height, "fov_deg": FOV_DEG},
        "motion": {"speed_mps": SPEED_MPS, "yaw_rate_dps": YAW_RATE_DPS},
        "frames": {"count": len(frames), "sha256": frames_sha256(frames)},
        "effects": effects,
    }


def _steps(definition: EffectDefinition, frames: list[Frame]) -> dict[str, Any]:
    axis = definition.axis
    assert axis.steps is not None
    return {
        "parameter": axis.parameter,
        "values": list(axis.steps),
        "mean_ssim": [
            None if definition.stateful else round(mean_ssim(definition.name, value, frames), 4) for value in axis.steps
        ],
        "basis": ["definition"] * len(axis.steps),
        "reason": axis.reason,
    }


def _calibrated(definition: EffectDefinition, frames: list[Frame]) -> dict[str, Any]:
    axis = definition.axis

    known: dict[float, float] = {}

    def similarity(position: float) -> float:
        if position not in known:
            known[position] = mean_ssim(definition.name, axis.value_at(position), frames)
        return known[position]

    weakest, strongest = (similarity(position) for position in (_COARSE[0], _COARSE[-1]))
    positions: list[float] = []
    reached: list[float] = []
    basis: list[str] = []
    for severity in SEVERITIES:
        target = 1.0 - severity / 10.0
        if weakest >= target >= strongest:
            position, found = _search(similarity, target, positions[-1] if positions else 0.0)
            basis.append("ssim")
        else:
            done = positions[-1] if positions else 0.0
            # Severities that similarity cannot define divide what is left of the range.
            position = done + (1.0 - done) / (SEVERITIES[-1] - severity + 1)
            found = similarity(position)
            basis.append("range")
        positions.append(position)
        reached.append(found)
    return {
        "parameter": axis.parameter,
        "values": [float(f"{axis.value_at(position):.6g}") for position in positions],
        "mean_ssim": [round(value, 4) for value in reached],
        "basis": basis,
        "reason": "" if "range" not in basis else f"similarity within the range is {strongest:.3f} to {weakest:.3f}",
    }


def _search(similarity: Callable[[float], float], target: float, low: float) -> tuple[float, float]:
    """Where the falling similarity meets the target above ``low``: (position, similarity there)."""
    high = next(position for position in _COARSE if position > low and similarity(position) <= target)
    low = max([low, *(position for position in _COARSE if position < high)])
    position, found = high, similarity(high)
    for trial in range(_MAX_TRIALS):
        if abs(found - target) <= TOLERANCE:
            break
        above, below = similarity(low) - target, similarity(high) - target
        # Interpolation in turn with halving, which is safe where the curve bends.
        share = above / (above - below) if trial % 2 == 0 and above > below else 0.5
        position = low + min(max(share, 0.05), 0.95) * (high - low)
        found = similarity(position)
        low, high = (position, high) if found > target else (low, position)
    return position, found
