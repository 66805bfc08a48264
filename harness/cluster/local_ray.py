"""A private Ray cluster on this machine that ends with the process that started it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ray

from harness.cluster.guardian import clear_folder
from harness.cluster.interruption import interruptible
from harness.simulation.ports import reap_abandoned
from harness.simulation.processes import same_process, tree

GUARDIAN = Path(__file__).with_name("guardian.py")
THREAD_VARIABLES = tuple(f"{library}_NUM_THREADS" for library in ("OMP", "MKL", "OPENBLAS", "NUMBA"))
# Ray puts Unix sockets below its folder and Linux limits their paths to 107 characters.
LONGEST_FOLDER = 30
START_ATTEMPTS = 3  # Ray gives its own processes half a minute, which a busy machine may not have
OBJECT_STORE_BYTES = 200 * 1024 * 1024  # holds records in flight: two per worker of a few MB


class ClusterError(RuntimeError):
    """The Ray cluster cannot be used; the message says what to do."""


class ClusterLostError(ClusterError):
    """Ray's own processes on this host have ended in the middle of a campaign."""


def cluster_watch() -> Callable[[], None]:
    """A check, to be called several times per second, that the cluster which this process has started still stands.

    Some seconds after its raylet Ray ends a driver too, with status 1 and not a word: who wants to say what happened
    has to look before.

    Returns:
        A function that raises ClusterLostError as soon as the raylet or the cluster's store (GCS) is gone.
    """
    helpers = {
        (process.pid, process.start): name
        for process in tree(os.getpid())
        for name in ("raylet", "gcs_server")
        if Path(_first_word(process.pid)).name == name
    }

    def require_cluster() -> None:
        for process, name in helpers.items():
            if not same_process(*process):
                raise ClusterLostError(f"Ray's own process {name} has ended (killed, or memory was short)")

    return require_cluster


def _first_word(pid: int) -> str:
    """Program of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode(errors="replace")
    except OSError:
        return ""


@contextmanager
def local_cluster(workers: int, gpus: int = 0, memory_bytes: int = 0) -> Iterator[Path]:
    """Start Ray with room for ``workers`` actors, quietly, without dashboard and without calling home.

    Meanwhile SIGTERM and SIGHUP interrupt like Ctrl-C. Main thread only.

    Args:
        workers: as many cores are entered in Ray's books.
        gpus: as many GPUs of this host are.
        memory_bytes: so much memory is; 0 for what Ray finds.

    Yields:
        A temporary folder for logs, removed at the end together with everything Ray wrote.

    Raises:
        ClusterError: Ray did not come up in any of three tries.
    """
    parent = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="clh-", dir=parent if len(parent) <= LONGEST_FOLDER else "/tmp"))
    guardian = subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARDIAN), str(os.getpid()), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with _environment(), interruptible() as catch_signals:
            _start(folder, workers, gpus, memory_bytes)
            catch_signals()
            yield folder
    finally:
        ray.shutdown()
        clear_folder(str(folder))
        reap_abandoned()  # workers are killed after Ctrl-C or a failure: nobody else looks after their ports
        guardian.kill()
        guardian.wait()


def _start(folder: Path, workers: int, gpus: int, memory_bytes: int) -> None:
    for attempt in range(1, START_ATTEMPTS + 1):
        try:
            ray.init(
                address="local",
                num_cpus=workers,
                num_gpus=gpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=OBJECT_STORE_BYTES,
                _memory=memory_bytes or None,
                _temp_dir=str(folder),
            )
            return
        except Exception as error:  # Ray has no name for it
            ray.shutdown()
            clear_folder(str(folder))
            if attempt == START_ATTEMPTS:
                raise ClusterError(
                    f"Ray did not start in {attempt} tries ({error}); other programs may use all cores: see "
                    "`python run_campaign.py --doctor`, end them or wait"
                ) from error
            folder.mkdir()


@contextmanager
def _environment() -> Iterator[None]:
    """What Ray's processes inherit; this process' own values come back at the end."""
    quiet = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        **dict.fromkeys(THREAD_VARIABLES, "1"),
    }
    before = {name: os.environ.get(name) for name in quiet}
    os.environ.update(quiet)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
