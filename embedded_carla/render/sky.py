"""The sky and what stands on the horizon, painted once per weather on the five upper faces of a cube.

A face is painted when a camera first looks its way. Gradients and clouds are computed at every fourth column and second
row and interpolated; hills, woods and the sun's disc at every texel.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled
from embedded_carla.render.horizon import COLUMNS, HILLS, LOWEST, ROWS, WOODS, horizon_lines
from embedded_carla.render.lighting import HAZE_PER_M, TONE_ENTRIES, TONE_WHITE, Light
from embedded_carla.scene.noise import layered_noise

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
Uint32Array = npt.NDArray[np.uint32]

FACES = 5
HILLS_M, WOODS_M = 3000.0, 700.0
SUN_DISC_COS = 0.99985
_NOISE = 512
_STEP_ROWS, _STEP_COLUMNS = 2, 4
_CLOUD_CELLS = ((64, 64), (32, 32), (16, 16), (8, 8), (4, 4))
_CLOUD_WEIGHTS = (1.0, 0.8, 0.5, 0.3, 0.15)


@compiled(error_model="numpy")
def _noise_at(noise: Float32Array, x: float, y: float) -> float:
    fx, fy = np.floor(x), np.floor(y)
    i, j = int(fy) & (_NOISE - 1), int(fx) & (_NOISE - 1)
    i2, j2 = (i + 1) & (_NOISE - 1), (j + 1) & (_NOISE - 1)
    p, q = y - fy, x - fx
    top = noise[i, j] + (noise[i, j2] - noise[i, j]) * q
    bottom = noise[i2, j] + (noise[i2, j2] - noise[i2, j]) * q
    return top + (bottom - top) * p


@compiled(error_model="numpy")
def _direction(face: int, row: float, column: float) -> tuple[float, float, float]:
    """Direction of a place on a face, not normalised: its largest part is 1."""
    across = column * 2.0 / COLUMNS - 1.0
    if face == 4:
        return across, row * 2.0 / ROWS - 1.0, 1.0
    up = LOWEST + row * (1.0 - LOWEST) / ROWS
    if face == 0:
        return 1.0, across, up
    if face == 1:
        return -across, 1.0, up
    if face == 2:
        return -1.0, -across, up
    return across, -1.0, up


@compiled(error_model="numpy")
def _paint_air(nodes: Float32Array, face: int, noise: Float32Array, sun_direction: Float32Array, sun: Float32Array,
               ambient: Float32Array, zenith: Float32Array, horizon: Float32Array, fog: Float32Array, cloud: float,
               extinction: float, veil: float, glow: float) -> None:  # fmt: skip
    """Radiance of sky, clouds and fog at the nodes of one face, (rows, columns, 3)."""
    threshold = 1.3 - 2.9 * cloud
    for i in range(nodes.shape[0]):
        for j in range(nodes.shape[1]):
            x, y, z = _direction(face, float(i * _STEP_ROWS), float(j * _STEP_COLUMNS))
            inverse = 1.0 / np.sqrt(x * x + y * y + z * z)
            elevation = max(z * inverse, 0.0)
            towards_sun = max((x * sun_direction[0] + y * sun_direction[1] + z * sun_direction[2]) * inverse, 0.0)
            bright = towards_sun * towards_sun
            bright = bright * bright
            wide = bright * bright
            narrow = wide**8
            low = (1.0 - elevation) ** 5
            cover, shade = 0.0, 0.0
            if elevation > 0.004 and cloud > 0.0:
                scale = 26.0 / (elevation + 0.10) * inverse
                value = _noise_at(noise, x * scale + 100.0, y * scale + 40.0) + 0.5 * _noise_at(
                    noise, x * scale * 3.1, y * scale * 3.1
                )
                cover = min(max((value - threshold) * 0.9, 0.0), 1.0) * min(elevation * 12.0, 1.0)
                cover = cover * cover * (3.0 - 2.0 * cover)
                shade = min(max(0.5 + 0.22 * value, 0.0), 1.0)
            # Seen flat, a layer of fog is thick; seen upwards, thin.
            thickness = max(extinction - HAZE_PER_M, 0.0) * 220.0 / max(elevation, 0.02)
            through = np.exp(-thickness) * (1.0 - veil)
            for c in range(3):
                value = zenith[c] + (horizon[c] - zenith[c]) * low
                value += sun[c] * (0.10 * wide + 0.9 * narrow) * (1.0 - cloud) * 0.8 * glow
                lit = ambient[c] * (1.15 + 0.7 * (1.0 - cloud)) + 0.45 * sun[c] * (0.6 + wide)
                cloud_colour = lit * (1.0 - 0.45 * shade * (0.4 + 0.6 * cloud))
                value = value * (1.0 - cover) + cloud_colour * cover
                nodes[i, j, c] = fog[c] + (value - fog[c]) * through


@compiled(error_model="numpy")
def _fill(out: Uint32Array, nodes: Float32Array, tone: npt.NDArray[np.uint8]) -> None:
    """Display colours of one face, interpolated between the nodes."""
    scale = np.float32((TONE_ENTRIES - 1) / np.sqrt(TONE_WHITE))
    half, last = np.float32(0.5), np.int32(TONE_ENTRIES - 1)
    line = np.empty((3, nodes.shape[1]), dtype=np.float32)
    entries = np.empty((3, COLUMNS), dtype=np.int32)
    for row in range(ROWS):
        i = row // _STEP_ROWS
        p = np.float32((row + 0.5 - i * _STEP_ROWS) / _STEP_ROWS)
        for c in range(3):
            for j in range(line.shape[1]):
                line[c, j] = nodes[i, j, c] + (nodes[i + 1, j, c] - nodes[i, j, c]) * p
            for j in range(line.shape[1] - 1):
                for k in range(_STEP_COLUMNS):
                    q = np.float32((k + 0.5) / _STEP_COLUMNS)
                    value = line[c, j] + (line[c, j + 1] - line[c, j]) * q
                    entries[c, j * _STEP_COLUMNS + k] = min(
                        np.int32(np.sqrt(max(value, np.float32(0.0))) * scale + half), last
                    )
        for column in range(COLUMNS):
            red, green = np.uint32(tone[entries[0, column]]), np.uint32(tone[entries[1, column]])
            blue = np.uint32(tone[entries[2, column]])
            out[row, column] = np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue


@compiled(error_model="numpy")
def _paint_land(out: Uint32Array, face: int, lines: Float32Array, noise: Float32Array, tone: npt.NDArray[np.uint8],
                sun_direction: Float32Array, sun: Float32Array, ambient: Float32Array, horizon: Float32Array,
                fog: Float32Array, colours: Float32Array, extinction: float, veil: float) -> None:  # fmt: skip
    """Hills and woods over the sky of one sideways face: colours (2, 3)."""
    tone_scale = (TONE_ENTRIES - 1) / np.sqrt(TONE_WHITE)
    fogged = max(extinction - HAZE_PER_M, 0.0)
    through = (np.exp(-fogged * HILLS_M) * (1.0 - veil), np.exp(-fogged * WOODS_M) * (1.0 - veil))
    up = max(sun_direction[2], 0.0)
    for column in range(COLUMNS):
        hills, woods = lines[HILLS, face, column], lines[WOODS, face, column]
        for row in range(ROWS):
            z = LOWEST + (row + 0.5) * (1.0 - LOWEST) / ROWS
            if z > max(hills, woods):
                break
            near = z <= woods
            kind = 1 if near else 0
            place, air = face * COLUMNS + column, 0.10 if near else 0.42
            rough = _noise_at(noise, place * (0.9 if near else 0.22), row * (1.7 if near else 0.9) + 60.0 * kind)
            fields = _noise_at(noise, place * 0.045, row * 0.35)
            tone_here = 1.0 + (0.22 * rough if near else 0.10 * rough + 0.12 * fields)
            light = 0.35 if near else 0.62 * up + 0.14
            packed = np.uint32(0xFF000000)
            for c in range(3):
                land = colours[kind, c] * max(tone_here, 0.3) * (ambient[c] * (0.75 if near else 1.0) + light * sun[c])
                land += (horizon[c] - land) * air
                value = fog[c] + (land - fog[c]) * through[kind]
                entry = min(int(np.sqrt(max(value, 0.0)) * tone_scale + 0.5), TONE_ENTRIES - 1)
                packed |= np.uint32(np.uint32(tone[entry]) << np.uint32(16 - 8 * c))
            out[row, column] = packed


@compiled(error_model="numpy")
def _paint_sun(out: Uint32Array, face: int, lines: Float32Array, direction: Float32Array, white: np.uint32) -> None:
    """The sun's disc on one face, where no land hides it."""
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y, z = _direction(face, row + 0.5, column + 0.5)
            along = x * direction[0] + y * direction[1] + z * direction[2]
            over_land = face == 4 or z > max(lines[HILLS, face, column], lines[WOODS, face, column])
            near = along > 0.0 and along * along > SUN_DISC_COS * SUN_DISC_COS * (x * x + y * y + z * z)
            if near and over_land:
                out[row, column] = white


# Planes whose inner sides meet in a face's cone: n · direction ≥ 0 inside.
_PLANES = np.array(
    [
        [[1, -1, 0], [1, 1, 0], [1, 0, -1]],
        [[-1, 1, 0], [1, 1, 0], [0, 1, -1]],
        [[-1, -1, 0], [-1, 1, 0], [-1, 0, -1]],
        [[-1, -1, 0], [1, -1, 0], [0, -1, -1]],
        [[0, 0, 1], [-1, 0, 1], [1, 0, 1]],
    ],
    dtype=np.float64,
)


def faces_in_view(rays: Float64Array, width: int, height: int) -> list[int]:
    """Faces that a camera may see, by the planes of each face's cone: never too few. ``rays``: see ``ray_table``."""
    x, y = np.array([-1.0, width, -1.0, width]), np.array([-1.0, -1.0, height, height])
    corners = rays[1] + x[:, None] * rays[2] + y[:, None] * rays[3]
    inside = (_PLANES.reshape(-1, 3) @ corners.T >= 0.0).any(axis=1).reshape(FACES, 3)
    return [int(face) for face in np.flatnonzero(inside.all(axis=1))]


class Sky:
    """The painted sky of one weather.

    Attributes:
        texels: (5, ROWS, COLUMNS) display colours 0xFFRRGGBB, rows upwards; valid where a face has been painted.
        lines: see ``horizon_lines``.
    """

    def __init__(self, hill_height_deg: float, hill_colour: tuple[float, float, float], tree_line_deg: float,
                 tree_colour: tuple[float, float, float], seed: int) -> None:  # fmt: skip
        self.texels: Uint32Array = np.zeros((FACES, ROWS, COLUMNS), dtype=np.uint32)
        self.lines = horizon_lines(hill_height_deg, tree_line_deg, seed)
        self._colours = np.array([hill_colour, tree_colour], dtype=np.float32)
        self._seed = int(seed % 1_000_003) + 11
        self._noise: Float32Array | None = None
        self._painted = [False] * FACES

    def forget(self) -> None:
        """Another weather: all faces must be painted again."""
        self._painted = [False] * FACES

    def ensure(self, faces: list[int], light: Light, tone: npt.NDArray[np.uint8]) -> None:
        """Paint those of ``faces`` that are not painted yet."""
        for face in faces:
            if not self._painted[face]:
                self._paint(face, light, tone)
                self._painted[face] = True

    def _paint(self, face: int, light: Light, tone: npt.NDArray[np.uint8]) -> None:
        if self._noise is None:
            self._noise = layered_noise(_NOISE, _NOISE, _CLOUD_CELLS, _CLOUD_WEIGHTS, self._seed)
        nodes = np.empty((ROWS // _STEP_ROWS + 1, COLUMNS // _STEP_COLUMNS + 1, 3), dtype=np.float32)
        _paint_air(nodes, face, self._noise, light.sun_direction, light.sun, light.ambient, light.zenith, light.horizon,
                   light.fog, light.cloud, light.extinction_per_m, light.veil, light.glow)  # fmt: skip
        out = self.texels[face]
        _fill(out, nodes, tone)
        if face < 4:
            _paint_land(out, face, self.lines, self._noise, tone, light.sun_direction, light.sun, light.ambient,
                        light.horizon, light.fog, self._colours, light.extinction_per_m, light.veil)  # fmt: skip
        disc = light.sun * np.float32(8.0 * (1.0 - light.cloud))
        through = np.float32(np.exp(-(light.extinction_per_m - HAZE_PER_M) * 600.0))
        if float(disc.max() * through) > 0.5:
            entries = np.clip(
                np.sqrt((light.horizon + disc) * through) * ((TONE_ENTRIES - 1) / TONE_WHITE**0.5), 0, 4095
            )
            red, green, blue = (int(v) for v in tone[entries.astype(np.int32)])
            colour = np.uint32(0xFF000000 | red << 16 | green << 8 | blue)
            _paint_sun(out, face, self.lines, light.sun_direction, colour)
