"""Everything that decides the outcome of one episode, resolved."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_serializer,
    model_validator,
)

from agents.takeover_driver import TakeoverTuning
from harness.campaign.weather import WeatherParameters
from scenarios.roads.course import EGO_LANE_ID, ROAD_ID
from scenarios.roads.description import CurveRoad, WindingRoad

SCHEMA_VERSION: Literal[1] = 1


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraSpec(_Model):
    """Forward camera on the centre plane: size, horizontal field of view, place, pitch (up positive)."""

    width_px: int = Field(default=640, ge=16, le=8192)
    height_px: int = Field(default=360, ge=16, le=8192)
    fov_deg: float = Field(default=90.0, ge=1, le=179)
    x_m: float = Field(default=1.2, ge=-20, le=20)
    z_m: float = Field(default=1.4, ge=0, le=20)
    pitch_deg: float = Field(default=-6.0, ge=-90, le=90)


class EgoSpec(_Model):
    """The car, the speed it drives at (least of ``v_max`` and the lateral limit) and its footprint."""

    vehicle: str = "vehicle.tesla.model3"
    v_max_mps: float = Field(default=14.0, gt=0, le=70)
    lateral_acceleration_mps2: float = Field(default=2.5, gt=0, le=10)
    half_width_m: float = Field(default=0.9, gt=0, le=3)
    half_length_m: float = Field(default=2.4, gt=0, le=15)


class RouteStart(_Model):
    """Where the route starts: OpenDRIVE road, lane (negative: along the road) and distance along it."""

    road_id: int = ROAD_ID
    lane_id: int = EGO_LANE_ID
    s_m: float = Field(default=4.0, ge=0)


class ModeSpec(_Model):
    """How an episode is driven: ``expert``, ``log``, ``shadow`` or ``takeover:<monitor>[@<point>]``."""

    kind: Literal["expert", "log", "shadow", "takeover"]
    monitor: str | None = None
    point: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        kind, _, rest = value.partition(":")
        if kind not in ("expert", "log", "shadow", "takeover") or bool(rest) != (kind == "takeover"):
            raise ValueError(f"unknown mode {value!r}: give expert, log, shadow or takeover:<monitor>@<point>")
        monitor, _, point = rest.rpartition("@") if "@" in rest else (rest, "", "")
        return {"kind": kind, "monitor": monitor or None, "point": point or None}

    @model_serializer
    def _written(self) -> str:
        return str(self)

    def __str__(self) -> str:
        if self.kind != "takeover":
            return self.kind
        return f"takeover:{self.monitor}" + (f"@{self.point}" if self.point else "")


class TakeoverSpec(_Model):
    """How a takeover goes: reaction time, and settings of the driver (fields of `TakeoverTuning`)."""

    reaction_s: float = Field(default=1.0, ge=0, le=10)
    driver: dict[str, float] = {}

    @field_validator("driver")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        known = [field.name for field in fields(TakeoverTuning)]
        for key in value:
            if key not in known:
                raise ValueError(f"the takeover driver has no setting {key!r}; it has {', '.join(known)}")
        return value


class WorldSpec(_Model):
    """The road, and where on it the car starts. What else the world needs is derived from ``world_id``.

    Attributes:
        kind: ``curves`` or ``winding`` (``road`` is set), ``xodr`` (``file``, ``file_sha256``) or ``map``
            (``map_name``).
        texture_pack: None on a map, which has its own looks.
        scenery_seed: roadside objects and ground variation.
    """

    kind: Literal["curves", "winding", "xodr", "map"]
    road: Annotated[CurveRoad | WindingRoad, Field(discriminator="kind")] | None = None
    file: Path | None = None
    file_sha256: str | None = None
    map_name: str | None = None
    start: RouteStart = RouteStart()
    texture_pack: str | None = None
    scenery_seed: int


class WeatherSpec(_Model):
    """A weather's name and CARLA's 14 numbers."""

    name: str
    parameters: WeatherParameters


class ComponentSpec(_Model):
    """An agent or monitor by name, with the hash of its weights (None: it has none)."""

    name: str
    weights_sha256: str | None


class ThresholdSpec(_Model):
    """Frozen operating point: alarm above ``theta_on``, over below ``theta_off``."""

    theta_on: float
    theta_off: float


class EpisodeSpec(_Model):
    """One episode.

    Attributes:
        episode_id, pair_id, world_id: see `harness.campaign.identity`.
        road, condition: names for tables; ``condition`` is the sensor's, the weather has a name of its own.
        sensor: schedule with every onset drawn, as `sensor_sim.schedule.SensorSchedule.from_spec` reads it.
        sensor_unresolved: the same as the scenario says it (this enters ``pair_id``).
        agent: None in `expert` mode, where no network runs; ``monitors`` is empty then.
        thresholds: operating point of a takeover, None in other modes.
        takeover: reaction time and driver of a takeover, None in other modes.
        parameters: the point of the campaign's parameter space, empty where it has none; its values are in the fields
            above already, so it enters no identity.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    episode_id: str
    pair_id: str
    world_id: str
    road: str
    condition: str
    seed_index: int
    mode: ModeSpec
    world: WorldSpec
    weather: WeatherSpec
    ego: EgoSpec
    camera: CameraSpec
    sensor: tuple[dict[str, Any], ...]
    sensor_unresolved: tuple[dict[str, Any], ...]
    agent: ComponentSpec | None
    monitors: tuple[ComponentSpec, ...]
    thresholds: ThresholdSpec | None
    takeover: TakeoverSpec | None
    tick_s: float
    duration_s: float
    parameters: dict[str, float | int | str] = {}

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``spec.json``; `from_json` gives an equal spec back."""
        return self.model_dump(mode="json")

    @staticmethod
    def from_json(data: dict[str, Any]) -> EpisodeSpec:
        """The inverse of `to_json`.

        Raises:
            pydantic.ValidationError: written by another version.
        """
        return EpisodeSpec.model_validate(data)
