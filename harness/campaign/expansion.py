"""A campaign to its episodes: roads × weather × seeds × conditions × modes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ValidationError

from harness.campaign import identity
from harness.campaign.cells import HashOf, Place, cells_of
from harness.campaign.episode_spec import EpisodeSpec, RouteStart, WeatherSpec, WorldSpec
from harness.campaign.errors import ScenarioError
from harness.campaign.parameter_space import Point, SpaceSpec, with_point
from harness.campaign.samplers import TooManyPointsError, sample_points
from harness.campaign.sampling import draw_pairs
from harness.campaign.sensor_conditions import expand_conditions
from harness.campaign.spec import CampaignSpec, MapRoad, XodrRoad
from harness.campaign.weather import Weather
from scenarios.roads.centre_line import RoadOverlapError
from scenarios.roads.course import pieces
from scenarios.roads.winding import WindingRoadError


@dataclass(frozen=True)
class _Road:
    """A single road: its name, the fields of its world, and those of them that make its identity."""

    name: str
    world: dict[str, Any]
    identity: dict[str, Any]


def expand(
    spec: CampaignSpec,
    agent_hash: HashOf,
    monitor_hash: HashOf,
    thresholds: Mapping[str, Any],
) -> list[EpisodeSpec]:
    """Every episode of a campaign, in a stable order: by road, weather, seed, condition, mode.

    `expert` episodes come once per world, with the ideal sensor. In takeover mode only the monitor in charge
    watches, in the other modes all of them.

    Args:
        spec: the campaign.
        agent_hash, monitor_hash: SHA-256 of the weights behind a name, None without weights.
        thresholds: content of ``thresholds.json``; read only for takeover modes.

    Raises:
        ScenarioError: names used twice, equal cells, a road that cannot be built, a sensor condition that
            `sensor_sim` refuses, an operating point that was never fitted, a point of the parameter space that makes
            no scenario.
    """
    if spec.space is None:
        episodes = _expand_matrix(spec, agent_hash, monitor_hash, thresholds)
    else:
        found: dict[str, EpisodeSpec] = {}
        for point, scenario in scenarios_of(spec, spec.space):
            for episode in _expand_matrix(scenario, agent_hash, monitor_hash, thresholds):
                # Points that differ in the sensor alone share the expert run of their world.
                found.setdefault(episode.episode_id, episode.model_copy(update={"parameters": point}))
        episodes = list(found.values())
    if spec.sample is None:
        return episodes
    return draw_pairs(episodes, spec.sample.pairs_of(spec.tier), spec.sample.seed)


def scenarios_of(spec: CampaignSpec, space: SpaceSpec) -> Iterator[tuple[Point, CampaignSpec]]:
    """The scenario of every point of a parameter space.

    Raises:
        ScenarioError: a target leads nowhere, a point makes no valid scenario, or there are too many points.
    """
    data = spec.model_dump(mode="json")
    try:
        for point in sample_points(space):
            yield point, CampaignSpec.model_validate(with_point(data, space, point))
    except KeyError as error:
        raise ScenarioError(f"space: {error.args[0]}") from None
    except TooManyPointsError as error:
        raise ScenarioError(f"space: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ScenarioError(f"space: point {point}: {where}: {first['msg']}") from None


def _expand_matrix(
    spec: CampaignSpec, agent_hash: HashOf, monitor_hash: HashOf, thresholds: Mapping[str, Any]
) -> list[EpisodeSpec]:
    roads = [road for entry in spec.roads for road in _roads(entry)]
    conditions = expand_conditions(spec.conditions, spec.camera)
    _require_unique("road", [road.name for road in roads])
    _require_unique("weather", [weather.name for weather in spec.weather])
    _require_unique("condition", [condition.name for condition in conditions])
    cells = cells_of(spec, conditions, cache(agent_hash), cache(monitor_hash), thresholds)
    episodes = [
        episode
        for road in roads
        for weather in spec.weather
        for place in _places(spec, road, weather)
        for cell in cells
        for episode in cell.episodes(place)
    ]
    _require_different(episodes)
    return episodes


def _places(spec: CampaignSpec, road: _Road, weather: Weather) -> Iterator[Place]:
    """One per seed."""
    described = {"road": road.identity, "weather": weather.parameters.model_dump()}
    ids = identity.world_ids(described, spec.ego.model_dump(), spec.camera.model_dump(), spec.tick_s, spec.duration_s)
    shown = WeatherSpec(name=weather.name, parameters=weather.parameters)
    for seed_index in spec.seed_indices:
        world_id = ids.of(seed_index)
        world = WorldSpec(**road.world, scenery_seed=identity.seed_for(world_id, "world"))
        yield Place(world_id, road.name, seed_index, world, shown)


def _roads(entry: Any) -> list[_Road]:
    if isinstance(entry, XodrRoad):
        sha256 = hashlib.sha256(entry.file.read_bytes()).hexdigest()
        start = entry.start.model_dump()
        shared = {"kind": "xodr", "file_sha256": sha256, "start": start, "texture_pack": entry.texture_pack}
        return [_Road(entry.name, shared | {"file": entry.file}, shared)]
    if isinstance(entry, MapRoad):
        world = {"kind": "map", "map_name": entry.map or entry.name, "start": entry.start.model_dump()}
        return [_Road(entry.name, world, world)]
    roads = []
    for road in entry.roads():
        try:
            pieces(road)
        except (RoadOverlapError, WindingRoadError) as error:
            raise ScenarioError(str(error)) from None
        start = RouteStart().model_dump()
        world = {"kind": road.kind, "road": road, "start": start, "texture_pack": road.texture_pack}
        described = {"road": road.model_dump(mode="json", exclude={"name"}), "start": start}
        roads.append(_Road(road.name, world, described))
    return roads


def _require_unique(what: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ScenarioError(f"{what} name {twice[0]!r} is used twice; give each {what} its own name")


def _require_different(episodes: Sequence[EpisodeSpec]) -> None:
    seen: dict[str, EpisodeSpec] = {}
    for episode in episodes:
        first = seen.setdefault(episode.episode_id, episode)
        if first is not episode:
            raise ScenarioError(
                f"road {first.road!r}, condition {first.condition!r} and road {episode.road!r}, condition "
                f"{episode.condition!r} are the same episode ({episode.mode}); remove one of the two"
            )
