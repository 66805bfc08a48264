"""The page of the saliency gate: one self-contained HTML file."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agents.network_file import LoadedNetwork, load_network
from agents.preprocessing import to_network_input
from agents.saliency.labelled_frames import LabelledFrames
from agents.saliency.method import SaliencyMethod
from agents.saliency.methods import METHODS
from agents.saliency.overlay import overlay
from agents.saliency.quality.randomisation import shown_maps

TEMPLATE = "saliency_page.html.j2"
DASH = "–"
CHART_PX = (220, 96)
_JPEG_QUALITY = 82


def render_page(
    result: Mapping[str, Any],
    frames: LabelledFrames,
    networks: Sequence[Path],
    methods: Sequence[SaliencyMethod] = (),
) -> str:
    """HTML of a gate's result.

    Args:
        result: as the gate writes it. frames: what it was measured on, for examples. networks: weights of those in the
            result that the page shows. methods: those beside the shipped ones.
    """
    known = {**METHODS, **{method.name: method for method in methods}}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"number": number, "interval": interval, "shade": shade}
    paths = {path.stem: path for path in networks}
    parts = []
    for name, path in paths.items():
        figures, loaded = result["networks"][name], load_network(path, "driver")
        judged = {name: figures["methods"][name] for name in known if name in figures["methods"]}
        parts.append(
            {
                "name": name,
                "figures": {**figures, "methods": judged},
                "examples": example_pictures(loaded, frames, [known[name] for name in judged]),
                "charts": {method: cascade_chart(one) for method, one in judged.items()},
                "effects": list(next(iter(judged.values()))["stability"]),
            }
        )
    return environment.get_template(TEMPLATE).render(result=result, networks=parts)


def example_pictures(
    loaded: LoadedNetwork, frames: LabelledFrames, methods: Sequence[SaliencyMethod]
) -> list[dict[str, Any]]:
    """One picture of each bend: as it is, and under every method's map."""
    found = []
    for bend in ("left", "straight", "right"):
        rows = [row for row, facts in enumerate(frames.facts) if facts.bend == bend]
        if not rows:
            continue
        crop = loaded.preprocessing.crop(frames.pictures[rows[len(rows) // 2]])
        inputs = to_network_input(crop[np.newaxis], loaded.preprocessing.colour)
        maps = {method.name: shown_maps(method, loaded.network, inputs)[0] for method in methods}
        pictures = {name: data_uri(overlay(crop, one)) for name, one in maps.items()}
        plain = cv2.resize(crop, (crop.shape[1] * 2, crop.shape[0] * 2), interpolation=cv2.INTER_CUBIC)
        found.append({"bend": bend, "plain": data_uri(np.asarray(plain, dtype=np.uint8)), "maps": pictures})
    return found


def cascade_chart(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Points of a small chart: rank correlation while the weights go, from the head down; None where undefined."""
    width, height = CHART_PX
    steps = figures["cascading"]
    apart = width / max(1, len(steps))
    at = [(round((k + 1) * apart, 1), step["value"]) for k, step in enumerate(steps)]
    points = [(0.0, _height_px(1.0, height)), *((x, _height_px(v, height)) for x, v in at if v is not None)]
    null = figures["unrelated_pictures"]["value"]
    head = sum(step["layer"].startswith("dense") for step in steps)
    return {
        "points": " ".join(f"{x},{y}" for x, y in points),
        "dots": points,
        "null_y": None if null is None else _height_px(null, height),
        "zero_y": _height_px(0.0, height),
        "head_x": round(head * apart, 1),
        "width": width,
        "height": height,
    }


def number(value: float | None, digits: int = 2) -> str:
    """A figure, a dash where it is undefined."""
    return DASH if value is None else f"{value:.{digits}f}"


def interval(mean: Mapping[str, Any] | None, digits: int = 2) -> str:
    """Bounds and n of a mean."""
    if mean is None:
        return ""
    bounds = "" if mean["low"] is None else f"{mean['low']:.{digits}f} … {mean['high']:.{digits}f}, "
    return f"{bounds}n = {mean['n']}"


def shade(value: float | None) -> str:
    """Opacity of a cell's colour for a correlation."""
    return "0" if value is None else f"{max(0.0, min(1.0, value)):.2f}"


def data_uri(picture: npt.NDArray[np.uint8]) -> str:
    """uint8 RGB (H, W, 3) as a JPEG inside the page."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()


def _height_px(value: float, height: int) -> float:
    """1 at the top, −0.25 at the bottom."""
    return round((1.0 - (min(1.0, max(-0.25, value)) + 0.25) / 1.25) * (height - 8) + 4, 1)
