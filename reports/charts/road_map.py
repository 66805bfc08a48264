"""A road from above: its lane, where the runs went, where they left it and where alarms were raised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from reports.charts.svg import Canvas, nice_ticks, tick_text

FloatArray = npt.NDArray[np.float64]
Place = tuple[float, float]

WIDTH, LEAST_HEIGHT, MOST_HEIGHT, EDGE = 560.0, 130.0, 420.0, 16.0
FOOT = 22.0
STEP_M = 3.5
GRADES = ("G0", "G1", "G2", "G3")
SAFE = "none"


@dataclass(frozen=True)
class RunPath:
    """One run on the map.

    Attributes:
        path: (N, 2) x, y in CARLA axes, m. condition: of its sensor. page: address of its page, empty without one.
        grade: deepest grade of its first departure, empty if it kept its lane. onset: where it left the lane.
        alarms: where alarms of the shown monitor began. words: what a tooltip says.
    """

    path: FloatArray
    condition: str
    page: str = ""
    grade: str = ""
    onset: Place | None = None
    alarms: Sequence[Place] = field(default_factory=tuple)
    words: str = ""


def road_map(road: str, left: FloatArray, right: FloatArray, runs: Sequence[RunPath]) -> Markup:
    """The map, turned so that the road lies along the page.

    Args:
        road: name. left, right: (N, 2) borders of the route's lane, m. runs: what to draw.
    """
    everything = np.concatenate([left, right, *(run.path for run in runs)])
    project, height, scale = projection(everything[np.isfinite(everything).all(axis=1)])
    departed = [run for run in runs if run.grade]
    said = f"{len(runs)} runs, {len(departed)} left their lane: " + ", ".join(
        f"{sum(run.grade == grade for run in departed)} {grade}" for grade in GRADES
    )
    canvas = Canvas(WIDTH, height, f"Road {road} from above", said, css="chart compact map")
    canvas.path(_closed(project(_thinned(left)), project(_thinned(right))), "lane")
    for run in sorted(runs, key=lambda run: bool(run.grade)):
        canvas.group(f"run {'departed' if run.grade else 'kept'}", condition=run.condition)
        canvas.path(_line(project(_thinned(run.path))), "path", run.words)
        canvas.end_group()
    for run in runs:
        canvas.group("marks", condition=run.condition)
        for place in run.alarms:
            x, y = project(np.array([place]))[0]
            css = f"alarm-place grade-{run.grade or SAFE}"
            canvas.path(f"M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6", css, f"alarm: {run.words}")
        if run.onset is not None:
            x, y = project(np.array([run.onset]))[0]
            canvas.link(run.page)
            canvas.path(grade_shape(run.grade, x, y), f"onset-place grade-{run.grade}", run.words)
            canvas.end_link(run.page)
        canvas.end_group()
    _start(canvas, project(_thinned((left + right) / 2.0)[:8]))
    _scale_bar(canvas, scale, height)
    return canvas.markup()


def grade_shape(grade: str, x: float, y: float, r: float = 5.0) -> str:
    """Path of the mark of a grade: circle, diamond, triangle or square, told apart without colour."""
    if grade == "G0":
        return f"M{x - r:.1f} {y:.1f}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0Z"
    if grade == "G1":
        d = r * 1.2
        return f"M{x:.1f} {y - d:.1f}l{d:.1f} {d:.1f}l{-d:.1f} {d:.1f}l{-d:.1f} {-d:.1f}Z"
    if grade == "G2":
        return f"M{x:.1f} {y - r * 1.1:.1f}l{r * 1.15:.1f} {r * 2:.1f}h{-r * 2.3:.1f}Z"
    return f"M{x - r * 0.9:.1f} {y - r * 0.9:.1f}h{r * 1.8:.1f}v{r * 1.8:.1f}h{-r * 1.8:.1f}Z"


def projection(points: FloatArray) -> tuple[Callable[[FloatArray], FloatArray], float, float]:
    """How to draw points (N, 2), m: (function from metres to pixels, height of the chart, pixels per metre).

    The long axis lies along the page; turned and scaled, never mirrored: CARLA's y points right, as the page's down.
    """
    middle = points.mean(axis=0)
    axis = np.linalg.svd(points - middle, full_matrices=False)[2][0]
    # From its start to its end the road runs to the right, as text does.
    if (points[-1] - points[0]) @ axis < 0:
        axis = -axis
    turn = np.array([[axis[0], axis[1]], [-axis[1], axis[0]]])
    turned = (points - middle) @ turn.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    span = np.maximum(high - low, 1.0)
    scale = float(min((WIDTH - 2 * EDGE) / span[0], (MOST_HEIGHT - 2 * EDGE - FOOT) / span[1]))
    height = max(LEAST_HEIGHT, span[1] * scale + 2 * EDGE + FOOT)
    shift = np.array([(WIDTH - span[0] * scale) / 2.0, (height - FOOT - span[1] * scale) / 2.0])

    def project(places: FloatArray) -> FloatArray:
        return np.asarray(((places - middle) @ turn.T - low) * scale + shift)

    return project, float(height), scale


def _thinned(path: FloatArray) -> FloatArray:
    """Every few metres and the last point: what the eye can tell apart."""
    known = path[np.isfinite(path).all(axis=1)]
    if len(known) < 3:
        return known
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(known, axis=0).T))])
    picked = np.unique(np.searchsorted(along, np.arange(0.0, along[-1], STEP_M)))
    return known[np.unique(np.append(picked, len(known) - 1))]


def _line(places: FloatArray) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) if len(places) else ""


def _closed(left: FloatArray, right: FloatArray) -> str:
    return _line(np.concatenate([left, right[::-1]])) + "Z"


def _start(canvas: Canvas, ahead: FloatArray) -> None:
    """The word on the side to which the road does not turn up or down."""
    x, y = ahead[0]
    canvas.text(x, y + 22.0 if ahead[-1, 1] < y else y - 14.0, "start", "tick", "start" if x < WIDTH / 2 else "end")


def _scale_bar(canvas: Canvas, scale: float, height: float) -> None:
    length_m = nice_ticks(0.0, 120.0 / scale, 2)[-1]
    y = height - 8.0
    canvas.line(EDGE, y, EDGE + length_m * scale, y, "axis")
    canvas.text(EDGE + length_m * scale + 6.0, y + 4.0, f"{tick_text(length_m)} m", "tick")
