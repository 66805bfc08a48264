"""What the renderer is told about the world: the camera's pose, the weather and the movable boxes.

All in CARLA's axes: x forward, y right, z up, left-handed; yaw clockwise seen from above, pitch up positive,
roll clockwise seen from behind; metres and degrees.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CameraPose:
    """World pose of a camera: location (m) and rotation (deg)."""

    x_m: float
    y_m: float
    z_m: float
    pitch_deg: float
    yaw_deg: float
    roll_deg: float


@dataclass(frozen=True)
class Weather:
    """CARLA's fourteen weather parameters, in the order in which they travel on the wire.

    Attributes:
        cloudiness, precipitation, precipitation_deposits, wind_intensity, fog_density, wetness: 0..100.
        sun_azimuth_angle: deg, clockwise from +x (0..360); sun_altitude_angle: deg, -90 (midnight)..90 (noon).
        fog_distance: m from the camera at which fog starts. fog_falloff: without effect.
        scattering_intensity, mie_scattering_scale: size of the halo round the sun. rayleigh_scattering_scale: how blue
            the sky overhead is.
        dust_storm: 0..100.
    """

    cloudiness: float = 10.0
    precipitation: float = 0.0
    precipitation_deposits: float = 0.0
    wind_intensity: float = 0.0
    sun_azimuth_angle: float = 45.0
    sun_altitude_angle: float = 50.0
    fog_density: float = 0.0
    fog_distance: float = 0.0
    fog_falloff: float = 0.0
    wetness: float = 0.0
    scattering_intensity: float = 1.0
    mie_scattering_scale: float = 0.03
    rayleigh_scattering_scale: float = 0.0331
    dust_storm: float = 0.0


@dataclass(frozen=True)
class BoxActor:
    """A movable body drawn as a car-like box.

    Attributes:
        actor_id: CARLA actor id (goes into the instance picture).
        x_m, y_m, z_m: centre of the box.
        yaw_deg, pitch_deg: rotation.
        extent_x_m, extent_y_m, extent_z_m: half sizes along the body's axes.
        colour: sRGB, 0..255.
        semantic_tag: CARLA city object label, 1..28 (14 = car).
    """

    actor_id: int
    x_m: float
    y_m: float
    z_m: float
    yaw_deg: float
    pitch_deg: float
    extent_x_m: float
    extent_y_m: float
    extent_z_m: float
    colour: tuple[int, int, int]
    semantic_tag: int
