"""The world: one episode at a time, its actors, and one tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from embedded_carla.render.types import BoxActor
from embedded_carla.sensors.camera import SharedViews, View
from embedded_carla.sensors.collision import collision_payload
from embedded_carla.sensors.imu import GRAVITY_MPS2
from embedded_carla.sensors.instrument import Surroundings
from embedded_carla.sensors.obstacle import Obstacle
from embedded_carla.vehicle.parameters import LEAST_FRICTION
from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.wire.outbox import Part
from embedded_carla.wire.streams import token
from embedded_carla.world import collisions
from embedded_carla.world.actors import Actor, Sensor
from embedded_carla.world.blueprints import SPECTATOR, Kind
from embedded_carla.world.bodies import bodies_of
from embedded_carla.world.boxes import Box
from embedded_carla.world.friction_zones import FrictionZone, FrictionZones
from embedded_carla.world.map_library import (
    DEFAULT_MAP,
    GENERATED_MAP,
    LoadedMap,
    MapError,
    available_maps,
    read_map,
    shipped_xodr,
)
from embedded_carla.world.motion_orders import MotionOrders
from embedded_carla.world.pose import Pose
from embedded_carla.world.roadside import Roadside
from embedded_carla.world.scenery import Scenery
from embedded_carla.world.settings import EpisodeSettings
from embedded_carla.world.vehicle import Vehicle
from embedded_carla.world.walker import Walker
from embedded_carla.world.weather import CLEAR_NOON, effective_weather, road_friction

WORLD_STREAM = 1
"""The episode state's stream: one for the life of the server, so that other clients follow a change of
world."""
MAP_CHANGED_STATES = 2
"""How many states of an episode tell the clients to drop their copy of the map."""
SPECTATOR_POSE = Pose(0.0, 0.0, 10.0, -20.0, 0.0, 0.0)


class SensorMessage(NamedTuple):
    """One message for one stream, in parts."""

    stream_id: int
    parts: Sequence[Part]


class World:
    """Everything that is simulated. Knows no sockets.

    Ids of actors, streams and episodes rise for the life of the server and are never used twice.

    Args:
        stream_port: goes into the tokens by which clients find streams.
        map_name: world at the start, a built-in map or an alias.
        map_aliases: further names of built-in maps, name -> built-in.
        render_threads: that colour a camera's picture together.

    Attributes:
        frame: number of the latest tick; never falls, not even when the world changes.
        elapsed_s: simulation time of the episode.
        orders: what clients have asked of vehicles beyond pedals.
        friction_zones: areas in which tyres grip otherwise.
        imu_gravity_mps2: gravity that IMUs feel; clients may set it.
        roadside: signs, traffic lights and speed limits of the map.
        after_move: called in every tick when everything has moved, before the clients hear of it.
        collisions: of the latest tick.
        traffic_managers: port -> address of the traffic managers that clients run; they outlive episodes.
    """

    def __init__(
        self,
        stream_port: int,
        map_name: str = DEFAULT_MAP,
        map_aliases: Mapping[str, str] | None = None,
        render_threads: int = 1,
    ) -> None:
        self._stream_port = stream_port
        self._render_threads = render_threads
        self._map_aliases = dict(map_aliases or {})
        self._next_actor_id = 1
        self._next_stream_id = WORLD_STREAM + 1
        self.frame = 0
        self.episode_id = 0
        self.traffic_managers: dict[int, str] = {}
        self._generated: LoadedMap | None = None
        self.after_move: list[Callable[[float], None]] = []
        self.settings = EpisodeSettings()
        first_map = self._read_named(map_name)
        self.scenery = Scenery(first_map, render_threads)
        self._begin(first_map)

    # -- episodes -------------------------------------------------------------------------------------------

    def offer_map(self, xodr: str) -> None:
        """Read an OpenDRIVE text, to be loaded as ``OpenDriveMap``.

        Raises:
            MapError: unreadable.
        """
        # The same road often comes again, for the next episode on it: its scenery need not be built again.
        if self._generated is None or self._generated.xodr != xodr:
            self._generated = read_map(GENERATED_MAP, xodr)

    @property
    def map_names(self) -> list[str]:
        """Names that can be loaded: built-in maps and aliases."""
        return sorted({*available_maps(), *self._map_aliases})

    def _read_named(self, name: str) -> LoadedMap:
        if name not in self.map_names:
            raise MapError(
                f"map '{name}' not found: this server has {', '.join(self.map_names)}; start it with "
                "--map-alias NAME=BUILTIN to load one of them under another name, and for any other road send its "
                "OpenDRIVE text with generate_opendrive_world"
            )
        return read_map(name, shipped_xodr(self._map_aliases.get(name, name)))

    def load(self, name: str, reset_settings: bool) -> None:
        """Begin a new episode: no actors but a new spectator, time from zero, weather of the map.

        Args:
            name: short name or path of a shipped map or an alias, ``OpenDriveMap`` for the text sent before, "" for
                the same map.
            reset_settings: back to the asynchronous defaults.

        Raises:
            MapError: unknown or unreadable map; the present episode goes on.
        """
        short_name = name.rsplit("/", 1)[-1]
        if not name or (short_name == self.map.name and short_name != GENERATED_MAP):
            new_map = self.map
        elif short_name == GENERATED_MAP:
            if self._generated is None:
                raise MapError(f"no {GENERATED_MAP} yet: send an OpenDRIVE text with generate_opendrive_world")
            new_map = self._generated
        else:
            new_map = self._read_named(short_name)
        if reset_settings:
            self.settings = EpisodeSettings()
        self._begin(new_map)

    def _begin(self, new_map: LoadedMap) -> None:
        self.map = new_map
        if not self.scenery.shows(new_map):
            self.scenery = Scenery(new_map, self._render_threads)
        self.episode_id += 1
        self.frame += 1
        self.elapsed_s = 0.0
        self.weather = CLEAR_NOON
        self.orders = MotionOrders()
        self.friction_zones = FrictionZones()
        self.imu_gravity_mps2 = GRAVITY_MPS2
        self._states_sent = 0
        self.actors: dict[int, Actor] = {}
        self._sort_actors()
        self.spectator = self.add(Actor(self.new_actor_id(), SPECTATOR, [0, "spectator", []], {}, pose=SPECTATOR_POSE))
        self.roadside = Roadside(new_map.signals, new_map.speed_limits, self._next_actor_id)
        self._next_actor_id += len(self.roadside.actors)
        for actor in self.roadside.actors:
            self.add(actor)
        self.collisions: list[collisions.Collision] = []
        self.state = self._pack_state(0.0)

    # -- actors ---------------------------------------------------------------------------------------------

    def new_actor_id(self) -> int:
        """An id that nothing has had before."""
        self._next_actor_id += 1
        return self._next_actor_id - 1

    def new_stream(self) -> tuple[int, bytes]:
        """A stream number that nothing has had before, and its token."""
        self._next_stream_id += 1
        stream_id = self._next_stream_id - 1
        return stream_id, self.token(stream_id)

    def has_stream(self, stream_id: int) -> bool:
        """True for the world's stream and those of present sensors."""
        return stream_id == WORLD_STREAM or any(sensor.stream_id == stream_id for sensor in self._sensors)

    def token(self, stream_id: int) -> bytes:
        """Token by which a client finds a stream."""
        return token(stream_id, self._stream_port)

    def add(self, actor: Actor) -> Actor:
        """Put an actor into the world."""
        self.actors[actor.actor_id] = actor
        self._sort_actors()
        return actor

    def remove(self, actor_id: int) -> bool:
        """Take an actor and everything fixed to it out of the world; False if there is none."""
        actor = self.actors.get(actor_id)
        if actor is None or actor is self.spectator or actor.kind is Kind.SIGNAL:
            return False
        for child in [child for child in self.actors.values() if child.parent is actor]:
            self.remove(child.actor_id)
        del self.actors[actor_id]
        self.orders.forget(actor_id)
        self.friction_zones.forget(actor_id)
        self._sort_actors()
        return True

    def obstacle_at(self, box: Box) -> Actor | None:
        """What stands where something is to be spawned."""
        return collisions.touched(box, [actor for actor in self._bodies if actor.collides])

    def _sort_actors(self) -> None:
        """Who plays which part in a tick; all in order of their ids, parents before what is fixed to them."""
        actors = list(self.actors.values())
        self._vehicles = [actor for actor in actors if isinstance(actor, Vehicle)]
        self._walkers = [actor for actor in actors if isinstance(actor, Walker)]
        self._attached = [actor for actor in actors if actor.parent is not None]
        self._bodies = [actor for actor in actors if actor.kind in (Kind.VEHICLE, Kind.PROP, Kind.WALKER)]
        self.friction_zones.zones = [actor for actor in actors if isinstance(actor, FrictionZone)]
        self._sensors = [actor for actor in actors if isinstance(actor, Sensor) and actor.stream_id]

    # -- one tick -------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Advance by one step; afterwards ``state`` is the message for the world stream."""
        dt_s = self.settings.tick_s
        friction = road_friction(effective_weather(self.weather))
        moving = [vehicle for vehicle in self._vehicles if vehicle.moves]
        self.friction_zones.apply(moving)
        self.orders.before_move(moving, dt_s)
        weightless = self.orders.weightless
        for vehicle in moving:
            vehicle.move(LEAST_FRICTION if vehicle.actor_id in weightless else friction, dt_s)
        self.orders.after_move(moving)
        solid = [actor for actor in self._bodies if actor.collides] if moving else []
        self.collisions = collisions.resolve(solid, self.scenery.obstacles) if moving else []
        self.roadside.advance(dt_s)
        for vehicle in moving:
            vehicle.put_on(self.map.surface)
            vehicle.refresh_record()
        self.roadside.inform(self._vehicles)
        for walker in self._walkers:
            walker.walk(self.map.surface, dt_s)
        for actor in self._attached:
            actor.follow_parent()
            actor.refresh_record()
        self.frame += 1
        self.elapsed_s += dt_s
        for listener in self.after_move:
            listener(dt_s)
        self.state = self._pack_state(dt_s)

    def _pack_state(self, dt_s: float) -> tuple[bytes, bytes, bytes]:
        flags = tables.FLAG_MAP_CHANGED if self._states_sent <= MAP_CHANGED_STATES else 0
        self._states_sent += 1
        # The platform's clock is the episode's: what a client records is then the same in every run.
        return (
            tables.SENSOR_HEADER.pack(tables.SENSOR_WORLD_OBSERVER, self.frame, self.elapsed_s, *Pose()),
            tables.EPISODE_STATE_HEADER.pack(self.episode_id, self.elapsed_s, dt_s, 0, 0, 0, flags),
            b"".join([actor.record for actor in self.actors.values()]),
        )

    def collision_messages(self) -> Iterator[SensorMessage]:
        """Events of the latest tick, for the collision sensors of those involved."""
        if not self.collisions:
            return
        for sensor in self._sensors:
            if sensor.kind is not Kind.COLLISION or sensor.parent is None:
                continue
            for first, second, (jx, jy, jz) in self.collisions:
                if sensor.parent is first:
                    other, impulse = second, (-jx, -jy, -jz)
                elif sensor.parent is second:
                    other, impulse = first, (jx, jy, jz)
                else:
                    continue
                payload = collision_payload(sensor.parent.to_wire(), other.to_wire(), impulse)
                yield SensorMessage(sensor.stream_id, (sensor.header(self.frame, self.elapsed_s), payload))

    def sensor_messages(self, has_listener: Callable[[int], bool]) -> Iterator[SensorMessage]:
        """Measurements of the latest tick. A sensor without a listener keeps its rhythm and draws nothing."""
        cameras: list[tuple[View, Sensor]] = []
        for sensor in self._sensors:
            if sensor.kind is Kind.COLLISION or not sensor.schedule.is_due(self.elapsed_s):
                continue
            if sensor.noise is not None:
                payload = self._measure_motion(sensor)
                if has_listener(sensor.stream_id):
                    yield SensorMessage(sensor.stream_id, (sensor.header(self.frame, self.elapsed_s), payload))
            elif not has_listener(sensor.stream_id):
                continue
            elif sensor.instrument is not None:
                measured = sensor.instrument.measure(self._surroundings(sensor))
                if measured is not None:
                    yield SensorMessage(sensor.stream_id, (sensor.header(self.frame, self.elapsed_s), measured))
            elif sensor.camera is not None:
                cameras.append((View(sensor.pose, sensor.camera), sensor))
        if not cameras or self.settings.no_rendering:
            return
        views = SharedViews(self.scenery.renderer, effective_weather(self.weather), self.drawn_bodies())
        for view in dict.fromkeys(view for view, _ in cameras):
            for sensor in (sensor for own_view, sensor in cameras if own_view == view):
                assert sensor.camera is not None and sensor.blueprint.sensor_type is not None
                picture = views.picture(sensor.blueprint.sensor_type, view)
                header = sensor.header(self.frame, self.elapsed_s) + sensor.camera.header()
                yield SensorMessage(sensor.stream_id, (header, picture.data.cast("B")))

    def _measure_motion(self, sensor: Sensor) -> bytes:
        assert sensor.noise is not None
        carrier = sensor.parent
        acceleration = turn = (0.0, 0.0, 0.0)
        if isinstance(carrier, Vehicle):
            acceleration, turn = carrier.acceleration_mps2, carrier.angular_velocity_radps
        return sensor.noise.payload(sensor.pose, acceleration, turn, self.imu_gravity_mps2)

    def _surroundings(self, sensor: Sensor) -> Surroundings:
        carrier = sensor.parent
        others = [actor for actor in self._bodies if actor is not carrier]
        return Surroundings(
            sensor.pose,
            (0.0, 0.0, 0.0) if carrier is None else carrier.velocity_mps,
            max(self.settings.tick_s, sensor.schedule.sensor_tick_s),
            self.scenery.rays,
            self.map.carla_map,
            bodies_of(others),
            [actor.velocity_mps for actor in others],
            [actor.to_wire() for actor in others] if isinstance(sensor.instrument, Obstacle) else (),
            (sensor if carrier is None else carrier).to_wire(),
            self.scenery.obstacles,
        )

    def drawn_bodies(self) -> list[BoxActor]:
        """Everything movable that cameras see and rays hit."""
        return bodies_of(self._bodies) + self.roadside.bodies()
