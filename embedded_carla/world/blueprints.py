"""Everything that can be spawned: vehicles, static props and sensors with their public attributes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from embedded_carla.scene.version import SCENE_VERSION
from embedded_carla.vehicle.catalogue import CATALOGUE, CatalogueEntry
from embedded_carla.wire import tables_0_9_16 as tables


class Kind(Enum):
    """What the world does with an actor."""

    VEHICLE = "vehicle"
    PROP = "prop"
    CAMERA = "camera"
    IMU = "imu"
    COLLISION = "collision"
    LANE_INVASION = "lane invasion"
    """Computed by the client from the states; the server only keeps the actor."""
    INSTRUMENT = "instrument"
    """A sensor of ``sensors.instrument``: LiDAR, radar, GNSS, obstacle."""
    FRICTION_ZONE = "friction zone"
    WALKER = "walker"
    CONTROLLER = "controller"
    """Kept for the client's own walker navigation; it does nothing here."""
    SPECTATOR = "spectator"
    SIGNAL = "traffic light or sign"
    """Stands where the map says; neither spawned nor destroyed by clients."""


@dataclass(frozen=True)
class Attribute:
    """One attribute of a blueprint; values are strings on the wire."""

    name: str
    type: int
    value: str
    recommended: tuple[str, ...] = ()
    modifiable: bool = True

    def to_wire(self) -> list[object]:
        """ActorAttribute."""
        return [self.name, self.type, self.value, list(self.recommended), self.modifiable, False]


@dataclass(frozen=True)
class Blueprint:
    """One kind of actor.

    Attributes:
        half_size_m: half length, width and height of its box; the box stands on the actor's origin.
        semantic_tag: city object label.
        sensor_type: type number of its stream messages, None for an actor without a stream.
    """

    blueprint_id: str
    kind: Kind
    attributes: tuple[Attribute, ...]
    half_size_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    semantic_tag: int = tables.TAG_NONE
    sensor_type: int | None = None

    @cached_property
    def radius_m(self) -> float:
        """Radius of the circle around its box."""
        return math.hypot(self.half_size_m[0], self.half_size_m[1])

    def to_wire(self, uid: int) -> list[object]:
        """ActorDefinition."""
        tags = self.blueprint_id.replace(".", ",")
        return [uid, self.blueprint_id, tags, [attribute.to_wire() for attribute in self.attributes]]


def _text(name: str, value: str) -> Attribute:
    return Attribute(name, tables.ATTRIBUTE_STRING, value)


def _fixed(name: str, kind: int, value: str) -> Attribute:
    return Attribute(name, kind, value, modifiable=False)


def _numbers(values: dict[str, str]) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(name, tables.ATTRIBUTE_FLOAT if "." in value else tables.ATTRIBUTE_INT, value)
        for name, value in values.items()
    )


def _vehicle(entry: CatalogueEntry) -> Blueprint:
    attributes = (
        Attribute("role_name", tables.ATTRIBUTE_STRING, "autopilot", ("autopilot", "scenario", "ego_vehicle")),
        Attribute("color", tables.ATTRIBUTE_RGB, _COLOURS[0], _COLOURS),
        Attribute("sticky_control", tables.ATTRIBUTE_BOOL, "true"),
        _text("ros_name", entry.blueprint_id),
        _fixed("object_type", tables.ATTRIBUTE_STRING, ""),
        _fixed("base_type", tables.ATTRIBUTE_STRING, entry.base_type),
        _fixed("special_type", tables.ATTRIBUTE_STRING, entry.special_type),
        _fixed("number_of_wheels", tables.ATTRIBUTE_INT, str(entry.wheels)),
        _fixed("generation", tables.ATTRIBUTE_INT, str(entry.generation)),
        _fixed("has_lights", tables.ATTRIBUTE_BOOL, "false"),
        _fixed("has_dynamic_doors", tables.ATTRIBUTE_BOOL, "false"),
    )
    return Blueprint(entry.blueprint_id, Kind.VEHICLE, attributes, entry.half_size_m, _VEHICLE_TAGS[entry.base_type])


def _prop(name: str, half_size_m: tuple[float, float, float], size: str) -> Blueprint:
    blueprint_id = f"static.prop.{name}"
    attributes = (
        _text("role_name", "prop"),
        _fixed("size", tables.ATTRIBUTE_STRING, size),
        _text("ros_name", blueprint_id),
    )
    return Blueprint(blueprint_id, Kind.PROP, attributes, half_size_m, tables.TAG_STATIC)


def _walker(number: int) -> Blueprint:
    woman, child = number % 2 == 1, number in (9, 10)
    attributes = (
        Attribute("role_name", tables.ATTRIBUTE_STRING, "pedestrian"),
        Attribute("is_invincible", tables.ATTRIBUTE_BOOL, "true"),
        Attribute("speed", tables.ATTRIBUTE_FLOAT, "1.4", ("0.0", "1.4", "2.4")),
        _fixed("gender", tables.ATTRIBUTE_STRING, "female" if woman else "male"),
        _fixed("age", tables.ATTRIBUTE_STRING, "child" if child else "adult"),
        _fixed("generation", tables.ATTRIBUTE_INT, "1"),
        _text("ros_name", f"walker.pedestrian.{number:04d}"),
    )
    half_size_m = (0.25, 0.25, 0.55) if child else (0.188, 0.188, 0.93)
    return Blueprint(f"walker.pedestrian.{number:04d}", Kind.WALKER, attributes, half_size_m, tables.TAG_PEDESTRIAN)


def _sensor(name: str, kind: Kind, sensor_type: int | None, extra: tuple[Attribute, ...] = ()) -> Blueprint:
    blueprint_id = f"sensor.{name}"
    common = (_text("role_name", "front"), _text("ros_name", blueprint_id))
    return Blueprint(blueprint_id, kind, common + extra, sensor_type=sensor_type)


# Public attributes of CARLA's cameras; sensors/camera_attributes.py says which take effect.
_CAMERA = _numbers(
    {
        "image_size_x": "800",
        "image_size_y": "600",
        "fov": "90.0",
        "sensor_tick": "0.0",
        "lens_circle_falloff": "5.0",
        "lens_circle_multiplier": "0.0",
        "lens_k": "-1.0",
        "lens_kcube": "0.0",
        "lens_x_size": "0.08",
        "lens_y_size": "0.08",
    }
)
_FILM = (
    *_numbers(
        {
            "bloom_intensity": "0.675",
            "lens_flare_intensity": "0.1",
            "min_fstop": "1.2",
            "fstop": "1.4",
            "iso": "100.0",
            "gamma": "2.2",
            "shutter_speed": "200.0",
            "exposure_compensation": "0.0",
            "exposure_min_bright": "10.0",
            "exposure_max_bright": "12.0",
            "exposure_speed_up": "3.0",
            "exposure_speed_down": "1.0",
            "calibration_constant": "16.0",
            "focal_distance": "1000.0",
            "blur_amount": "1.0",
            "blur_radius": "0.0",
            "motion_blur_intensity": "0.45",
            "motion_blur_max_distortion": "0.35",
            "motion_blur_min_object_screen_size": "0.1",
            "slope": "0.88",
            "toe": "0.55",
            "shoulder": "0.26",
            "black_clip": "0.0",
            "white_clip": "0.04",
            "temp": "6500.0",
            "tint": "0.0",
            "chromatic_aberration_intensity": "0.0",
            "chromatic_aberration_offset": "0.0",
        }
    ),
    Attribute("exposure_mode", tables.ATTRIBUTE_STRING, "histogram", ("histogram", "manual")),
    Attribute("enable_postprocess_effects", tables.ATTRIBUTE_BOOL, "true"),
    # CARLA has no such attribute: a client that finds it knows whose pictures it gets, and of which version.
    _fixed("scene_version", tables.ATTRIBUTE_INT, str(SCENE_VERSION)),
)
_LIDAR = {
    "sensor_tick": "0.0",
    "channels": "32",
    "range": "10.0",
    "points_per_second": "56000",
    "rotation_frequency": "10.0",
    "upper_fov": "10.0",
    "lower_fov": "-30.0",
    "horizontal_fov": "360.0",
    "noise_seed": "0",
}
_LIDAR_RETURNS = {
    "atmosphere_attenuation_rate": "0.004",
    "noise_stddev": "0.0",
    "dropoff_general_rate": "0.45",
    "dropoff_intensity_limit": "0.8",
    "dropoff_zero_intensity": "0.4",
}
_RADAR = {
    "sensor_tick": "0.0",
    "horizontal_fov": "30.0",
    "vertical_fov": "30.0",
    "range": "100.0",
    "points_per_second": "1500",
    "noise_seed": "0",
}
_GNSS = {
    "sensor_tick": "0.0",
    "noise_seed": "0",
    **{f"noise_{axis}_{kind}": "0.0" for axis in ("lat", "lon", "alt") for kind in ("bias", "stddev")},
}
_OBSTACLE = {"sensor_tick": "0.0", "distance": "5.0", "hit_radius": "0.5"}
_FRICTION_ZONE = {"friction": "3.5", "extent_x": "300.0", "extent_y": "300.0", "extent_z": "300.0"}
_IMU = _numbers(
    {
        "sensor_tick": "0.0",
        "noise_seed": "0",
        **{f"noise_accel_stddev_{axis}": "0.0" for axis in "xyz"},
        **{f"noise_gyro_stddev_{axis}": "0.0" for axis in "xyz"},
        **{f"noise_gyro_bias_{axis}": "0.0" for axis in "xyz"},
    }
)
_VEHICLE_TAGS = {
    "car": tables.TAG_CAR,
    "van": tables.TAG_CAR,
    "truck": tables.TAG_TRUCK,
    "motorcycle": tables.TAG_MOTORCYCLE,
    "bicycle": tables.TAG_BICYCLE,
}
_COLOURS = ("180,44,44", "17,37,103", "180,180,180", "30,30,30", "235,235,235")

BLUEPRINTS: tuple[Blueprint, ...] = (
    *(_vehicle(entry) for entry in CATALOGUE),
    _prop("streetbarrier", (0.608, 0.185, 0.535), "medium"),
    _prop("constructioncone", (0.171, 0.171, 0.293), "small"),
    _prop("trafficcone01", (0.277, 0.277, 0.315), "small"),
    _prop("trafficwarning", (1.310, 0.602, 1.430), "big"),
    _prop("warningconstruction", (0.529, 0.529, 0.611), "medium"),
    _prop("barrel", (0.344, 0.344, 0.512), "medium"),
    Blueprint(
        "static.trigger.friction", Kind.FRICTION_ZONE, (_text("role_name", "default"), *_numbers(_FRICTION_ZONE))
    ),
    *(_walker(number) for number in range(1, 13)),
    Blueprint("controller.ai.walker", Kind.CONTROLLER, (_text("role_name", "default"),)),
    _sensor("camera.rgb", Kind.CAMERA, tables.SENSOR_RGB_CAMERA, _CAMERA + _FILM),
    _sensor("camera.depth", Kind.CAMERA, tables.SENSOR_DEPTH_CAMERA, _CAMERA),
    _sensor("camera.semantic_segmentation", Kind.CAMERA, tables.SENSOR_SEMANTIC_CAMERA, _CAMERA),
    _sensor("camera.instance_segmentation", Kind.CAMERA, tables.SENSOR_INSTANCE_CAMERA, _CAMERA),
    _sensor("other.imu", Kind.IMU, tables.SENSOR_IMU, _IMU),
    _sensor("lidar.ray_cast", Kind.INSTRUMENT, tables.SENSOR_LIDAR, _numbers(_LIDAR | _LIDAR_RETURNS)),
    _sensor("lidar.ray_cast_semantic", Kind.INSTRUMENT, tables.SENSOR_SEMANTIC_LIDAR, _numbers(_LIDAR)),
    _sensor("other.radar", Kind.INSTRUMENT, tables.SENSOR_RADAR, _numbers(_RADAR)),
    _sensor("other.gnss", Kind.INSTRUMENT, tables.SENSOR_GNSS, _numbers(_GNSS)),
    _sensor(
        "other.obstacle",
        Kind.INSTRUMENT,
        tables.SENSOR_OBSTACLE,
        (
            *_numbers(_OBSTACLE),
            Attribute("only_dynamics", tables.ATTRIBUTE_BOOL, "false"),
            Attribute("debug_linetrace", tables.ATTRIBUTE_BOOL, "false"),
        ),
    ),
    _sensor("other.collision", Kind.COLLISION, tables.SENSOR_COLLISION),
    _sensor("other.lane_invasion", Kind.LANE_INVASION, None),
)

BY_ID = {blueprint.blueprint_id: blueprint for blueprint in BLUEPRINTS}

SPECTATOR = Blueprint("spectator", Kind.SPECTATOR, ())


def definitions_to_wire() -> list[object]:
    """All ActorDefinitions."""
    return [blueprint.to_wire(uid) for uid, blueprint in enumerate(BLUEPRINTS, start=1)]
