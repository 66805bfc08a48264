"""The renderer: one scene, any number of cameras and pictures. The bytes depend on the arguments alone."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from embedded_carla.render.billboards import SCREEN_COLUMNS, draw_sprites
from embedded_carla.render.camera import CameraError, camera_axes, focal_length_px, ray_table
from embedded_carla.render.gbuffer import GBuffer, Scratch, clear_to_plane, ray_lengths
from embedded_carla.render.lighting import Light, display_radiance, light_of, tone_table
from embedded_carla.render.lines import ROW_LINES
from embedded_carla.render.pictures import encode_depth, encode_tags
from embedded_carla.render.rain import draw_rain
from embedded_carla.render.raster import PLANE_COLUMNS, DrawScratch, draw_triangles, visible_tiles
from embedded_carla.render.shade import LIGHT_COLUMNS, shade_rgb
from embedded_carla.render.shadows import ShadowMap
from embedded_carla.render.sky import Sky, faces_in_view
from embedded_carla.render.types import BoxActor, CameraPose, Weather
from embedded_carla.render.vehicles import ActorMesh, actor_mesh
from embedded_carla.scene.ribbons import SOLID
from embedded_carla.scene.types import (
    MATERIAL_TAGS,
    TAG_ROAD_LINE,
    TAG_SKY,
    TAG_TERRAIN,
    TAG_VEGETATION,
    Float32Array,
    Int32Array,
    Material,
    Scene,
)

Float64Array = npt.NDArray[np.float64]
Uint8Array = npt.NDArray[np.uint8]
Uint32Array = npt.NDArray[np.uint32]

FARTHEST_M = 700.0
LARGEST_PICTURE_PX = 8192
_NO_IDS = np.zeros(0, dtype=np.int32)


class Renderer:
    """Draws a scene.

    Args:
        scene: what there is.
        farthest_m: tiles of the mesh beyond it are not drawn.
        threads: colour a picture together; the bytes do not depend on their number. Wet ground is coloured by one,
            because it mirrors the rows above it.
    """

    def __init__(self, scene: Scene, farthest_m: float = FARTHEST_M, threads: int = 1) -> None:
        self.scene = scene
        self._threads = threads
        self._helpers = ThreadPoolExecutor(threads - 1, "shade") if threads > 1 else None
        self._farthest_m = farthest_m
        self._tone = tone_table()
        self._columns: dict[int, Float32Array] = {}
        self._lengths: dict[tuple[int, int, float], Float32Array] = {}
        self._scratch: dict[tuple[int, int], Scratch] = {}
        self._draw_scratch = DrawScratch()
        self._radiance = display_radiance()
        self._weather: Weather | None = None
        self._light_of_weather: Light = light_of(Weather())
        self._light = np.zeros(LIGHT_COLUMNS, dtype=np.float32)
        self._sky = Sky(
            scene.hill_height_deg, scene.hill_colour, scene.tree_line_deg, scene.tree_colour, scene.scenery_seed
        )
        self._shadow: ShadowMap | None = None
        ground = float(Material.GRASS)
        self._background = np.array(
            [ground, ground, 0, 0, 0, 0, SOLID, SOLID, SOLID, SOLID, -1, -1, 0, 0, 0, 0], np.float32
        )

    def view(
        self, camera: CameraPose, width: int, height: int, fov_deg: float, actors: Sequence[BoxActor] = ()
    ) -> GBuffer:
        """Find what is in front of every pixel.

        Args:
            camera: pose. Bodies that contain the camera are not drawn.
            width, height: picture size, px, 1..8192.
            fov_deg: horizontal field of view, inside (0, 180).
            actors: movable bodies.

        Raises:
            CameraError: size or field of view out of range.
        """
        if not (1 <= width <= LARGEST_PICTURE_PX and 1 <= height <= LARGEST_PICTURE_PX):
            raise CameraError(f"picture of {width} x {height} px: both must lie in 1..{LARGEST_PICTURE_PX}")
        scene = self.scene
        focal = focal_length_px(width, fov_deg)
        axes, rays = camera_axes(camera), ray_table(camera, width, height, fov_deg)
        if abs(rays[0, 2] - scene.plane_z_m) < 1e-3:
            rays[0, 2] = scene.plane_z_m + 1e-3
        eye = rays[0]
        columns = self._columns.setdefault(width, np.arange(width, dtype=np.float32))
        size = (height, width, focal)
        if size not in self._lengths:
            self._lengths[size] = ray_lengths(*size)
        depth, prim = np.empty((height, width), np.float32), np.empty((height, width), np.int32)
        tiles = visible_tiles(
            scene.tile_centre, scene.tile_radius, eye, axes, 0.5 * width / focal, 0.5 * height / focal, self._farthest_m
        )
        bodies = actor_mesh(actors, camera) if actors else None
        ranges = scene.tile_triangles
        most = 1 + int((ranges[tiles, 1] - ranges[tiles, 0]).sum()) + (len(bodies.triangles) if bodies else 0)
        planes, source = np.empty((most, PLANE_COLUMNS)), np.zeros(most, dtype=np.int32)
        clear_to_plane(depth, prim, planes[0], rays, scene.plane_z_m)
        count = draw_triangles(
            depth, prim, columns, scene.vertices, scene.surface_coordinates, scene.triangles, ranges,
            scene.tile_vertices, tiles, eye, axes, focal, planes, source, 1,
            *self._draw_scratch.arrays(scene.tile_vertices),
        )  # fmt: skip
        surface, instance = scene.triangle_surface[source[:count]], scene.triangle_instance[source[:count]]
        surfaces = scene.surfaces
        if bodies is not None:
            count, surface, instance = self._draw_bodies(
                bodies, depth, prim, columns, eye, axes, focal, planes, source, count, surface, instance
            )
            surfaces = np.concatenate([surfaces, bodies.surfaces])
        placed = np.empty((len(scene.sprites.base), SCREEN_COLUMNS), dtype=np.float32)
        sprites, atlas = scene.sprites, scene.atlas
        shown = draw_sprites(
            depth, prim, sprites.base, sprites.size, sprites.picture, atlas.texels, atlas.level_start, eye, axes, focal,
            placed, count,
        )  # fmt: skip
        return GBuffer(
            depth,
            prim,
            planes,
            surface,
            instance,
            surfaces,
            count,
            placed[:shown],
            rays,
            axes,
            focal,
            self._lengths[size],
            tuple(actors),
        )

    def _draw_bodies(
        self, bodies: ActorMesh, depth: Float32Array, prim: Int32Array, columns: Float32Array, eye: Float64Array,
        axes: Float64Array, focal: float, planes: Float64Array, source: Int32Array, first: int, surface: Int32Array,
        instance: Int32Array,
    ) -> tuple[int, Int32Array, Int32Array]:  # fmt: skip
        """Draw movable bodies after the scene; returns the next primitive number and the extended tables."""
        tiles = np.arange(len(bodies.vertex_ranges), dtype=np.int32)
        count = draw_triangles(
            depth, prim, columns, bodies.vertices, bodies.coordinates, bodies.triangles, bodies.triangle_ranges,
            bodies.vertex_ranges, tiles, eye, axes, focal, planes, source, first,
            *self._draw_scratch.arrays(bodies.vertex_ranges),
        )  # fmt: skip
        drawn = source[first:count]
        surface = np.concatenate([surface, bodies.surface[drawn] + np.int32(len(self.scene.surfaces))])
        return count, surface, np.concatenate([instance, bodies.instance[drawn]])

    def _set_weather(self, weather: Weather) -> ShadowMap:
        """Paint the shadows for a weather; kept until another one comes."""
        if self._shadow is not None and weather == self._weather:
            return self._shadow
        scene, light = self.scene, light_of(weather)
        vector = self._light
        for first, values in (
            (0, light.sun_direction),
            (3, light.sun),
            (6, light.ambient),
            (9, light.horizon),
            (12, light.fog),
        ):
            vector[first : first + 3] = values
        vector[15:23] = (light.extinction_per_m, light.fog_start_m, light.wetness, light.headlight, light.veil,
                         scene.plane_z_m, scene.track_tone, light.puddles)  # fmt: skip
        self._light_of_weather = light
        self._sky.forget()
        self._shadow = ShadowMap(scene, light.sun_direction)
        self._weather = weather
        return self._shadow

    def rgb_bgra(self, gbuffer: GBuffer, weather: Weather, camera: CameraPose) -> Uint8Array:
        """Colour picture, (H, W, 4) uint8 B, G, R, A, sRGB. ``camera``: the pose that ``gbuffer`` was seen from."""
        shadow = self._set_weather(weather)
        scene = self.scene
        sprites, atlas, textures = scene.sprites, scene.atlas, scene.textures
        height, width = gbuffer.primitive.shape
        out = np.empty((height, width), dtype=np.uint32)
        self._sky.ensure(faces_in_view(gbuffer.rays, width, height), self._light_of_weather, self._tone)
        under_bodies = shadow.stamp(gbuffer.bodies)
        bands = 1 if self._light_of_weather.wetness > 0.0 else self._threads

        def shade(band: int) -> None:
            scratch = self._scratch_of(width, band)
            own = (scratch.row, scratch.indices, scratch.segments, scratch.stretches, band, bands)
            shade_rgb(*(arguments + own))

        arguments: tuple[Any, ...] = (
            out, gbuffer.inverse_depth, gbuffer.primitive, self._columns[width], gbuffer.ray_lengths, gbuffer.planes,
            gbuffer.surface, gbuffer.surfaces, gbuffer.sprite_first, gbuffer.placed, sprites.picture,
            sprites.brightness, atlas.texels, atlas.level_start, scene.material_colours, scene.paint_colours,
            np.float32(scene.paint_wear),
            textures.texels, textures.start, textures.texels_per_m, textures.coarse, textures.coarse_start,
            textures.along, shadow.cells, shadow.place, bool(under_bodies), self._sky.texels, self._tone,
            self._radiance, self._light, gbuffer.rays, gbuffer.axes, gbuffer.focal_px, self._background,
        )  # fmt: skip
        # Rows next to each other cost about the same: every thread takes each so-manieth.
        helped = [self._helpers.submit(shade, band) for band in range(1, bands)] if self._helpers else []
        shade(0)
        for band in helped:
            band.result()
        shadow.restore(under_bodies)
        grey = float(self._tone[int(min(np.sqrt(self._light_of_weather.fog.mean() * 1.15) / 2.0, 1.0) * 4095.0)])
        draw_rain(out, weather, camera, grey)
        return out.view(np.uint8).reshape(height, width, 4)

    def depth_bgra(self, gbuffer: GBuffer) -> Uint8Array:
        """Depth picture in CARLA's 24-bit encoding, (H, W, 4) uint8 BGRA."""
        height, width = gbuffer.primitive.shape
        out = np.empty((height, width), dtype=np.uint32)
        encode_depth(out, gbuffer.inverse_depth)
        return out.view(np.uint8).reshape(height, width, 4)

    def semantic_bgra(self, gbuffer: GBuffer) -> Uint8Array:
        """Class picture, label in R, (H, W, 4) uint8 BGRA."""
        return self._tags(gbuffer, _NO_IDS)

    def instance_bgra(self, gbuffer: GBuffer) -> Uint8Array:
        """Instance picture: label in R, low and high byte of the id in G and B, (H, W, 4) uint8 BGRA."""
        return self._tags(gbuffer, gbuffer.instance)

    def _scratch_of(self, width: int, thread: int = 0) -> Scratch:
        if (width, thread) not in self._scratch:
            self._scratch[width, thread] = Scratch.of_width(width)
        return self._scratch[width, thread]

    def _tags(self, gbuffer: GBuffer, ids: Int32Array) -> Uint8Array:
        height, width = gbuffer.primitive.shape
        scratch = self._scratch_of(width)
        out = np.empty((height, width), dtype=np.uint32)
        encode_tags(
            out, gbuffer.inverse_depth, gbuffer.primitive, gbuffer.planes, gbuffer.surface, gbuffer.surfaces,
            gbuffer.sprite_first, gbuffer.placed, self.scene.sprites.picture, self.scene.atlas.tags, MATERIAL_TAGS,
            TAG_ROAD_LINE, TAG_TERRAIN, TAG_SKY, TAG_VEGETATION, self._sky.lines, gbuffer.rays, self._columns[width],
            ids, self.scene.sprites.instance, scratch.indices, scratch.row[ROW_LINES - 1, :3],
            scratch.row[ROW_LINES - 2, :3],
        )  # fmt: skip
        return out.view(np.uint8).reshape(height, width, 4)
