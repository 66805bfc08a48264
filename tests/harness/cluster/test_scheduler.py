"""Every episode gets its record, whatever dies, hangs or fails on the way; on a real Ray cluster."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from harness.cluster.client_process import Deadlines
from harness.cluster.failed_tries import ATTEMPT_BUDGET
from harness.cluster.scheduler import HangLimit, NothingWorksError, Observer, Scheduler
from harness.cluster.worker import WorkerSettings
from harness.results.schema import EpisodeRecord
from harness.simulation.processes import stat_of
from harness.simulation.simulator import Simulator
from tests.harness.cluster.executors import ArithmeticExecutor, Task, tries


class Collector(Observer):
    def __init__(self) -> None:
        self.records: dict[str, EpisodeRecord] = {}
        self.errors: list[tuple[str, int, str]] = []
        self.versions: set[str | None] = set()

    def finished(self, record: EpisodeRecord, server_version: str | None) -> None:
        assert record.episode_id not in self.records, "reported twice"
        self.records[record.episode_id] = record
        self.versions.add(server_version)

    def failed_attempt(self, task: Any, attempt: int, error: str) -> None:
        self.errors.append((task.episode_id, attempt, error))


def run(
    cluster: Path,
    simulator: Simulator,
    folder: Path,
    tasks: list[Task],
    workers: int = 2,
    task_s: float = 0.0,
    hang_limit: HangLimit | None = None,
    deadlines: Deadlines | None = None,
    observer: Collector | None = None,
) -> Collector:
    collector = observer or Collector()
    settings = WorkerSettings(
        simulator,
        ArithmeticExecutor(str(folder), task_s),
        str(cluster / "servers"),
        deadlines=deadlines or Deadlines(),
    )
    Scheduler(settings, workers, collector, hang_limit).run(tasks)
    return collector


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(pids: set[int], timeout_s: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and not all(map(gone, pids)):
        time.sleep(0.05)
    return all(map(gone, pids))


def test_records_do_not_depend_on_the_number_of_workers_and_no_worker_stays(
    cluster: Path, listening: Simulator, tmp_path: Path
) -> None:
    tasks = [Task(f"e{number}") for number in range(8)]
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = run(cluster, listening, tmp_path / "one", tasks, workers=1)
    two = run(cluster, listening, tmp_path / "two", tasks, workers=2, task_s=0.1)
    assert one.records.keys() == two.records.keys() == {task.episode_id for task in tasks}
    for name, record in one.records.items():
        assert record.ticks.equals(two.records[name].ticks)
        (attempt,) = record.attempts
        assert (attempt["attempt"], attempt["error"], attempt["server_log"]) == (1, None, "")
        assert attempt["memory_mb"]["client"] > 1.0
    assert two.versions == {"0.9.16-arithmetic"}
    workers = {pid for task in tasks for pid in tries(tmp_path / "two", task)}
    assert len(workers) == 2
    assert wait_until_gone(workers)


def test_failed_tries_are_repeated_and_kept(cluster: Path, listening: Simulator, tmp_path: Path) -> None:
    tasks = [
        Task("fine"),
        Task("crashes", trouble="crash"),
        Task("fails_twice", trouble="infrastructure", trouble_tries=2),
        Task("defective", trouble="defect"),
    ]
    got = run(cluster, listening, tmp_path, tasks)
    assert {record.outcome for record in got.records.values()} == {"completed"}
    assert len(got.records) == 4
    errors = {name: [attempt["error"] for attempt in got.records[name].attempts] for name in got.records}
    assert errors["fine"] == [None]
    assert "killed by signal 11 (SIGSEGV)" in errors["crashes"][0] and errors["crashes"][1:] == [None]
    assert errors["fails_twice"][0] == errors["fails_twice"][1] and errors["fails_twice"][2] is None
    assert "no image of frame 7" in errors["fails_twice"][0]
    assert "ZeroDivisionError" in errors["defective"][0]
    assert "cause_trouble" in got.records["defective"].attempts[0]["server_log"]
    assert [attempt["attempt"] for attempt in got.records["fails_twice"].attempts] == [1, 2, 3]


def test_an_episode_that_always_fails_is_recorded_as_lost(cluster: Path, listening: Simulator, tmp_path: Path) -> None:
    tasks = [Task("fine"), Task("hopeless", trouble="infrastructure", trouble_tries=99), Task("also_fine")]
    got = run(cluster, listening, tmp_path, tasks, workers=1)
    assert got.records["fine"].outcome == got.records["also_fine"].outcome == "completed"
    lost = got.records["hopeless"]
    assert lost.outcome == "infrastructure_error" and lost.ticks.num_rows == 0
    assert len(lost.attempts) == ATTEMPT_BUDGET == len(tries(tmp_path, tasks[1]))
    assert lost.spec["trouble"] == "infrastructure"
    assert "no image of frame 7" in lost.events["message"]


def test_a_client_that_hangs_in_a_call_is_killed_by_its_deadline(
    cluster: Path, listening: Simulator, tmp_path: Path
) -> None:
    tasks = [Task("hangs", trouble="hang"), Task("waits_behind"), Task("elsewhere"), Task("later")]
    got = run(cluster, listening, tmp_path, tasks, workers=2, deadlines=Deadlines(load_s=1.0, tick_s=1.0))
    assert {record.outcome for record in got.records.values()} == {"completed"}
    first = got.records["hangs"].attempts[0]
    assert "no progress within 1 s while loading the world" in first["error"]
    assert "cause_trouble" in first["server_log"], "the log has the trace of where it hung"
    assert wait_until_gone(set(tries(tmp_path, tasks[0])[:1]))


def test_a_hanging_worker_is_killed_and_replaced(cluster: Path, listening: Simulator, tmp_path: Path) -> None:
    tasks = [Task("hangs", trouble="hang"), Task("waits_behind"), Task("elsewhere"), Task("later")]
    got = run(cluster, listening, tmp_path, tasks, workers=2, hang_limit=HangLimit(base_s=6.0, per_simulated_s=0.0))
    assert {record.outcome for record in got.records.values()} == {"completed"}
    first = got.records["hangs"].attempts[0]
    assert "no result within 6 s" in first["error"]
    assert [attempt["error"] for attempt in got.records["waits_behind"].attempts] == [None]
    assert wait_until_gone(set(tries(tmp_path, tasks[0])))


@pytest.mark.parametrize("killed", ["worker", "driving process"])
def test_a_killed_worker_costs_one_try_of_one_episode(
    killed: str, cluster: Path, listening: Simulator, tmp_path: Path
) -> None:
    class Killer(Collector):
        has_killed = False

        def poll(self) -> None:
            started = tmp_path / "e2"
            if not self.has_killed and started.exists():
                self.has_killed = True
                os.kill(process_of(tries(tmp_path, Task("e2"))[0], killed), signal.SIGKILL)

    tasks = [Task(f"e{number}") for number in range(6)]
    got = run(cluster, listening, tmp_path, tasks, task_s=0.6, observer=Killer())
    assert len(got.records) == 6
    assert {record.outcome for record in got.records.values()} == {"completed"}
    assert [name for name, _, _ in got.errors] == ["e2"]
    assert ("the worker died" in got.errors[0][2]) == (killed == "worker")


def test_a_worker_that_stands_still_for_two_seconds_costs_no_try(
    cluster: Path, listening: Simulator, tmp_path: Path
) -> None:
    class Stopper(Collector):
        stopped: threading.Thread | None = None

        def poll(self) -> None:
            if self.stopped is None and (tmp_path / "e2").exists():
                driving = tries(tmp_path, Task("e2"))[0]
                self.stopped = threading.Thread(target=stop_and_go_on, args=(process_of(driving, "worker"), driving))
                self.stopped.start()

    observer = Stopper()
    got = run(cluster, listening, tmp_path, [Task(f"e{number}") for number in range(6)], task_s=0.6, observer=observer)
    assert observer.stopped is not None
    observer.stopped.join()
    assert len(got.records) == 6 and got.errors == []


def process_of(driving: int, kind: str) -> int:
    """The driving process itself, or the worker that started it."""
    stat = stat_of(driving)
    assert stat is not None
    return stat.parent if kind == "worker" else driving


def stop_and_go_on(*pids: int) -> None:
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            os.kill(pid, number)
        if number == signal.SIGSTOP:
            time.sleep(2.0)


def test_a_driver_whose_clock_jumps_neither_waits_for_ever_nor_gives_up_early(
    cluster: Path, listening: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, jumps = time.time, itertools.cycle([0.0, 86400.0, -86400.0])
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    tasks = [Task(f"e{number}") for number in range(6)]
    got = run(cluster, listening, tmp_path, tasks, task_s=0.1, hang_limit=HangLimit(base_s=60.0, per_simulated_s=0.0))
    assert len(got.records) == 6 and got.errors == []


def test_a_campaign_in_which_nothing_works_is_given_up(cluster: Path, listening: Simulator, tmp_path: Path) -> None:
    tasks = [Task(f"e{number}", trouble="infrastructure", trouble_tries=99) for number in range(10)]
    collector = Collector()
    with pytest.raises(NothingWorksError, match="no image of frame 7"):
        run(cluster, listening, tmp_path, tasks, observer=collector)
    assert 3 <= len(collector.records) < 10


def test_a_server_that_does_not_answer_is_a_failed_try(cluster: Path, tmp_path: Path) -> None:
    nobody = Simulator("attach", endpoints=(("127.0.0.1", 1),))
    with pytest.raises(NothingWorksError, match="nothing answers at"):
        run(cluster, nobody, tmp_path, [Task("e1")])
