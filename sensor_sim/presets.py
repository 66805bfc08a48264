"""Cameras by name: what some kind of lens and sensor does, transferred from a reference camera to any other.

A preset file (``presets/<name>.yaml``) holds a description, the reference camera (``width_px``,
``focal_px``) and effects with their parameters there. Lengths are transferred as a share of the picture's
width, radial coefficients by the displacement at the picture's edge as a share of the width; everything
else does not depend on the camera's size. ``provenance``, if there, says how the values were found; nothing reads it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from sensor_sim.effects import definition_of
from sensor_sim.effects.chromatic_aberration import focal_px
from sensor_sim.effects.definition import suggestion
from sensor_sim.errors import SensorSpecError
from sensor_sim.ranges import as_number
from sensor_sim.schedule import SensorSchedule
from sensor_sim.transfer import transferred

_FOLDER = Path(__file__).with_name("presets")
_KEYS = ("description", "reference_camera", "effects")
_OPTIONAL_KEYS = ("provenance",)


def preset_names() -> tuple[str, ...]:
    """Names of the shipped presets, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def preset_descriptions() -> dict[str, str]:
    """Name -> what kind of camera it is, of the shipped presets."""
    return {
        name: " ".join(
            str(yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))["description"]).split()
        )
        for name in preset_names()
    }


def load_preset(name: str, width: int, fov_deg: float) -> SensorSchedule:
    """A preset for a camera of this width and horizontal field of view, active from the first tick on.

    Args:
        name: a shipped preset, or the path of a preset file (ends in ``.yaml``).
        width: picture width, px.
        fov_deg: horizontal field of view, degrees.

    Raises:
        SensorSpecError: unknown name, or a file that is not a preset.
    """
    if not isinstance(name, str):
        raise SensorSpecError(f"preset {name!r:.100} is no text; give a name or the path of a .yaml file")
    path = Path(name) if name.endswith(".yaml") else _FOLDER / f"{name}.yaml"
    if path.parent == _FOLDER and name not in preset_names():
        names = preset_names()
        raise SensorSpecError(f"unknown preset {name!r}{suggestion(name, names)}; known: {', '.join(names)}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SensorSpecError(f"preset file {name}: {error}") from None
    return _transferred(name, content, width, fov_deg)


def _transferred(name: str, content: Any, width: int, fov_deg: float) -> SensorSchedule:
    keys = set(content) - set(_OPTIONAL_KEYS) if isinstance(content, dict) else None
    if keys != set(_KEYS) or not isinstance(content["effects"], list):
        raise SensorSpecError(
            f"preset {name}: give exactly the keys {', '.join(_KEYS)} (and {', '.join(_OPTIONAL_KEYS)} if you like); "
            "'effects' is a list"
        )
    camera = content["reference_camera"]
    if not isinstance(camera, dict) or set(camera) != {"width_px", "focal_px"}:
        raise SensorSpecError(f"preset {name}, 'reference_camera': give exactly the keys width_px, focal_px")
    for key, value in camera.items():
        if not 0.0 < as_number(value) < math.inf:
            raise SensorSpecError(f"preset {name}, 'reference_camera', '{key}': {value!r} is not a number > 0 (px)")
    try:
        reference = SensorSchedule.from_spec(content["effects"])
    except SensorSpecError as error:
        raise SensorSpecError(f"preset {name}: {error}") from None
    spec = reference.to_spec()
    for entry in spec:
        entry["parameters"] = transferred(
            definition_of(entry["effect"]),
            entry["parameters"],
            camera["width_px"],
            camera["focal_px"],
            width,
            focal_px(width, fov_deg),
        )
    try:
        return SensorSchedule.from_spec(spec)
    except SensorSpecError as error:
        raise SensorSpecError(f"preset {name}, carried to a camera of {width} px and {fov_deg:g}°: {error}") from None
