"""SIGTERM and SIGHUP interrupt like Ctrl-C, so that a stopped job ends as cleanly."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Yields a function that installs the handlers; call it after ``ray.init``, which sets its own. Main thread only.

    The handlers of before come back at the end.
    """
    before: dict[signal.Signals, Any] = {}

    def install() -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            before[number] = signal.signal(number, _interrupt)

    try:
        yield install
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
