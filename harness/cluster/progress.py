"""What a person sees while a campaign runs: a live line on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections import deque
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

RATE_WINDOW_S = 60.0
RESULTS_FOR_A_RATE = 4  # the first ones hold the start-up
PLAIN_LINE_EVERY_S = 5.0


class CampaignProgress:
    """Counts episodes, departures and ticks, and shows them with the time left."""

    def __init__(self, total: int, already_done: int = 0, stream: TextIO | None = None, what: str = "episodes") -> None:
        """Show progress of ``total`` episodes, ``already_done`` of which an earlier run finished.

        Args:
            total: episodes of the campaign.
            already_done: finished before this run.
            stream: where to write; standard error by default. A terminal gets the live display.
            what: is counted; departures and ticks are shown of episodes only.
        """
        self._what = what
        self._stream = stream or sys.stderr
        self._total = total
        self._done = already_done
        self._done_before = already_done
        self._departed = 0
        self._lost = 0
        self._first_result: float | None = None
        self._ticks: deque[tuple[float, int]] = deque()
        self._last_line = time.monotonic()
        self._live: Progress | None = None
        self._bar: TaskID | None = None

    def __enter__(self) -> CampaignProgress:
        if self._stream.isatty():
            console = Console(file=self._stream)
            columns = (BarColumn(bar_width=28), TextColumn("{task.description}", markup=False))
            self._live = Progress(*columns, console=console)
            self._bar = self._live.add_task(self.line(), total=self._total, completed=self._done)
            self._live.start()
        else:
            self._print(f"{self._total - self._done} of {self._total} {self._what} to run, starting workers")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refresh(force=True)
        if self._live is not None:
            self._live.stop()

    def episode_done(self, ticks: int, departed: bool, lost: bool) -> None:
        """Count one episode."""
        now = time.monotonic()
        self._first_result = self._first_result or now
        self._done += 1
        self._departed += departed
        self._lost += lost
        self._ticks.append((now, ticks))
        self.refresh()

    def note(self, text: str) -> None:
        """Print a line that stays, above the live display if there is one."""
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        else:
            self._print(text)

    def refresh(self, force: bool = False) -> None:
        """Update the display; in a log, at most one line in five seconds."""
        if self._live is not None and self._bar is not None:
            self._live.update(self._bar, completed=self._done, description=self.line())
            return
        now = time.monotonic()
        finished_now = self._done > self._done_before
        if force or (finished_now and now - self._last_line >= PLAIN_LINE_EVERY_S):
            self._last_line = now
            self._print(self.line())

    def line(self) -> str:
        """The figures as one line."""
        parts = [f"{self._done}/{self._total} {self._what}"]
        if self._what == "episodes":
            parts.append(f"{self._departed} departed")
        if self._lost:
            parts.append(f"{self._lost} lost to the infrastructure")
        rate = self._ticks_per_s()
        if rate is None:
            parts.append("starting")
        elif self._what == "episodes":
            parts.append(f"{rate:.0f} ticks/s")
        left_s = self._left_s()
        if left_s is not None:
            parts.append(f"{_duration(left_s)} left")
        return " · ".join(parts)

    def _ticks_per_s(self) -> float | None:
        """Ticks of the results after the oldest one kept, over the time since it; None before there are enough."""
        now = time.monotonic()
        while len(self._ticks) > RESULTS_FOR_A_RATE and now - self._ticks[0][0] > RATE_WINDOW_S:
            self._ticks.popleft()
        if len(self._ticks) < RESULTS_FOR_A_RATE:
            return None
        latest = self._ticks[-1][0]
        return sum(ticks for _, ticks in list(self._ticks)[1:]) / max(latest - self._ticks[0][0], 1e-3)

    def _left_s(self) -> float | None:
        done_now = self._done - self._done_before
        if self._first_result is None or done_now < RESULTS_FOR_A_RATE or self._done >= self._total:
            return None
        per_episode_s = (time.monotonic() - self._first_result) / (done_now - 1)
        return per_episode_s * (self._total - self._done)

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
