"""Monitors fitted to one driver, which their weights file names by hash."""

from __future__ import annotations

from pathlib import Path

from agents.monitors.fitted_file import FittedFileMonitor
from agents.monitors.watched_driver import DriverMonitor, load_watched


class FittedToDriverMonitor(FittedFileMonitor, DriverMonitor):
    """Its fitted numbers lie in one file, and the driver beside it.

    Args:
        weights: the file; the shipped one of this role by default.

    Raises:
        WeightsError: a file is missing, or the driver is another than it was fitted to.
    """

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        self._driver = load_watched(self._weights.config, self._weights.path)
        self.driver_sha256 = self._driver.sha256
