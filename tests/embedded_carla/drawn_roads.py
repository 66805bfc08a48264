"""Small OpenDRIVE texts, and a renderer on the wheel's own map of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import carla
import numpy as np
import numpy.typing as npt

from embedded_carla.render.renderer import Renderer
from embedded_carla.render.types import CameraPose
from embedded_carla.scene.build import build_scene

Picture = npt.NDArray[np.uint8]

SOLID_EDGES = '<roadMark sOffset="0" type="solid" color="white" width="0.15"/>'
BROKEN_CENTRE = (
    '<roadMark sOffset="0" type="broken" color="white" width="0.12">'
    '<type name="broken" width="0.12"><line length="3" space="6" tOffset="0" sOffset="0"/></type></roadMark>'
)


def road_xodr(
    curvature_1pm: float = 0.0,
    length_m: float = 160.0,
    slope: float = 0.0,
    edge: str = SOLID_EDGES,
    centre: str = BROKEN_CENTRE,
    width_slope: float = 0.0,
) -> str:
    """One road along +x: two driving lanes of 3.5 m (+ ``width_slope`` per metre) and shoulders of 0.75 m."""
    shape = "<line/>" if curvature_1pm == 0.0 else f'<arc curvature="{curvature_1pm}"/>'

    def side(sign: int) -> str:
        driving = f'<width sOffset="0" a="3.5" b="{width_slope}" c="0" d="0"/>{edge}'
        lanes = [
            f'<lane id="{2 * sign}" type="shoulder"><width sOffset="0" a="0.75" b="0" c="0" d="0"/></lane>',
            f'<lane id="{sign}" type="driving">{driving}</lane>',
        ]
        return "".join(lanes if sign > 0 else lanes[::-1])

    return (
        '<OpenDRIVE><header revMajor="1" revMinor="4" name="t"/>'
        f'<road name="r" length="{length_m}" id="1" junction="-1"><planView><geometry s="0" x="0" y="0" hdg="0"'
        f' length="{length_m}">{shape}</geometry></planView>'
        f'<elevationProfile><elevation s="0" a="0" b="{slope}" c="0" d="0"/></elevationProfile>'
        f'<lanes><laneSection s="0"><left>{side(1)}</left><center><lane id="0" type="none">{centre}</lane></center>'
        f"<right>{side(-1)}</right></laneSection></lanes></road></OpenDRIVE>"
    )


@dataclass(frozen=True)
class DrawnRoad:
    """A road as the client's map knows it, and its renderer."""

    carla_map: carla.Map
    renderer: Renderer

    def camera(self, s_m: float, pitch_deg: float = -6.0, aside_m: float = 0.0, turn_deg: float = 0.0) -> CameraPose:
        """1.4 m above the right lane's centre at road coordinate ``s_m``, moved right and turned clockwise."""
        pose = self.carla_map.get_waypoint_xodr(1, -1, s_m).transform
        yaw = math.radians(pose.rotation.yaw)
        x, y = pose.location.x - math.sin(yaw) * aside_m, pose.location.y + math.cos(yaw) * aside_m
        return CameraPose(x, y, pose.location.z + 1.4, pitch_deg, pose.rotation.yaw + turn_deg, 0.0)


@lru_cache(maxsize=16)
def drawn(xodr: str, seed: int = 3, pack: str = "summer") -> DrawnRoad:
    """Build once, look often."""
    carla_map = carla.Map("t", xodr)
    return DrawnRoad(carla_map, Renderer(build_scene(xodr, carla_map, seed, pack)))


def metres(depth_bgra: Picture) -> npt.NDArray[np.float64]:
    """Decode a depth picture as CARLA's documentation says."""
    blue, green, red = (depth_bgra[..., k].astype(np.float64) for k in range(3))
    return 1000.0 * (red + 256.0 * green + 65536.0 * blue) / (2**24 - 1)


def rays(camera: CameraPose, width: int, height: int, fov_deg: float) -> npt.NDArray[np.float64]:
    """(H, W, 3) world directions of pixel centres with forward part 1, by the wheel's own rotation matrix."""
    rotation = carla.Rotation(camera.pitch_deg, camera.yaw_deg, camera.roll_deg)
    matrix = np.array(carla.Transform(carla.Location(), rotation).get_matrix())[:3, :3]
    focal = width / (2.0 * math.tan(math.radians(fov_deg) / 2.0))
    right = (np.arange(width) + 0.5 - width / 2.0) / focal
    up = -(np.arange(height) + 0.5 - height / 2.0) / focal
    local = np.stack(np.broadcast_arrays(1.0, right[None, :], up[:, None]), axis=-1)
    return local @ matrix.T
