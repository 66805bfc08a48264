"""The typed form of a campaign file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from harness.campaign.choices import IntRange, NumberRange, ReactionTimes, Uniform
from harness.campaign.episode_spec import CameraSpec, EgoSpec, ModeSpec, RouteStart, TakeoverSpec
from harness.campaign.identity import seed_for
from harness.campaign.parameter_space import SpaceSpec
from harness.campaign.sampling import SampleSpec
from harness.campaign.weather import Weather
from scenarios.roads.description import CurveRoad, Slug, WindingRoad


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Packs = Slug | Annotated[tuple[Slug, ...], Field(min_length=1)]
Seeds = int | Annotated[tuple[int, ...], Field(min_length=1)] | IntRange
Time = Annotated[float, Field(ge=0)] | Uniform
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/+-]*$", max_length=300)]


class CurveRoads(CurveRoad):
    """A road from curves; a list of texture packs stands for one road in each of them."""

    texture_pack: Packs = "summer"  # type: ignore[assignment]

    def roads(self) -> tuple[CurveRoad, ...]:
        """The single roads, named ``name`` or ``name_<pack>``."""
        fields = self.model_dump(exclude={"texture_pack", "name"})
        return tuple(
            CurveRoad(**fields, texture_pack=pack, name=name) for pack, name in _per_pack(self.name, self.texture_pack)
        )


class WindingRoads(WindingRoad):
    """Random winding roads; several seeds or texture packs stand for one road each."""

    seed: Seeds  # type: ignore[assignment]
    texture_pack: Packs = "summer"  # type: ignore[assignment]

    @field_validator("seed")
    @classmethod
    def _seeds_fit(cls, value: Seeds) -> Seeds:
        if not all(0 <= seed < 2**63 for seed in _listed(value)):
            raise ValueError("seeds are whole numbers from 0 to 2^63 - 1")
        return value

    def roads(self) -> tuple[WindingRoad, ...]:
        """The single roads, named ``name``, ``name_<seed>``, ``name_<pack>`` or ``name_<seed>_<pack>``."""
        fields = self.model_dump(exclude={"texture_pack", "name", "seed"})
        several = not isinstance(self.seed, int)
        return tuple(
            WindingRoad(**fields, seed=seed, texture_pack=pack, name=name)
            for seed in _listed(self.seed)
            for pack, name in _per_pack(f"{self.name}_{seed}" if several else self.name, self.texture_pack)
        )


def _listed(value: Any) -> tuple[Any, ...]:
    if isinstance(value, IntRange | NumberRange):
        return value.values
    return value if isinstance(value, tuple) else (value,)


def _per_pack(name: str, packs: str | tuple[str, ...]) -> list[tuple[str, str]]:
    return [(packs, name)] if isinstance(packs, str) else [(pack, f"{name}_{pack}") for pack in packs]


class XodrRoad(_Model):
    """Any OpenDRIVE file; a relative path counts from the scenario's folder."""

    kind: Literal["xodr"]
    name: Slug
    file: Path
    start: RouteStart = RouteStart()
    texture_pack: Slug = "summer"

    @field_validator("file")
    @classmethod
    def _exists(cls, value: Path, info: ValidationInfo) -> Path:
        folder = (info.context or {}).get("folder", Path())
        path = value if value.is_absolute() else folder / value
        if not path.is_file():
            raise ValueError(f"no such file: {path}")
        return path.resolve()


class MapRoad(_Model):
    """A map that the simulator has, by CARLA's name (``map``, if not the road's own), and a start on it."""

    kind: Literal["map"]
    name: Slug
    map: str | None = None
    start: RouteStart


RoadEntry = Annotated[CurveRoads | WindingRoads | XodrRoad | MapRoad, Field(discriminator="kind")]


class EffectEntry(BaseModel):
    """One sensor effect: timing, the effect's own parameters beside it, ``sweep`` for several conditions.

    A time left out (or null) is the condition's. The parameters are numbers or option names; `sensor_sim` knows
    which an effect has and their ranges.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, float | str]

    effect: str
    onset_s: Time | None = None
    ramp_s: Time | None = None
    duration_s: Time | None = None
    sweep: dict[str, Annotated[tuple[float, ...], Field(min_length=1)] | NumberRange] = {}

    @property
    def parameters(self) -> dict[str, float | str]:
        """The effect's own parameters as given."""
        return dict(self.__pydantic_extra__ or {})

    @model_validator(mode="after")
    def _once(self) -> EffectEntry:
        twice = sorted(set(self.sweep) & set(self.parameters))
        if twice:
            raise ValueError(f"parameter {twice[0]!r} is given and swept; keep one of the two")
        return self


class ConditionEntry(_Model):
    """A sensor condition: a preset, effects, or both. Times here hold for every effect without its own.

    ``modes`` names those of the campaign's modes that run under this condition (all, if left out).
    """

    name: Slug
    preset: str | None = None
    effects: tuple[EffectEntry, ...] = ()
    onset_s: Time = 0.0
    ramp_s: Time = 0.0
    duration_s: Time | None = None
    modes: Annotated[tuple[ModeSpec, ...], Field(min_length=1)] | None = None


class TakeoverEntry(TakeoverSpec):
    """How takeovers go; the reaction time may be one of several, drawn once per pair so that twins of all monitors
    meet the same driver."""

    reaction_s: Annotated[float, Field(ge=0, le=10)] | ReactionTimes = 1.0  # type: ignore[assignment]

    def of_pair(self, pair_id: str) -> TakeoverSpec:
        """What one pair gets."""
        drawn = self.reaction_s
        if isinstance(drawn, ReactionTimes):
            drawn = drawn.drawn(seed_for(pair_id, "reaction"))
        return TakeoverSpec(reaction_s=drawn, driver=self.driver)


class CriterionEntry(_Model):
    """A bound that a figure of the summary must keep for the verdict PASS.

    ``metric`` is a path as `harness.evaluation.verdict` reads it, for example
    ``monitors[name=saliency_student].points[point=fa0.50].event_recall.low``.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> CriterionEntry:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"criterion on {self.metric!r}: give at_least or at_most, one of the two")
        return self


def _weather_tag(value: Any) -> str:
    return "preset" if isinstance(value, str) else "weather"


WeatherEntry = Annotated[
    Annotated[Weather, Tag("preset")] | Annotated[Weather, Tag("weather")], Discriminator(_weather_tag)
]


class CampaignSpec(_Model):
    """A campaign: the matrix roads × weather × conditions × seeds × modes, and what holds for all of it.

    ``keep_monitor_inputs``: shadow and log runs keep the road crops that learned monitors look at (about 25 kB a
    tick), so that monitors can be scored and added later without driving again. ``rescue_map``: departures of shadow
    runs are replayed to find the last moment at which a takeover would have prevented them. ``space``: the whole matrix
    runs once per point of a declared parameter space. ``tier``: which of the sizes that ``sample`` names is run.
    """

    campaign: Slug
    description: str = ""
    simulator: Annotated[str, Field(pattern=r"^(embedded|(binary|docker|podman|apptainer|attach):.+)$")] = "embedded"
    camera: CameraSpec = CameraSpec()
    ego: EgoSpec = EgoSpec()
    tick_s: float = Field(default=0.05, gt=0, le=0.1)
    duration_s: float = Field(default=25.0, gt=0, le=3600)
    seeds: Seeds = 1
    sample: SampleSpec | None = None
    tier: Slug | None = None
    space: SpaceSpec | None = None
    roads: tuple[RoadEntry, ...] = Field(min_length=1)
    weather: tuple[WeatherEntry, ...] = Field(default=(Weather.model_validate("ClearNoon"),), min_length=1)
    conditions: tuple[ConditionEntry, ...] = Field(default=(ConditionEntry(name="ideal"),), min_length=1)
    agent: Name = "pilotnet"
    monitors: tuple[Name, ...] = ()
    modes: tuple[ModeSpec, ...] = Field(default=(ModeSpec(kind="shadow"),), min_length=1)
    takeover: TakeoverEntry = TakeoverEntry()
    criteria: tuple[CriterionEntry, ...] = ()
    metrics: tuple[Name, ...] = ()
    sections: tuple[Name, ...] = ()
    keep_monitor_inputs: bool = True
    rescue_map: bool = True

    @property
    def seed_indices(self) -> tuple[int, ...]:
        """A count stands for 0 … count − 1; a list or range for itself."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else _listed(self.seeds)

    @field_validator("seeds")
    @classmethod
    def _some_seeds(cls, value: Seeds) -> Seeds:
        numbers = _listed(value)
        if isinstance(value, int) and not 1 <= value <= 100_000:
            raise ValueError("give a count of seeds from 1 to 100000, or a list of seed indices")
        if min(numbers) < 0 or len(set(numbers)) != len(numbers):
            raise ValueError("seed indices are different whole numbers, 0 or more")
        return value

    @field_validator("modes", "monitors", "metrics", "sections")
    @classmethod
    def _each_once(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        for entry in value:
            if value.count(entry) > 1:
                raise ValueError(f"{entry} is listed twice")
        return value

    @model_validator(mode="after")
    def _tier_is_one_of_the_sample(self) -> CampaignSpec:
        sizes = None if self.sample is None else self.sample.pairs
        tiers = list(sizes) if isinstance(sizes, dict) else []
        if self.tier is not None and self.tier not in tiers:
            known = f"it is one of {', '.join(tiers)}" if tiers else "this scenario's sample has no tiers"
            raise ValueError(f"tier {self.tier!r}: {known}")
        if tiers and self.tier is None:
            raise ValueError(f"choose the tier of the sample with 'tier', one of {', '.join(tiers)}")
        return self

    @model_validator(mode="after")
    def _modes_name_monitors(self) -> CampaignSpec:
        for mode in self.modes:
            if mode.monitor is not None and mode.monitor not in self.monitors:
                raise ValueError(f"mode {mode}: monitor {mode.monitor!r} is not listed under monitors")
        for condition in self.conditions:
            for mode in condition.modes or ():
                if mode not in self.modes or mode.kind == "expert":
                    listed = ", ".join(str(m) for m in self.modes if m.kind != "expert")
                    raise ValueError(f"condition {condition.name!r}: mode {mode} is not one of {listed}")
        return self


def json_schema() -> dict[str, Any]:
    """JSON schema of a campaign file, for editors and for checking files elsewhere."""
    return CampaignSpec.model_json_schema()
