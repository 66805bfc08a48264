"""The cells of a campaign's matrix: a sensor condition and who drives and watches under it, in which modes.

A cell is prepared once and met with every world: what its episodes share is built, written and digested only here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.thresholds import DEFAULT_POINT, ThresholdsMissingError, operating_point
from harness.campaign import identity
from harness.campaign.episode_spec import (
    ComponentSpec,
    EpisodeSpec,
    ModeSpec,
    TakeoverSpec,
    ThresholdSpec,
    WeatherSpec,
    WorldSpec,
)
from harness.campaign.errors import ScenarioError
from harness.campaign.sensor_conditions import Condition
from harness.campaign.spec import CampaignSpec

ALWAYS_ON = "always_on"
"""A monitor that needs no calibration: any score above 0 is an alarm."""
IDEAL = Condition("ideal", ())

HashOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Place:
    """A road in a weather with the scenery of one seed: what all cells meet."""

    world_id: str
    road: str
    seed_index: int
    world: WorldSpec
    weather: WeatherSpec


@dataclass
class Crew:
    """Who drives and watches in one mode, as the campaign wrote it and with its operating point."""

    written: ModeSpec
    mode: ModeSpec
    agent: ComponentSpec | None
    monitors: tuple[ComponentSpec, ...]
    thresholds: ThresholdSpec | None
    _ids: dict[float | None, identity.OpenHash] = field(default_factory=dict)

    def episode_id(self, pair_id: str, takeover: TakeoverSpec | None) -> str:
        """Id of this crew's episode of a pair; ``takeover`` differs between pairs in the reaction time alone."""
        reaction_s = None if takeover is None else takeover.reaction_s
        if reaction_s not in self._ids:
            self._ids[reaction_s] = identity.episode_ids(
                None if self.agent is None else self.agent.model_dump(),
                [monitor.model_dump() for monitor in self.monitors],
                str(self.mode),
                None if self.thresholds is None else self.thresholds.model_dump(),
                None if takeover is None else takeover.model_dump(),
            )
        return self._ids[reaction_s].of(pair_id)


class Cell:
    """A sensor condition and the crews that drive under it."""

    def __init__(self, spec: CampaignSpec, condition: Condition, crews: Sequence[Crew]) -> None:
        self._spec = spec
        self._condition = condition
        self._crews = crews
        self._pair_ids = identity.pair_ids(condition.unresolved)

    def episodes(self, place: Place) -> Iterator[EpisodeSpec]:
        """One episode per crew; all of them are one pair."""
        pair_id = self._pair_ids.of(place.world_id)
        sensor = self._condition.resolve(pair_id)
        for crew in self._crews:
            takeover = self._spec.takeover.of_pair(pair_id) if crew.mode.kind == "takeover" else None
            # Every part is a checked model: checking it once more for each of 100,000 episodes takes longer than all
            # the rest of a plan, and a copy of each more memory.
            yield EpisodeSpec.model_construct(
                _FIELDS,
                episode_id=crew.episode_id(pair_id, takeover),
                pair_id=pair_id,
                world_id=place.world_id,
                road=place.road,
                condition=self._condition.name,
                seed_index=place.seed_index,
                mode=crew.mode,
                world=place.world,
                weather=place.weather,
                ego=self._spec.ego,
                camera=self._spec.camera,
                sensor=sensor,
                sensor_unresolved=self._condition.unresolved,
                agent=crew.agent,
                monitors=crew.monitors,
                thresholds=crew.thresholds,
                takeover=takeover,
                tick_s=self._spec.tick_s,
                duration_s=self._spec.duration_s,
            )


_FIELDS = set(EpisodeSpec.model_fields) - {"schema_version", "parameters"}


def cells_of(
    spec: CampaignSpec,
    conditions: Sequence[Condition],
    agent_hash: HashOf,
    monitor_hash: HashOf,
    thresholds: Mapping[str, Any],
) -> list[Cell]:
    """The cells in the order of the expansion: first the expert runs, with the ideal sensor, then by condition.

    Args:
        spec: the campaign. conditions: its sensor conditions.
        agent_hash, monitor_hash: SHA-256 of the weights behind a name, None without weights.
        thresholds: content of ``thresholds.json``; read only for takeover modes.

    Raises:
        ScenarioError: an operating point that was never fitted.
    """
    crews = [_crew(spec, mode, agent_hash, monitor_hash, thresholds) for mode in spec.modes]
    experts = [crew for crew in crews if crew.mode.kind == "expert"]
    others = [crew for crew in crews if crew.mode.kind != "expert"]
    return [
        Cell(spec, IDEAL, experts),
        *(
            Cell(spec, condition, [crew for crew in others if crew.written in (condition.modes or (crew.written,))])
            for condition in conditions
        ),
    ]


def _crew(
    spec: CampaignSpec, written: ModeSpec, agent_hash: HashOf, monitor_hash: HashOf, thresholds: Mapping[str, Any]
) -> Crew:
    if written.kind == "expert":
        return Crew(written, written, None, (), None)
    agent = ComponentSpec(name=spec.agent, weights_sha256=agent_hash(spec.agent))
    mode, point = written, None
    watching: Sequence[str] = spec.monitors
    if written.monitor is not None:
        mode, point = _operating_point(written, thresholds)
        watching = (mode.monitor,) if mode.monitor else ()
    monitors = tuple(ComponentSpec(name=name, weights_sha256=monitor_hash(name)) for name in watching)
    return Crew(written, mode, agent, monitors, point)


def _operating_point(mode: ModeSpec, thresholds: Mapping[str, Any]) -> tuple[ModeSpec, ThresholdSpec]:
    monitor = str(mode.monitor)
    if monitor == ALWAYS_ON and mode.point is None:
        return mode, ThresholdSpec(theta_on=0.0, theta_off=0.0)
    name = mode.point or DEFAULT_POINT
    mode = ModeSpec(kind="takeover", monitor=monitor, point=name)
    try:
        point = operating_point(thresholds, monitor, name)
    except ThresholdsMissingError as error:
        raise ScenarioError(f"mode {mode}: {error}") from None
    return mode, ThresholdSpec(theta_on=point.theta_on, theta_off=point.theta_off)
