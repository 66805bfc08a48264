"""Equal arguments give equal bytes: again, in another order, in another process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.embedded_carla import drawing as d

REPOSITORY = Path(__file__).resolve().parents[2]


def fingerprint() -> str:
    """Hash of pictures of every kind on a freshly built scene."""
    carla_map, renderer = d.drawn(d.winding_xodr(), "alpine", 3)
    camera = d.lane_camera(carla_map, 80.0, 0.4, 12.0)
    view = renderer.view(camera, d.WIDTH, d.HEIGHT, d.FOV_DEG)
    pictures = [
        renderer.rgb_bgra(view, replace(d.NOON, wetness=80.0, cloudiness=40.0, fog_density=10.0), camera),
        renderer.depth_bgra(view),
        renderer.semantic_bgra(view),
        renderer.instance_bgra(view),
    ]
    return hashlib.sha256(b"".join(picture.tobytes() for picture in pictures)).hexdigest()


def test_another_process_draws_the_same_bytes() -> None:
    code = "from tests.embedded_carla.test_render_determinism import fingerprint; print(fingerprint())"
    other = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True,
        text=True, check=True, timeout=120,
    )  # fmt: skip
    assert other.stdout.strip() == fingerprint()


def test_what_was_drawn_before_does_not_matter() -> None:
    carla_map, renderer = d.drawn(d.winding_xodr())
    camera = d.lane_camera(carla_map, 50.0)
    first = d.rgb(renderer, camera)
    d.rgb(renderer, d.lane_camera(carla_map, 120.0), replace(d.NOON, fog_density=50.0), size=(64, 36))
    np.testing.assert_array_equal(d.rgb(renderer, camera), first)
