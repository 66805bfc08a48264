"""A private Ray cluster on this machine that ends with the process that started it."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import ray

GUARDIAN = Path(__file__).with_name("guardian.py")
THREAD_VARIABLES = tuple(f"{library}_NUM_THREADS" for library in ("OMP", "MKL", "OPENBLAS", "NUMBA"))
# Ray puts Unix sockets below its folder and Linux limits their paths to 107 characters.
LONGEST_FOLDER = 30
OBJECT_STORE_BYTES = 200 * 1024 * 1024  # holds records in flight: two per worker of a few MB


@contextmanager
def local_cluster(workers: int) -> Iterator[Path]:
    """Start Ray with room for ``workers`` actors, quietly, without dashboard and without calling home.

    Meanwhile SIGTERM and SIGHUP interrupt like Ctrl-C, so that a stopped job ends as cleanly. Main thread only.

    Yields:
        A temporary folder for logs, removed at the end together with everything Ray wrote.
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
    quiet = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        **dict.fromkeys(THREAD_VARIABLES, "1"),
    }
    before = {name: os.environ.get(name) for name in quiet}
    handlers: dict[signal.Signals, Any] = {}
    os.environ.update(quiet)
    try:
        ray.init(
            address="local",
            num_cpus=workers,
            num_gpus=0,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=OBJECT_STORE_BYTES,
            _temp_dir=str(folder),
        )
        for number in (signal.SIGTERM, signal.SIGHUP):  # after ray.init, which sets its own
            handlers[number] = signal.signal(number, _interrupt)
        yield folder
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        ray.shutdown()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)
        guardian.kill()
        guardian.wait()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
