"""What a calibration leaves behind: preset, figures, and a page with both plots."""

from __future__ import annotations

import html
import json
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sensor_sim.calibration.calibrate import FEWEST_SCORES, Calibration
from sensor_sim.calibration.emd import Scores
from sensor_sim.effects.chromatic_aberration import focal_px
from sensor_sim.preset_file import rounded, write_preset

PRESET, FIGURES, PAGE = "preset.yaml", "calibration.json", "calibration.html"


def write_results(calibration: Calibration, out: Path, width_px: int, fov_deg: float, title: str) -> None:
    """Write preset, JSON and HTML page into the folder ``out``.

    Args:
        width_px, fov_deg: the camera of the scenes.
        title: one line saying what was calibrated on what.
    """
    out.mkdir(parents=True, exist_ok=True)
    content = calibration.to_json()
    write_preset(
        out / PRESET,
        title,
        width_px,
        focal_px(width_px, fov_deg),
        calibration.model.schedule(calibration.search.best.values),
        {
            "made_by": "calibration by earth mover's distance",
            "warning": "looks alike to the score function; one distance does not measure five parameters",
            **{key: rounded(content[key]) for key in content if key not in ("schema_version", "free", "trials")},
        },
    )
    (out / FIGURES).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (out / PAGE).write_text(_page(calibration, title), encoding="utf-8")


def _page(calibration: Calibration, title: str) -> str:
    rows = "".join(
        f"<tr><td>{p.name}</td><td>{start:.4g}</td><td>{best:.4g}</td><td>{p.low:.4g} … {p.high:.4g}</td></tr>"
        for p, start, best in zip(
            calibration.model.free, calibration.search.start.values, calibration.search.best.values, strict=True
        )
    )
    notes = "".join(f"<p>{html.escape(line)}</p>" for line in summary_lines(calibration))
    plots = _plots(calibration).to_html(full_html=False, include_plotlyjs=True)
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{html.escape(title)}</title>"
        "<style>body{font:15px system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
        "td,th{padding:.2rem 1rem .2rem 0;text-align:left}</style>"
        f"<h1>Camera calibration</h1><p>{html.escape(title)}</p>{notes}"
        f"<table><tr><th>parameter</th><th>start</th><th>found</th><th>range</th></tr>{rows}</table>{plots}</html>\n"
    )


def summary_lines(calibration: Calibration) -> list[str]:
    """The figures in words."""
    reduction = "no reduction defined" if calibration.reduction is None else f"{calibration.reduction:.0%} less"
    lines = [
        f"Earth mover's distance {calibration.start_emd:.3g} before, {calibration.best_emd:.3g} after ({reduction}), "
        f"mean difference {calibration.best_mean_difference:+.3g} after; "
        f"noise floor {calibration.noise_floor_emd:.3g}. "
        f"{len(calibration.search.trials)} evaluations: {calibration.search.end_reason}.",
        "The found camera looks alike to the score function. That does not measure its parameters: one distance does "
        "not identify five of them.",
    ]
    fewest = min(calibration.target.size, calibration.search.start.scores.size)
    if fewest < FEWEST_SCORES:
        lines.append(f"Only {fewest} scores; below {FEWEST_SCORES} the distance is mostly noise.")
    if calibration.at_bounds():
        lines.append(
            f"At the end of its range: {', '.join(calibration.at_bounds())}. The real camera may be of another kind."
        )
    return lines


def _plots(calibration: Calibration) -> go.Figure:
    figure = make_subplots(1, 2, subplot_titles=("Distribution of the scores", "Convergence"))
    for name, scores in (
        ("target", calibration.target),
        ("start", calibration.search.start.scores),
        ("found", calibration.search.best.scores),
    ):
        x, y = _distribution(scores)
        figure.add_scatter(x=x, y=y, name=name, line_shape="hv", row=1, col=1)
    distances = [trial.emd for trial in calibration.search.trials]
    numbers = list(range(1, len(distances) + 1))
    figure.add_scatter(x=numbers, y=distances, mode="markers", name="each evaluation", row=1, col=2)
    best = np.minimum.accumulate(distances).tolist()
    figure.add_scatter(x=numbers, y=best, line_shape="hv", name="best so far", row=1, col=2)
    figure.add_hline(y=calibration.noise_floor_emd, line_dash="dot", annotation_text="noise floor", row=1, col=2)
    figure.update_xaxes(title_text="score", row=1, col=1)
    figure.update_yaxes(title_text="share of frames with at most this score", row=1, col=1)
    figure.update_xaxes(title_text="evaluation", row=1, col=2)
    figure.update_yaxes(title_text="earth mover's distance", rangemode="tozero", row=1, col=2)
    figure.update_layout(template="plotly_white", height=480)
    return figure


def _distribution(scores: Scores) -> tuple[list[float], list[float]]:
    """Steps of the empirical distribution function."""
    ordered = np.sort(scores).tolist()
    return [ordered[0], *ordered], [0.0, *(np.arange(1, len(ordered) + 1) / len(ordered)).tolist()]
