"""Which files make up an ONNX network; without any import that costs, for whoever only moves files."""

from __future__ import annotations

from pathlib import Path


def settings_path(path: Path) -> Path:
    """The YAML with settings beside an ONNX file, whether it is there or not."""
    return path.with_suffix(".yaml")


def companions(path: Path) -> list[Path]:
    """Files that belong to an ONNX file and lie beside it: tensors stored apart, and the settings."""
    return [beside for beside in (path.with_name(path.name + ".data"), settings_path(path)) if beside.is_file()]
