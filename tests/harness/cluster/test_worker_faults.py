"""What one worker makes of a simulator, a client or an agent that fails: a named try, and the same record next time.

No Ray here: a worker is an ordinary object; on the cluster it is an actor.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.cluster.attempt import AttemptResult
from harness.cluster.client_process import ClientProcess, Deadlines
from harness.cluster.driving import DrivingExecutor
from harness.cluster.pulse import Stage
from harness.cluster.worker import EpisodeWorker, Recycling, WorkerSettings
from harness.simulation.processes import stat_of
from harness.simulation.simulator import EMBEDDED, Simulator
from tests.harness.cluster.executors import WhereaboutsExecutor
from tests.harness.cluster.hanging import SlowAgent
from tests.harness.simulation.episodes import NO_THRESHOLDS, episode

EXECUTOR = DrivingExecutor(thresholds=NO_THRESHOLDS, timeout_s=2.0)
QUICK = Deadlines(tick_s=3.0)
TASK = episode(duration_s=5.0)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[EpisodeWorker]:
    made = EpisodeWorker(WorkerSettings(EMBEDDED, EXECUTOR, str(tmp_path / "logs"), deadlines=QUICK), 0)
    yield made
    made.stop()
    assert not list((tmp_path / "logs").iterdir()), "no temporary file is left"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> AttemptResult:
    made = EpisodeWorker(WorkerSettings(EMBEDDED, EXECUTOR, str(tmp_path_factory.mktemp("logs"))), 0)
    result = made.run(TASK)
    made.stop()
    assert result.error is None
    return result


def while_driving(worker: EpisodeWorker, act: Callable[[], None]) -> threading.Thread:
    """Do something in the middle of the next episode."""

    def wait_and_act() -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            client = worker._client
            if client is not None:
                beats, stage = client._pulse.read()
                if stage >= Stage.TICKING and beats > 30:
                    return act()
            time.sleep(0.001)

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def signal_server(worker: EpisodeWorker, *numbers: signal.Signals, pause_s: float = 0.0) -> None:
    pid = worker._server.pid
    assert pid is not None
    for number in numbers:
        os.kill(pid, number)
        time.sleep(pause_s)


def same(one: AttemptResult, other: AttemptResult) -> bool:
    assert one.record is not None and other.record is not None
    return bool(one.record.ticks.equals(other.record.ticks)) and one.record.events == other.record.events


def test_a_crashed_server_fails_the_try_and_the_next_one_gives_the_same_record(
    worker: EpisodeWorker, undisturbed: AttemptResult
) -> None:
    thread = while_driving(worker, lambda: signal_server(worker, signal.SIGKILL))
    failed = worker.run(TASK)
    thread.join()
    assert failed.error is not None and "the server was dead" in failed.error and failed.blame == "infrastructure"
    assert same(worker.run(TASK), undisturbed)


def test_a_hanging_server_fails_the_try_and_is_killed(worker: EpisodeWorker) -> None:
    thread = while_driving(worker, lambda: signal_server(worker, signal.SIGSTOP))
    server = []
    remember = while_driving(worker, lambda: server.append(worker._server.pid))
    failed = worker.run(TASK)
    thread.join(), remember.join()
    assert failed.error is not None and "the server still ran" in failed.error
    assert stat_of(server[0]) is None


def test_a_slow_server_changes_nothing_but_the_time(worker: EpisodeWorker, undisturbed: AttemptResult) -> None:
    hiccups = [signal.SIGSTOP, signal.SIGCONT] * 4
    thread = while_driving(worker, lambda: signal_server(worker, *hiccups, pause_s=0.1))
    result = worker.run(TASK)
    thread.join()
    assert same(result, undisturbed)


# Found by every Python process of a worker; half of the answers are a day late.
JUMPING_CLOCK = """
import itertools, time
_real, _jumps = time.time, itertools.cycle([0.0, -86400.0])
time.time = lambda: _real() + next(_jumps)
"""


def test_a_clock_that_jumps_back_and_forth_by_a_day_changes_nothing(
    worker: EpisodeWorker, undisturbed: AttemptResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(JUMPING_CLOCK)
    monkeypatch.syspath_prepend(tmp_path)
    real, jumps = time.time, itertools.cycle([0.0, -86400.0])
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    assert same(worker.run(TASK), undisturbed)


def test_a_killed_client_is_named_as_the_kernel_kills_when_memory_is_short(
    worker: EpisodeWorker, undisturbed: AttemptResult
) -> None:
    def kill_client() -> None:
        assert worker._client is not None
        os.kill(worker._client.pid, signal.SIGKILL)

    thread = while_driving(worker, kill_client)
    failed = worker.run(TASK)
    thread.join()
    assert failed.error is not None and "killed by signal 9 (SIGKILL)" in failed.error and "memory" in failed.error
    assert same(worker.run(TASK), undisturbed)


def test_what_a_killed_client_was_making_goes_with_the_workers_folder(tmp_path: Path) -> None:
    client = ClientProcess(WhereaboutsExecutor(), tmp_path, 1, Deadlines())
    client.wait_ready()
    assert client.open("nowhere", 0) == str(tmp_path)
    client.kill()


def test_an_agent_that_never_answers_is_blamed_itself(worker: EpisodeWorker) -> None:
    task = episode(duration_s=5.0, agent="tests.harness.cluster.hanging:HangingAgent")
    failed = worker.run(task)
    assert failed.blame == "agent"
    assert failed.error is not None and "no progress within 3 s while the agent was to answer" in failed.error
    assert "hanging.py" in failed.server_log, "the trace says where"


def test_an_agent_that_is_slow_is_waited_for_and_its_time_is_recorded(
    worker: EpisodeWorker, undisturbed: AttemptResult
) -> None:
    result = worker.run(episode(duration_s=5.0, agent="tests.harness.cluster.hanging:SlowAgent"))
    assert same(result, undisturbed) and result.record is not None
    slow = [ms >= 1000.0 * SlowAgent.pause_s for ms in result.record.timings["agent_ms"].to_pylist()]
    assert slow[::10] == [True] * len(slow[::10])


def test_weights_that_changed_since_the_plan_are_refused(worker: EpisodeWorker) -> None:
    assert TASK.agent is not None
    planned = TASK.agent.model_copy(update={"weights_sha256": "0" * 64})
    failed = worker.run(TASK.model_copy(update={"agent": planned}))
    assert failed.error is not None and "start a new campaign" in failed.error


def test_truncated_weights_are_refused(tmp_path: Path, worker: EpisodeWorker) -> None:
    path = tmp_path / "half.safetensors"
    whole = Path("agents/weights/pilotnet.safetensors").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert TASK.agent is not None
    failed = worker.run(TASK.model_copy(update={"agent": TASK.agent.model_copy(update={"name": str(path)})}))
    assert failed.error is not None and "damaged or not a safetensors file" in failed.error


def test_servers_are_recycled_after_some_episodes_without_a_trace_in_the_records(
    tmp_path: Path, undisturbed: AttemptResult
) -> None:
    recycling = Recycling(episodes=1)
    made = EpisodeWorker(WorkerSettings(EMBEDDED, EXECUTOR, str(tmp_path), recycling=recycling), 0)
    pids = set()
    for _ in range(2):
        assert same(made.run(TASK), undisturbed)
        pids.add(made._server.pid)
        assert made._episodes == 1
    assert len(pids) == 2
    made.stop()


def test_servers_are_recycled_above_a_memory_cap(tmp_path: Path) -> None:
    made = EpisodeWorker(WorkerSettings(EMBEDDED, EXECUTOR, str(tmp_path), recycling=Recycling(memory_mb=50)), 0)
    first = made.run(TASK)
    assert sum(first.memory_mb.values()) > 50 and made._recycling_is_due()
    made.stop()


def test_a_server_that_answers_garbage_is_a_failed_try(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def babble() -> None:
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                with connection:
                    connection.sendall(os.urandom(65536))

        thread = threading.Thread(target=babble, daemon=True)
        thread.start()
        nonsense = Simulator("attach", endpoints=(("127.0.0.1", listener.getsockname()[1]),))
        settings = WorkerSettings(nonsense, EXECUTOR, str(tmp_path), deadlines=Deadlines(start_s=15.0))
        made = EpisodeWorker(settings, 0)
        failed = made.run(TASK)
        made.stop()
        listener.shutdown(socket.SHUT_RDWR)
    assert failed.record is None and failed.error is not None
