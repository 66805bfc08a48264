"""What cameras see of a map and cars run into: built when the first of them is spawned, kept while the map stays."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from embedded_carla.world.map_library import LoadedMap

if TYPE_CHECKING:
    from embedded_carla.render.renderer import Renderer
    from embedded_carla.scene.types import Scene
    from embedded_carla.sensors.rays import RayCaster
    from embedded_carla.world.navigation import NavigationFile
    from embedded_carla.world.obstacles import Obstacles


class Scenery:
    """The drawable form of one map. ``render_threads``: see ``Renderer``."""

    def __init__(self, loaded_map: LoadedMap, render_threads: int = 1) -> None:
        self._map = loaded_map
        self._render_threads = render_threads

    def shows(self, loaded_map: LoadedMap) -> bool:
        """True if this is the scenery of a map, so that it need not be built again."""
        return self._map is loaded_map

    @cached_property
    def scene(self) -> Scene:
        """Built at first use: a world without vehicles and cameras never pays for it.

        Raises:
            ValueError: unknown texture pack, or geometry that cannot be drawn.
        """
        from embedded_carla.scene.build import build_scene

        m = self._map
        return build_scene(m.xodr, m.carla_map, m.scenery_seed, m.texture_pack)

    @cached_property
    def renderer(self) -> Renderer:
        """Draws the scene."""
        from embedded_carla.render.renderer import Renderer

        return Renderer(self.scene, threads=self._render_threads)

    @cached_property
    def obstacles(self) -> Obstacles:
        """What a car can run into, seen by a camera or not."""
        from embedded_carla.world.obstacles import obstacles_of

        return obstacles_of(self.scene)

    @cached_property
    def navigation(self) -> NavigationFile | None:
        """Where walkers may walk; None where the map has no sidewalks."""
        from embedded_carla.world.navigation import navigation_file

        return navigation_file(self._map)

    @cached_property
    def rays(self) -> RayCaster:
        """Rays through the same scene that cameras see."""
        from embedded_carla.sensors.rays import RayCaster

        return RayCaster(self.scene)
