"""A scene as arrays: what ``build_scene`` makes and the renderer draws."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]
Uint8Array = npt.NDArray[np.uint8]


class Material(IntEnum):
    """What a surface is made of. The order is that of the rows of ``Scene.material_colours``."""

    ASPHALT = 0
    SHOULDER = 1
    SIDEWALK = 2
    VERGE = 3
    GRASS = 4
    RAIL = 5
    FACADE = 6
    ROOF = 7
    BODY = 8
    GLASS = 9
    LAMP = 10


MATERIAL_TAGS = np.array([1, 1, 2, 10, 10, 28, 3, 3, 14, 14, 14], dtype=np.int32)
"""CARLA 0.9.16 city object label of each material (``carla.CityObjectLabel``)."""

TAG_POLE, TAG_VEGETATION, TAG_TERRAIN, TAG_SKY, TAG_CAR, TAG_ROAD_LINE = 6, 9, 10, 11, 14, 24


class Surface(IntEnum):
    """Columns of ``Scene.surfaces``: one row describes a strip of ground around one lane border, or a wall."""

    LEFT_MATERIAL = 0
    """Material where v < 0 (left in the direction of s); of a wall: its material."""
    RIGHT_MATERIAL = 1
    LINES = 2
    """0 none, 1 one line, 2 double line."""
    WIDTH_M = 3
    LINE_OFFSET_M = 4
    """Distance of each line of a double line from the border."""
    COLOUR = 5
    """Row of ``Scene.paint_colours``."""
    LEFT_DASH_M = 6
    LEFT_PERIOD_M = 7
    RIGHT_DASH_M = 8
    RIGHT_PERIOD_M = 9
    LEFT_TRACK_M = 10
    """|v| of the wheel track in the left lane; negative: none."""
    RIGHT_TRACK_M = 11
    LATERAL_M = 12
    """v + this = road coordinate across, continuous between neighbouring strips (texture only)."""
    NORMAL_X = 13
    """Normal of a wall; zero for ground."""
    NORMAL_Y = 14
    NORMAL_Z = 15


SURFACE_COLUMNS = 16


@dataclass(frozen=True)
class SpriteSet:
    """Upright pictures that always face the camera: trees, bushes, posts.

    Attributes:
        base: foot of each sprite, (P, 3) m. size: half width and height, (P, 2) m.
        picture: row of the atlas, (P,). instance: id, (P,). brightness: factor on the albedo, (P,).
    """

    base: Float32Array
    size: Float32Array
    picture: Int32Array
    instance: Int32Array
    brightness: Float32Array


@dataclass(frozen=True)
class SpriteAtlas:
    """Pictures of sprites in halving sizes, all levels flat behind one another.

    Attributes:
        texels: (N, 8) uint8: r, g, b (albedo × 255), opaque (0 or 255), normal right, up, near (+128), reflector
            (share × 255 that throws light back where it came from).
        level_start: (pictures, levels) first texel. Level k is (256 >> k) rows by (128 >> k) columns.
        tags: semantic tag of each picture.
    """

    texels: Uint8Array
    level_start: Int32Array
    tags: Int32Array


@dataclass(frozen=True)
class TextureSet:
    """Four 512×512 brightness textures with all combinations of halved rows and columns (rip-maps).

    Attributes:
        texels: flat uint8, 128 = neutral.
        start: (4, 10, 10) first texel by texture, column level, row level.
        texels_per_m: (4, 2) along the first and the second surface coordinate.
        coarse: flat uint32 of the second and the fourth texture: four neighbouring texels in each entry.
        coarse_start: (2, 10, 10) first entry.
        along: (2, 10, 512) what changes along a road only, by halvings: factor on the pavement's albedo, share of paint
            missing. One entry per metre at the finest level.
    """

    texels: Uint8Array
    start: Int32Array
    texels_per_m: Float32Array
    coarse: npt.NDArray[np.uint32]
    coarse_start: Int32Array
    along: Float32Array


@dataclass(frozen=True)
class Scene:
    """Everything static. CARLA axes, metres.

    Attributes:
        vertices: (V, 3). surface_coordinates: (V, 2): s along, v across the border (walls: along, up).
        triangles: (T, 3) vertex indices. triangle_surface, triangle_instance: (T,).
        surfaces: (S, 16), see ``Surface``.
        tile_centre: (K, 3); tile_radius: (K,). tile_vertices, tile_triangles: (K, 2) half-open ranges.
        sprites, atlas, textures: see there.
        material_colours: (M, 8) linear albedo r, g, b of one extreme, r, g, b of the other, grain and macro contrast.
        paint_colours: (C, 3) linear albedo. paint_wear: 0..1.
        track_tone: brightening (or darkening, negative) of wheel tracks.
        plane_z_m: height of the endless ground behind everything.
        shadow_origin: (2,) m; shadow_cell_m: size of a cell of the shadow picture; shadow_shape: rows (y), columns (x).
        hill_height_deg, hill_colour, tree_line_deg, tree_colour: the far horizon, and the woods before it.
        scenery_seed: as given.
    """

    vertices: Float32Array
    surface_coordinates: Float32Array
    triangles: Int32Array
    triangle_surface: Int32Array
    triangle_instance: Int32Array
    surfaces: Float32Array
    tile_centre: Float32Array
    tile_radius: Float32Array
    tile_vertices: Int32Array
    tile_triangles: Int32Array
    sprites: SpriteSet
    atlas: SpriteAtlas
    textures: TextureSet
    material_colours: Float32Array
    paint_colours: Float32Array
    paint_wear: float
    track_tone: float
    plane_z_m: float
    shadow_origin: tuple[float, float]
    shadow_cell_m: float
    shadow_shape: tuple[int, int]
    hill_height_deg: float
    hill_colour: tuple[float, float, float]
    tree_line_deg: float
    tree_colour: tuple[float, float, float]
    scenery_seed: int
