"""How an ONNX network wants its pictures and what it answers: from the file's metadata, or from a YAML beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.errors import WeightsError
from agents.onnx_files import settings_path
from agents.preprocessing import Colour

METADATA_KEY = "closed_loop_harness"
"""Entry of the ONNX metadata that holds the settings as JSON."""


class OnnxSettings(BaseModel):
    """Settings of one network. The input is ``pixel × scale + offset``, pixels 0..255.

    Attributes:
        lower_share: share of the picture's height that is kept, from the bottom up; 1 keeps all of it.
        cut_bottom_share: share of the height that is left out at the bottom (a bonnet).
        colour: "yuv" (full-range BT.601), "grey", "rgb" or "bgr".
        scale, offset: of the pixels, one number or one per channel.
        layout: order of the input's axes, "nchw" or "nhwc"; None: where the channels are says it.
        height, width: size of the input, px; None: the graph says it.
        output: name of the output that steers; None: the first.
        output_scale_deg: steering wheel angle in degrees, **left positive**, per unit of the output.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    colour: Colour
    lower_share: float = Field(gt=0.0, le=1.0)
    cut_bottom_share: float = Field(default=0.0, ge=0.0, lt=1.0)
    scale: float | list[float] = 1.0
    offset: float | list[float] = 0.0
    layout: Literal["nchw", "nhwc"] | None = None
    height: int | None = Field(default=None, ge=1)
    width: int | None = Field(default=None, ge=1)
    output: str | None = None
    output_scale_deg: float = 1.0


def read_settings(path: Path, metadata: Mapping[str, str]) -> OnnxSettings:
    """Settings of a network; entries of the YAML beside the file win over those of its metadata.

    Args:
        path: the .onnx file. metadata: its metadata.

    Raises:
        WeightsError: neither says enough, or one says something unknown.
    """
    said: dict[str, Any] = {}
    beside = settings_path(path)
    try:
        if METADATA_KEY in metadata:
            said |= json.loads(metadata[METADATA_KEY])
        if beside.is_file():
            said |= yaml.safe_load(beside.read_text(encoding="utf-8")) or {}
    except (ValueError, TypeError, yaml.YAMLError) as error:
        raise WeightsError(f"{path}: its settings cannot be read ({error})") from error
    try:
        return OnnxSettings.model_validate(said)
    except ValidationError as error:
        lines = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
        raise WeightsError(
            f"{path}: how the network wants its pictures is not clear ({lines}). Say it in {beside.name} beside the "
            f"file, for example `colour: rgb`, `lower_share: 0.62`, or as JSON in its metadata entry {METADATA_KEY!r}"
        ) from error
