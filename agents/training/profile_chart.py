"""GradSUM profiles as a picture: one panel per class, the null as a band, training from left to right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.saliency.gradsum import CARLA_CLASSES

PANEL_PX = (250, 130)
MARGIN_PX = (34, 30)
COLUMNS = 3
COLOURS = ("#2c6eb4", "#b3452c")
CHARTED = ("visualbackprop", "lrp")
"""Others are in the table: Grad-CAM's null spans nearly the whole scale in every class."""
READING = "one_map"


def profile_chart(result: Mapping[str, Any]) -> str:
    """SVG of `attention_profiles`' result: reading ``one_map``, checkpoints first."""
    methods = [method for method in CHARTED if method in result["null"]]
    shown = [k for k in CARLA_CLASSES if any(result["null"][m][READING][k]["n"] for m in methods)]
    names = sorted(result["networks"], key=lambda name: (not name.startswith("epoch_"), _epoch(name)))
    rows = -(-len(shown) // COLUMNS)
    width, height = COLUMNS * (PANEL_PX[0] + MARGIN_PX[0]) + 10, rows * (PANEL_PX[1] + MARGIN_PX[1] + 26) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        ' font-family="sans-serif" font-size="10">',
        "<style>text { fill: #444 } .axis { stroke: #999; fill: none }"
        " @media (prefers-color-scheme: dark) { text { fill: #ccc } .axis { stroke: #777 } }</style>",
        *_legend(methods),
    ]
    for index, k in enumerate(shown):
        left = (index % COLUMNS) * (PANEL_PX[0] + MARGIN_PX[0]) + MARGIN_PX[0]
        top = (index // COLUMNS) * (PANEL_PX[1] + MARGIN_PX[1] + 26) + 44
        parts += _panel(result, methods, names, k, left, top)
    return "\n".join([*parts, "</svg>", ""])


def _panel(
    result: Mapping[str, Any], methods: Sequence[str], names: Sequence[str], k: str, left: int, top: int
) -> list[str]:
    width, height = PANEL_PX
    bands = {m: result["null"][m][READING][k] for m in methods}
    means = {m: [result["networks"][name][m][READING]["mean"][k] for name in names] for m in methods}
    largest = max(
        [v for values in means.values() for v in values if v is not None] + [b["high"] or 0 for b in bands.values()]
    )
    scale = height / max(1.0, 1.08 * largest)
    apart = width / max(1, len(names))
    parts = [
        f'<text x="{left}" y="{top - 6}" font-size="12" font-weight="bold">{k.replace("_", " ")}</text>',
        f'<path class="axis" d="M{left},{top} V{top + height} H{left + width}"/>',
        f'<text x="{left - 4}" y="{top + height}" text-anchor="end">0</text>',
        f'<text x="{left - 4}" y="{top + height - largest * scale + 4:.1f}" text-anchor="end">{largest:.0f} %</text>',
    ]
    for colour, (method, band) in zip(COLOURS, bands.items(), strict=False):
        if band["n"]:
            y, tall = top + height - band["high"] * scale, (band["high"] - band["low"]) * scale
            parts.append(
                f'<rect x="{left}" y="{y:.1f}" width="{width}" height="{max(tall, 1):.1f}" fill="{colour}"'
                ' opacity="0.15"/>'
            )
        xs = [left + (n + 0.5) * apart for n in range(len(names))]
        dots = [(x, top + height - v * scale) for x, v in zip(xs, means[method], strict=True) if v is not None]
        trained = [dot for dot, name in zip(dots, names, strict=False) if name.startswith("epoch_")]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in trained)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in dots]
    for n, name in enumerate(names):
        parts.append(
            f'<text x="{left + (n + 0.5) * apart:.1f}" y="{top + height + 12 + 11 * (n % 2)}" text-anchor="middle">'
            f"{_short(name)}</text>"
        )
    return parts


def _legend(methods: Sequence[str]) -> list[str]:
    parts = []
    for index, (colour, method) in enumerate(zip(COLOURS, methods, strict=False)):
        x = MARGIN_PX[0] + index * 130
        parts += [f'<circle cx="{x}" cy="14" r="4" fill="{colour}"/>', f'<text x="{x + 9}" y="18">{method}</text>']
    return parts


def _epoch(name: str) -> float:
    return float(name.removeprefix("epoch_")) if name.startswith("epoch_") else 0.0


def _short(name: str) -> str:
    return name.removeprefix("epoch_").removeprefix("pilotnet_weak_").replace("_", " ").replace("pilotnet", "driver")
