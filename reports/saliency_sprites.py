"""Saliency maps of further methods for the player: a picture per method that holds every tick of the clip as a tile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from harness.results.clips import PANEL_HEIGHT_PX, PANEL_WIDTH_PX
from harness.results.saliency_views import NoSaliencyError, saliency_views, seen_rows
from reports.campaign_data import CampaignData

METHODS = {"grad_cam": "Grad-CAM", "lrp_eps100": "LRP, ε = 100"}
RECORDED = "VisualBackProp, recorded"
COLUMNS = 10
JPEG_QUALITY = 62


def write_sprites(
    data: CampaignData, episode_id: str, spec: dict[str, Any], first_tick: int, folder: Path
) -> dict[str, Any]:
    """Compute the maps from what the run's monitors saw and write a sprite per method beside the episode's page.

    Args:
        data: the campaign. episode_id, spec: the run. first_tick: of the clip. folder: of the episode pages.

    Returns:
        What the player needs: ``{"recorded", "methods": [{"name", "source"}], "columns", "tile": [width, height],
        "box": [x, y, width, height] in a panel}``, or ``{"recorded", "missing": why}``.
    """
    try:
        views = saliency_views(data.folder, data.entries[episode_id], spec.get("agent"), first_tick, list(METHODS))
    except NoSaliencyError as error:
        return {"recorded": RECORDED, "missing": str(error)}
    methods = []
    for name, pictures in views.items():
        path = folder / f"{episode_id}.{name}.jpg"
        path.write_bytes(_sprite(pictures))
        methods.append({"name": METHODS[name], "source": path.name})
    height, width = next(iter(views.values())).shape[1:3]
    return {
        "recorded": RECORDED,
        "methods": methods,
        "columns": COLUMNS,
        "tile": [width, height],
        "box": _seen_box(),
    }


def _sprite(pictures: npt.NDArray[np.uint8]) -> bytes:
    count, height, width, _ = pictures.shape
    rows = -(-count // COLUMNS)
    sheet = np.zeros((rows * height, COLUMNS * width, 3), np.uint8)
    for index, picture in enumerate(pictures):
        y, x = index // COLUMNS * height, index % COLUMNS * width
        sheet[y : y + height, x : x + width] = picture
    ok, encoded = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert ok
    return bytes(encoded)


def _seen_box() -> list[int]:
    first, end = seen_rows()
    top, bottom = round(first * PANEL_HEIGHT_PX), round(end * PANEL_HEIGHT_PX)
    return [0, top, PANEL_WIDTH_PX, bottom - top]
