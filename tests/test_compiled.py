"""Machine code on disk never outlives the sources that went into it, whichever file they stand in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / "embedded_carla" / "compiled.py", ROOT / "sensor_sim" / "compiled.py"]
KERNEL = """
from scene.compiled import compiled
from scene.rows import PADDING, stride

@compiled({options})
def last(width):
    return stride(width) - PADDING
"""
ROWS = """
from scene.compiled import compiled

PADDING = {padding}

@compiled({options})
def stride(width):
    return {factor} * width + PADDING
"""


@pytest.fixture(params=SOURCES, ids=lambda path: path.parent.name)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A small package with compiled functions in two files."""
    package = tmp_path / "scene"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "compiled.py").write_text(request.param.read_text())
    (package / "kernel.py").write_text(KERNEL.format(options=options(package)))
    write_rows(package, padding=1, factor=1)
    return package


def options(package: Path) -> str:
    takes_a_package = "package: str" in (package / "compiled.py").read_text()
    return 'package="scene"' if takes_a_package else ""


def write_rows(package: Path, padding: int, factor: int) -> None:
    (package / "rows.py").write_text(ROWS.format(options=options(package), padding=padding, factor=factor))


def call(package: Path, **environment: str) -> int:
    command = "from scene.kernel import last; print(last(10))"
    told = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", command], env=told, capture_output=True, text=True, check=True, timeout=120
    )
    return int(done.stdout)


def machine_code(package: Path) -> set[Path]:
    return set(package.rglob("*.nbc"))


def test_an_edit_in_another_file_is_compiled_in_and_an_unchanged_package_is_not_compiled_again(scene: Path) -> None:
    assert call(scene) == 10
    first = machine_code(scene)
    assert first
    assert call(scene) == 10
    assert machine_code(scene) == first
    write_rows(scene, padding=1, factor=3)
    assert call(scene) == 30
    assert machine_code(scene) > first


def test_a_folder_for_the_cache_is_taken_and_holds_each_state_apart(scene: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "kept"
    assert call(scene, NUMBA_CACHE_DIR=str(elsewhere)) == 10
    assert not machine_code(scene)
    assert machine_code(elsewhere)
    write_rows(scene, padding=5, factor=2)
    assert call(scene, NUMBA_CACHE_DIR=str(elsewhere)) == 20
