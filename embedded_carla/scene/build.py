"""From OpenDRIVE to a scene."""

from __future__ import annotations

import carla
import numpy as np

from embedded_carla.scene.centrelines import FloatArray, SectionGeometry, sample_section
from embedded_carla.scene.junctions import add_junction_section
from embedded_carla.scene.lanes import LaneSection, OpenDriveError, read_roads
from embedded_carla.scene.mesh import MeshBuilder
from embedded_carla.scene.packs import TexturePack, find_pack
from embedded_carla.scene.ribbons import PAINT_COLOURS, add_section, mark_changes
from embedded_carla.scene.scenery import add_scenery
from embedded_carla.scene.sprites import build_atlas
from embedded_carla.scene.terrain import add_terrain, plane_height
from embedded_carla.scene.textures import build_textures
from embedded_carla.scene.types import Float32Array, Material, Scene
from embedded_carla.scene.variation import vary_pack

PAVEMENT_SPACING_M = 2.0
SHADOW_CELL_M = 0.25
SHADOW_CELLS = 4_000_000
SHADOW_MARGIN_M = 25.0
_OTHER_PAINT = {
    "blue": (0.05, 0.15, 0.50),
    "green": (0.05, 0.35, 0.10),
    "red": (0.50, 0.06, 0.05),
    "orange": (0.60, 0.25, 0.03),
}


def _pavement_points(geometries: list[SectionGeometry]) -> FloatArray:
    """(N, 3): borders and lane centres of all sections, at most 2 m apart along the road."""
    parts = []
    for geometry in geometries:
        count = max(int(np.ceil((geometry.s_m[-1] - geometry.s_m[0]) / PAVEMENT_SPACING_M)), 1) + 1
        s = np.linspace(geometry.s_m[0], geometry.s_m[-1], count)
        for line in (*geometry.borders, *geometry.centres):
            parts.append(np.stack([np.interp(s, geometry.s_m, line[:, k]) for k in range(3)], axis=1))
    return np.concatenate(parts)


def _material_colours(pack: TexturePack) -> Float32Array:
    """(M, 8): two extremes of albedo, contrast of grain and of macro texture, in the order of ``Material``."""
    rows: dict[Material, tuple[float, ...]] = {
        Material.ASPHALT: (*pack.asphalt[0], *pack.asphalt[1], pack.asphalt_contrast, 0.30),
        Material.SHOULDER: (*pack.shoulder[0], *pack.shoulder[1], pack.asphalt_contrast * 1.3, 0.25),
        Material.SIDEWALK: (0.24, 0.235, 0.22, 0.30, 0.29, 0.28, 0.18, 0.15),
        Material.VERGE: (*pack.verge[0], *pack.verge[1], pack.ground_contrast, pack.verge_band_m),
        Material.GRASS: (*pack.grass[0], *pack.grass[1], pack.ground_contrast, 0.0),
        Material.RAIL: (0.34, 0.35, 0.36, 0.46, 0.47, 0.48, 0.0, 0.0),
        Material.FACADE: (*pack.facade, *(0.6 * c for c in pack.facade), 0.0, 0.0),
        Material.ROOF: (0.20, 0.075, 0.045, 0.13, 0.05, 0.035, 0.0, 0.0),
        Material.BODY: (0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0),
        Material.GLASS: (0.03, 0.035, 0.04, 0.03, 0.035, 0.04, 0.0, 0.0),
        Material.LAMP: (0.45, 0.02, 0.015, 0.45, 0.02, 0.015, 0.0, 0.0),
    }
    return np.array([rows[material] for material in Material], dtype=np.float32)


def build_scene(xodr: str, carla_map: carla.Map, scenery_seed: int, texture_pack: str) -> Scene:
    """Build everything static of a world.

    Args:
        xodr: OpenDRIVE text: which lanes and road marks there are.
        carla_map: the same text as ``carla.Map``: where they are (so geometry equals the client's).
        scenery_seed: ≥ 0; places scenery, draws textures.
        texture_pack: see ``packs.PACKS``; "default" is summer.

    Raises:
        OpenDriveError: no road that ``carla.Map`` knows too.
        UnknownTexturePackError: no such pack.
    """
    pack = vary_pack(find_pack(texture_pack), scenery_seed)
    found: list[tuple[int, bool, LaneSection, SectionGeometry]] = []
    for number, road in enumerate(read_roads(xodr)):
        for section in road.sections:
            geometry = sample_section(carla_map, road, section, mark_changes(section))
            if geometry is not None:
                found.append((number + 1, road.in_junction, section, geometry))
    if not found:
        raise OpenDriveError("carla.Map knows none of the roads of the OpenDRIVE text; give both the same text")
    geometries = [geometry for _, _, _, geometry in found]
    pavement = _pavement_points(geometries)
    plane_z_m, level = plane_height(pavement)
    mesh = MeshBuilder()
    verge_z_m, layer = plane_z_m if level else None, 0
    for instance, in_junction, section, geometry in found:
        if in_junction:
            add_junction_section(mesh, section, geometry, instance, verge_z_m, layer)
            layer += 1
        else:
            add_section(mesh, section, geometry, instance, verge_z_m)
    if not level:
        add_terrain(mesh, pavement[::5], 0)
    outside = [geometry for _, in_junction, _, geometry in found if not in_junction]
    sprites = add_scenery(mesh, outside, pack, scenery_seed, pavement)
    vertices = np.concatenate(mesh.vertices)
    tiles = np.array(mesh.tiles, dtype=np.int32)
    tile_centre, tile_radius = mesh.tile_bounds(vertices)
    low = pavement[:, :2].min(axis=0) - SHADOW_MARGIN_M
    extent = pavement[:, :2].max(axis=0) + SHADOW_MARGIN_M - low
    cell_m = max(SHADOW_CELL_M, float(np.sqrt(extent[0] * extent[1] / SHADOW_CELLS)))
    paint = [
        pack.paint_white if name == "white" else _OTHER_PAINT.get(name, pack.paint_yellow) for name in PAINT_COLOURS
    ]
    return Scene(
        vertices=vertices,
        surface_coordinates=np.concatenate(mesh.coordinates),
        triangles=np.concatenate(mesh.triangles),
        triangle_surface=np.concatenate(mesh.triangle_surface),
        triangle_instance=np.concatenate(mesh.triangle_instance),
        surfaces=np.array(mesh.surfaces, dtype=np.float32),
        tile_centre=tile_centre,
        tile_radius=tile_radius,
        tile_vertices=np.ascontiguousarray(tiles[:, :2]),
        tile_triangles=np.ascontiguousarray(tiles[:, 2:]),
        sprites=sprites,
        atlas=build_atlas(pack, scenery_seed),
        textures=build_textures(pack, scenery_seed),
        material_colours=_material_colours(pack),
        paint_colours=np.array(paint, dtype=np.float32),
        paint_wear=pack.wear,
        track_tone=pack.track,
        plane_z_m=plane_z_m,
        shadow_origin=(float(low[0]), float(low[1])),
        shadow_cell_m=cell_m,
        shadow_shape=(int(extent[1] / cell_m) + 1, int(extent[0] / cell_m) + 1),
        hill_height_deg=pack.hills,
        hill_colour=pack.hill_colour,
        tree_line_deg=0.4 + pack.trees_per_km / 160.0,
        tree_colour=pack.leaves,
        scenery_seed=scenery_seed,
    )
