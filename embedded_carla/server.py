"""The event loop: one process, one thread, every request in total order.

Pacing is as important as the format: a server this quick meets races in the client library that CARLA's
slowness hides (see ``wire.pacing``). The state of a tick leaves before the reply to its cue, then collisions,
then sensors.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from embedded_carla.options import ServerOptions
from embedded_carla.sensors.camera import draw_once
from embedded_carla.vehicle import single_track
from embedded_carla.wire.pacing import TickGate
from embedded_carla.wire.rpc import (
    CallFailedError,
    Request,
    RpcConnection,
    value_failure,
    value_reply,
    void_failure,
    void_reply,
)
from embedded_carla.wire.streams import StreamHub, Subscriber
from embedded_carla.wire.tables_0_9_16 import VERSION
from embedded_carla.world.calls import call_table
from embedded_carla.world.calls.batch import MALFORMED
from embedded_carla.world.calls.call import Call, Returns, value, void
from embedded_carla.world.map_library import MapError
from embedded_carla.world.settings import EpisodeSettings
from embedded_carla.world.world import WORLD_STREAM, World

SILENCE_BEFORE_REPLY_S = 0.03
"""Time for states in flight to be swallowed before a client learns that its world has changed."""
MOST_REPORTS = 1000
_TICK_CUE = "tick_cue"
_BATCH = "apply_batch"


class Server:
    """Serves one world.

    Args:
        rpc_socket, stream_socket: bound, not yet listening.
        options: what the operator chose.
    """

    def __init__(self, rpc_socket: socket.socket, stream_socket: socket.socket, options: ServerOptions) -> None:
        self._selector = selectors.DefaultSelector()
        self._rpc_socket, self._stream_socket = rpc_socket, stream_socket
        self._hub = StreamHub(self._drop_subscriber)
        self._world = World(
            stream_socket.getsockname()[1], options.map_name, options.map_aliases, options.render_threads
        )
        self._calls = {**call_table(self._world, options.recorder_folder), **self._own_calls()}
        self._gate = TickGate(self._hub)
        self._clients: dict[int, RpcConnection] = {}
        self._held: list[RpcConnection] = []
        self._next_tick_s = 0.0
        self._reported: set[str] = set()

    @property
    def calls(self) -> Mapping[str, Call]:
        """What this server answers: method name -> function."""
        return self._calls

    def warm_up(self) -> None:
        """Compile everything that a tick needs, or load it from the cache: the first tick must not take seconds."""
        single_track.warm_up()
        draw_once(self._world.scenery.renderer)
        _ = self._world.scenery.navigation  # the first client asks for it, and waits
        self._world.scenery.rays.cast(np.zeros((1, 3)), np.array([[1.0, 0.0, 0.0]]), ())

    def listen(self) -> None:
        """Open the doors."""
        for sock, accept in (
            (self._rpc_socket, self._accept_client),
            (self._stream_socket, self._accept_subscriber),
        ):
            sock.listen(128)
            sock.setblocking(False)
            self._selector.register(sock, selectors.EVENT_READ, accept)

    def watch(self, file_descriptor: int, callback: Callable[[int], None]) -> None:
        """Call ``callback`` when a file descriptor of somebody else's becomes readable."""
        self._selector.register(file_descriptor, selectors.EVENT_READ, callback)

    def run(self) -> None:
        """Serve until the process ends."""
        while True:
            for key, events in self._selector.select(self._patience_s()):
                key.data(events)
            if self._held and not self._gate.must_hold(time.monotonic()):
                self._release_held()
            self._tick_by_the_clock()

    # -- ticks ----------------------------------------------------------------------------------------------

    def _tick(self, reply: Callable[[], None] | None = None) -> None:
        self._world.tick()
        self._hub.publish(WORLD_STREAM, self._world.state)
        if reply is not None:
            reply()
        for message in self._world.collision_messages():
            self._hub.publish(*message)
        for message in self._world.sensor_messages(self._hub.has_listener):
            self._hub.publish(*message)

    def _tick_by_the_clock(self) -> None:
        now_s = time.monotonic()
        if self._world.settings.synchronous or self._gate.is_silent(now_s) or now_s < self._next_tick_s:
            return
        tick_s = self._world.settings.tick_s
        # A world that is late goes on from now: it does not hurry after lost time.
        self._next_tick_s = max(self._next_tick_s + tick_s, now_s)
        self._tick()

    def _patience_s(self) -> float | None:
        """How long the loop may sleep."""
        now_s = time.monotonic()
        by_the_clock = not self._world.settings.synchronous
        alarms = []
        change_s = self._gate.next_change_s()
        if change_s is not None and (self._held or by_the_clock):
            alarms.append(change_s)
        if by_the_clock and not self._gate.is_silent(now_s):
            alarms.append(self._next_tick_s)
        return max(min(alarms) - now_s, 0.0) if alarms else None

    def _release_held(self) -> None:
        held, self._held = self._held, []
        for connection in held:
            self._guarded(connection, partial(self._serve, connection))

    # -- calls ----------------------------------------------------------------------------------------------

    def _serve(self, connection: RpcConnection) -> None:
        """Answer the queued requests of one connection in order, as far as no tick must wait."""
        while connection.requests:
            request = connection.requests[0]
            if self._wants_tick(request) and self._gate.must_hold(time.monotonic()):
                if connection not in self._held:
                    self._held.append(connection)
                return
            if self._wants_tick(request):
                self._hear_others(connection)
            connection.requests.popleft()
            self._answer(connection, request)

    def _hear_others(self, ticking: RpcConnection) -> None:
        """Before a tick, do what has already arrived on other connections.

        A traffic manager sends its controls on a connection of its own and then lets the tick go on: whatever it
        sent before the cue was sent must count in this tick, or identical runs part.
        """
        for key, events in self._selector.select(0):
            other = self._clients.get(key.fd)
            if other is None or other is ticking or other in self._held or not events & selectors.EVENT_READ:
                continue
            try:
                other.receive()
            except OSError:
                self._drop_client(other)
                continue
            while other.requests and not self._wants_tick(other.requests[0]):
                self._answer(other, other.requests.popleft())
            if other.requests:
                self._held.append(other)

    def _wants_tick(self, request: Request) -> bool:
        if not self._world.settings.synchronous:
            return False
        if request.method == _BATCH:
            return len(request.arguments) > 1 and request.arguments[1] is True
        return request.method == _TICK_CUE

    def _answer(self, connection: RpcConnection, request: Request) -> None:
        call = self._calls.get(request.method)
        if call is None:
            problem = f"{request.method[:100]} is not supported by the embedded server"
            self._report_once(request, problem)
            self._send(connection, lambda: connection.reply_error(request, problem))
            return
        ticks = self._wants_tick(request)
        if request.method == _TICK_CUE and ticks:
            self._tick(lambda: self._reply(connection, request, value_reply(self._world.frame)))
            return
        result = self._result(call, request)
        if ticks:
            self._tick(lambda: self._reply(connection, request, result))
        else:
            self._reply(connection, request, result)

    def _reply(self, connection: RpcConnection, request: Request, result: object) -> None:
        self._send(connection, lambda: connection.reply(request, result))

    def _send(self, connection: RpcConnection, send: Callable[[], None]) -> None:
        """A client that has gone, or does not read, loses its connection; nobody else notices."""
        try:
            if connection.open:
                send()
        except OSError:
            self._drop_client(connection)

    def _result(self, call: Call, request: Request) -> object:
        try:
            outcome = call.function(*request.arguments)
        except (CallFailedError, MapError) as error:
            message = str(error)
        except MALFORMED as error:
            message = f"{request.method}: arguments not understood: {error}"
        except Exception as error:
            # A fault of this server must cost one call, not every client's world.
            traceback.print_exc()
            message = f"{request.method}: internal error of the embedded server: {error!r}"
        else:
            if call.returns is Returns.BARE:
                return outcome
            return void_reply() if call.returns is Returns.VOID else value_reply(outcome)
        if request.reply_ignored:
            self._report_once(request, message)
        return void_failure(message) if call.returns is Returns.VOID else value_failure(message)

    def _report_once(self, request: Request, problem: str) -> None:
        """Log a failure that a client might not see. Once per method: a loop must not fill the disk."""
        if request.method not in self._reported and len(self._reported) < MOST_REPORTS:
            self._reported.add(request.method)
            print(f"embedded_carla: {problem}", file=sys.stderr, flush=True)

    def _own_calls(self) -> dict[str, Call]:
        """Calls that concern ticks, streams or the server itself."""
        world = self._world

        def get_sensor_token(stream_id: int) -> list[object]:
            stream_token = world.token(int(stream_id))
            if world.has_stream(int(stream_id)):  # nobody can make others wait for a stream that does not exist
                self._hub.announce(int(stream_id))
            return [stream_token]

        def set_episode_settings(values: list[Any]) -> int:
            world.settings = EpisodeSettings.from_wire(values)
            self._next_tick_s = time.monotonic() + world.settings.tick_s
            return world.frame

        def load_new_episode(name: str, reset_settings: bool, _layers: int = 0) -> None:
            world.load(name, bool(reset_settings))
            time.sleep(SILENCE_BEFORE_REPLY_S)
            self._gate.begin_silence(time.monotonic())

        return {
            "version": value(lambda: VERSION),
            "get_episode_info": value(lambda: [world.episode_id, [world.token(WORLD_STREAM)]]),
            "get_sensor_token": value(get_sensor_token),
            "get_episode_settings": value(lambda: list(world.settings.values)),
            "set_episode_settings": value(set_episode_settings),
            _TICK_CUE: value(lambda: world.frame + 1),  # by the clock: the next tick comes by itself
            "load_new_episode": void(load_new_episode),
        }

    # -- connections ----------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> socket.socket | None:
        try:
            sock, _ = listener.accept()
        except OSError:  # gone again, or no file descriptors left: others go on
            return None
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _watch_writable(self, sock: socket.socket) -> Callable[[bool], None]:
        def change(writable: bool) -> None:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writable else 0)
            self._selector.modify(sock, events, self._selector.get_key(sock).data)

        return change

    def _accept_client(self, _events: int) -> None:
        sock = self._accept(self._rpc_socket)
        if sock is not None:
            connection = RpcConnection(sock, self._watch_writable(sock))
            self._clients[sock.fileno()] = connection
            self._selector.register(sock, selectors.EVENT_READ, lambda events: self._on_client(connection, events))

    def _on_client(self, connection: RpcConnection, events: int) -> None:
        def attend() -> None:
            if events & selectors.EVENT_WRITE:
                connection.flush()
            if events & selectors.EVENT_READ:
                connection.receive()
            if connection not in self._held:
                self._serve(connection)

        self._guarded(connection, attend)

    def _guarded(self, connection: RpcConnection, attend: Callable[[], None]) -> None:
        try:
            attend()
        except OSError:
            self._drop_client(connection)
        except Exception:
            # A fault of this server must cost one client, not every client's world.
            traceback.print_exc()
            self._drop_client(connection)

    def _drop_client(self, connection: RpcConnection) -> None:
        if connection.open:
            connection.open = False
            connection.requests.clear()
            self._clients.pop(connection.sock.fileno(), None)
            self._close(connection.sock)
        if connection in self._held:
            self._held.remove(connection)
            if not self._held:
                self._gate.release()

    def _accept_subscriber(self, _events: int) -> None:
        sock = self._accept(self._stream_socket)
        if sock is not None:
            subscriber = Subscriber(sock, self._watch_writable(sock))
            self._selector.register(sock, selectors.EVENT_READ, lambda events: self._on_subscriber(subscriber, events))

    def _on_subscriber(self, subscriber: Subscriber, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                subscriber.outbox.flush()
            if events & selectors.EVENT_READ and subscriber.receive():
                self._hub.add(subscriber)
                if subscriber.stream_id == WORLD_STREAM:
                    # In synchronous mode the next state may be far: a new client gets the latest one.
                    self._hub.send_to(subscriber, self._world.state)
                    self._gate.end_silence()
        except OSError:
            self._drop_subscriber(subscriber)

    def _drop_subscriber(self, subscriber: Subscriber) -> None:
        self._hub.remove(subscriber)
        self._close(subscriber.sock)

    def _close(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._selector.unregister(sock)
            sock.close()
