"""The command that takes the README's pictures: the report and an episode, at their moment, as wide as promised."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.reports.browser import Browser
from tests.reports.screenshots import HEIGHT, WIDTH, screenshots


def test_pictures_show_pages_of_the_promised_size(campaign: Path, chromium: Browser, tmp_path: Path) -> None:
    taken = screenshots(campaign, tmp_path)
    assert [path.name for path in taken] == ["report.png", "episode.png"]
    for path in taken:
        picture = cv2.imread(str(path))
        assert picture.shape == (HEIGHT, WIDTH, 3)
        assert np.unique(picture.reshape(-1, 3), axis=0).shape[0] > 50  # neither blank nor an error page
