"""Scores of a camera: frames through the chain, then through the caller's score function; here or on Ray workers."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sensor_sim.calibration.emd import Scores, checked_scores
from sensor_sim.chain import SensorChain
from sensor_sim.effects.effect import Frame
from sensor_sim.errors import SensorSpecError
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import SensorSchedule

ScoreFunction = Callable[[list[Frame], list[str]], Sequence[float]]
"""(frames, their file names) -> one score per frame, higher = better, say 0..100."""

TICK_S = 0.05


@dataclass(frozen=True)
class SceneSet:
    """Ideal frames that a camera is laid over.

    Attributes:
        frames: uint8 RGB (H, W, 3), all of one size.
        names: file name of each.
        fov_deg: horizontal field of view, degrees.
        score: ``package.module:function``.
    """

    frames: tuple[Frame, ...]
    names: tuple[str, ...]
    fov_deg: float
    score: str


def load_score(name: str) -> ScoreFunction:
    """The function named ``package.module:function``.

    Raises:
        SensorSpecError: there is none.
    """
    module_name, _, function_name = name.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SensorSpecError(f"score {name!r} cannot be loaded (give package.module:function): {error}") from error
    if not callable(found):
        raise SensorSpecError(f"score {name!r} is not a function of (frames, names)")
    return found  # type: ignore[no-any-return]


def scores_of(score: str, frames: Sequence[Frame], names: Sequence[str]) -> Scores:
    """One score per frame.

    Raises:
        SensorSpecError: the function gives something else than one finite number per frame.
    """
    scores = checked_scores(load_score(score)(list(frames), list(names)), f"the scores of {score!r}")
    if scores.size != len(frames):
        raise SensorSpecError(f"score {score!r} gave {scores.size} numbers for {len(frames)} frames")
    return scores


def camera_scores(scenes: SceneSet, schedule: SensorSchedule, seed: int) -> Scores:
    """Scores of the scenes as this camera sees them.

    The noise belongs to (seed, number of the frame): cameras that are compared under one seed see the same draws.
    """
    height, width = scenes.frames[0].shape[:2]
    chain = SensorChain(schedule, width, height, scenes.fov_deg, TICK_S)
    chain.reset(seed)
    seen = [chain.apply(frame, FrameContext(n, TICK_S, 0.0, 0.0)) for n, frame in enumerate(scenes.frames)]
    return scores_of(scenes.score, seen, scenes.names)


class Evaluator(Protocol):
    """Scores several cameras under one seed."""

    def __call__(self, schedules: Sequence[SensorSchedule], seed: int) -> list[Scores]:
        """One array of scores per schedule, in their order."""


class LocalEvaluator:
    """One camera after the other, in this process."""

    def __init__(self, scenes: SceneSet) -> None:
        self._scenes = scenes

    def __call__(self, schedules: Sequence[SensorSchedule], seed: int) -> list[Scores]:
        """See ``Evaluator``."""
        return [camera_scores(self._scenes, schedule, seed) for schedule in schedules]


class RayEvaluator:
    """Cameras at the same time, on the workers of a Ray that the caller has started; the frames travel once."""

    def __init__(self, scenes: SceneSet) -> None:
        import ray

        self._ray: Any = ray
        self._scenes = ray.put(scenes)
        self._remote = ray.remote(camera_scores)

    def __call__(self, schedules: Sequence[SensorSchedule], seed: int) -> list[Scores]:
        """See ``Evaluator``."""
        found: list[Scores] = self._ray.get([self._remote.remote(self._scenes, s, seed) for s in schedules])
        return found
