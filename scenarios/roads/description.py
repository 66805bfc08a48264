"""What a road is described by in a scenario: a list of curves, or the seed of a random winding road."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
MarkingType = Literal["solid", "broken", "solid solid", "solid broken", "broken solid", "none"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Straight(_Model):
    """A straight piece of ``straight_m`` metres."""

    straight_m: float = Field(gt=0, le=5000)


class Bend(_Model):
    """A bend of ``radius_m`` turning by ``angle_deg`` (left positive), its two clothoids included."""

    radius_m: float = Field(ge=15, le=10000)
    angle_deg: float = Field(ge=-360, le=360)

    @model_validator(mode="after")
    def _turns(self) -> Bend:
        if abs(self.angle_deg) < 1:
            raise ValueError("angle_deg turns by less than 1 degree; use straight_m for a straight piece")
        return self


def _segment_tag(value: Any) -> str:
    keys = value.keys() if isinstance(value, dict) else vars(value).keys()
    return "straight" if "straight_m" in keys else "bend"


Segment = Annotated[Annotated[Straight, Tag("straight")] | Annotated[Bend, Tag("bend")], Discriminator(_segment_tag)]


class Markings(_Model):
    """OpenDRIVE road-mark types: between the directions (with a colour) and at the outer edges."""

    centre: MarkingType = "broken"
    edge: MarkingType = "solid"
    centre_color: Literal["white", "yellow"] = "white"


class _Road(_Model):
    """What every built road has.

    Attributes:
        name: unique within a campaign.
        lane_width_m: width of every driving lane.
        lanes_per_direction: right-hand traffic, the ego's lane is the innermost right one (id -1).
        shoulder_m: paved strip outside the edge line, part of the drivable area.
        texture_pack: look of asphalt and verge (a pack of the simulator that draws the road).
    """

    name: Slug
    lane_width_m: float = Field(default=3.5, ge=2.4, le=6.0)
    lanes_per_direction: int = Field(default=1, ge=1, le=3)
    shoulder_m: float = Field(default=0.5, ge=0, le=4)
    texture_pack: Slug = "summer"
    markings: Markings = Markings()

    @property
    def width_m(self) -> float:
        """Whole paved width, m."""
        return 2 * (self.lanes_per_direction * self.lane_width_m + self.shoulder_m)


class CurveRoad(_Road):
    """A road given piece by piece."""

    kind: Literal["curves"]
    segments: tuple[Segment, ...] = Field(min_length=1)


class WindingRoad(_Road):
    """A random road: ``length_m`` to drive, bends of radii in ``radius_m`` = (smallest, largest)."""

    kind: Literal["winding"]
    seed: int = Field(ge=0, lt=2**63)
    length_m: float = Field(ge=60, le=20000)
    radius_m: tuple[float, float]

    @model_validator(mode="after")
    def _ordered(self) -> WindingRoad:
        low, high = self.radius_m
        if not 15 <= low <= high <= 10000:
            raise ValueError(f"radius_m must be [smallest, largest] within 15..10000 m, got [{low}, {high}]")
        return self


RoadDescription = Annotated[CurveRoad | WindingRoad, Field(discriminator="kind")]
