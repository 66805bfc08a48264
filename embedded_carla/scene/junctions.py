"""The pavement of junctions, where connecting roads lie on top of each other.

Depth alone decides what is seen, so whatever shares a place gets heights a little apart: paint above driving lanes,
these above other lanes, verges below all. Nothing moves by more than 2 cm, and neighbouring strips stay joined.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from embedded_carla.scene.centrelines import FloatArray, SectionGeometry
from embedded_carla.scene.lanes import LaneSection
from embedded_carla.scene.mesh import MeshBuilder
from embedded_carla.scene.ribbons import Strip, add_strips, border_strip, lane_material, paint_row, surface_rows
from embedded_carla.scene.types import Material, Surface

LAYER_M = 2e-5
LAYERS = 40
SINK_M = 0.015
PAINT_LIFT_M = 0.005
PAINT_MARGIN_M = 0.15
_PAINT = slice(Surface.LINES, Surface.RIGHT_PERIOD_M + 1)


def _layered(section: LaneSection, geometry: SectionGeometry, layer: int) -> SectionGeometry:
    """The section with lanes that nobody drives on sunk by 1.5 cm, and all of it raised by its layer."""
    driven = np.array([lane_material(lane) == Material.ASPHALT for lane in section.lanes])
    beside_driven = np.concatenate([driven[:1], driven[:-1] | driven[1:], driven[-1:]])
    centres, borders = geometry.centres.copy(), geometry.borders.copy()
    raised_m = (layer % LAYERS) * LAYER_M
    centres[..., 2] += raised_m - SINK_M * ~driven[:, None]
    borders[..., 2] += raised_m - SINK_M * ~beside_driven[:, None]
    return replace(geometry, centres=centres, borders=borders)


def _halves(strip: Strip, rows: list[tuple[float, ...]]) -> list[tuple[Strip, list[tuple[float, ...]]]]:
    """The strip without paint, cut at the border where the materials differ.

    The renderer blends two materials over the pixel on their border; inside a junction the other side of the border may
    be hidden under another road and must not show through.
    """
    plain = [(*row[: _PAINT.start], *paint_row(None, False), *row[_PAINT.stop :]) for row in rows]
    left, right = plain[0][Surface.LEFT_MATERIAL], plain[0][Surface.RIGHT_MATERIAL]
    if left == right:
        return [(strip, plain)]
    at = strip.border_line
    parts = (
        (Strip(strip.points[: at + 1], strip.offsets[: at + 1], at), left),
        (Strip(strip.points[at:], strip.offsets[at:], 0), right),
    )
    return [(part, [(material, material, *row[2:]) for row in plain]) for part, material in parts]


def _paint_strip(
    border: FloatArray, right: FloatArray, rows: list[tuple[float, ...]]
) -> tuple[Strip, list[tuple[float, ...]]]:
    """A narrow strip with the border's lines, above all pavement."""
    reach_m = max(row[Surface.LINE_OFFSET_M] + 0.5 * row[Surface.WIDTH_M] for row in rows)
    materials = rows[0][Surface.LEFT_MATERIAL], rows[0][Surface.RIGHT_MATERIAL]
    ground = min(materials)  # the order of materials begins with what is driven on
    offset = np.array([-1.0, 0.0, 1.0])[:, None] * np.full(len(border), reach_m + PAINT_MARGIN_M)
    points = border + offset[..., None] * np.concatenate([right, np.zeros((len(right), 1))], axis=1)
    points[..., 2] += PAINT_LIFT_M
    return Strip(points, offset, 1), [(ground, ground, *row[2:]) for row in rows]


def _painted(rows: list[tuple[float, ...]]) -> list[tuple[int, int]]:
    """Half-open ranges of station intervals on which something is painted."""
    flags = np.array([0, *(row[Surface.LINES] > 0.0 for row in rows), 0], dtype=np.int8)
    edges = np.flatnonzero(np.diff(flags))
    return [(int(low), int(high)) for low, high in zip(edges[::2], edges[1::2], strict=True)]


def add_junction_section(
    mesh: MeshBuilder,
    section: LaneSection,
    geometry: SectionGeometry,
    instance: int,
    plane_z_m: float | None,
    layer: int,
) -> None:
    """Add one lane section of a connecting road.

    Args:
        mesh: grows.
        section, geometry: what lies there and where.
        instance: instance id of the road.
        plane_z_m: height of level country around the road, None where it is hilly.
        layer: a number of its own for each connecting road; orders pavements that lie on top of each other.
    """
    layered = _layered(section, geometry, layer)
    strips: list[tuple[Strip, list[tuple[float, ...]]]] = []
    for border in range(len(section.lanes) + 1):
        rows = surface_rows(section, layered, border)
        strips += _halves(border_strip(section, layered, border, plane_z_m), rows)
        for low, high in _painted(rows):
            points = slice(low, high + 1)
            paint = _paint_strip(layered.borders[border][points], layered.right[points], rows[low:high])
            add_strips(mesh, geometry.s_m[points], [paint], instance)
    add_strips(mesh, geometry.s_m, strips, instance)
