"""`pip install ./sensor_sim` takes along all that the package needs, and the package needs nothing else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import sensor_sim

ROOT = Path(sensor_sim.__file__).parent
CONTENT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
IMPORTED_AS = {"opencv-python-headless": "cv2", "pyyaml": "yaml"}
NO_PART = {"pyproject.toml"}
OPTIONAL_MODULE = {"torch_chain.py": "torch"}
"""Modules that nobody imports unless they want what the package does without otherwise."""


def module_files() -> list[Path]:
    return [path for path in ROOT.rglob("*.py") if "build" not in path.relative_to(ROOT).parts]


def declared(requirements: list[str]) -> set[str]:
    names = [re.split(r"[<>=\[ ]", requirement)[0] for requirement in requirements]
    return {IMPORTED_AS.get(name, name) for name in names}


def test_every_folder_of_code_is_a_declared_package() -> None:
    found = {".".join(("sensor_sim", *path.parent.relative_to(ROOT).parts)) for path in module_files()}
    assert found == set(CONTENT["tool"]["setuptools"]["packages"])


def test_every_data_file_is_taken_along() -> None:
    data = CONTENT["tool"]["setuptools"]["package-data"]
    patterns = ["/".join([*package.split(".")[1:], pattern]) for package, globs in data.items() for pattern in globs]
    skipped = {".py", ".pyc", ".nbi", ".nbc"}
    for path in ROOT.rglob("*"):
        name = path.relative_to(ROOT).as_posix()
        part = path.is_file() and path.suffix not in skipped and name not in NO_PART
        if part and not name.startswith("build/") and ".egg-info/" not in name:
            assert any(fnmatch(name, pattern) for pattern in patterns), name


@pytest.mark.parametrize("path", module_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_the_standard_library_this_package_and_declared_dependencies_only(path: Path) -> None:
    project = CONTENT["project"]
    optional = declared([name for names in project["optional-dependencies"].values() for name in names])
    allowed = set(sys.stdlib_module_names) | {"sensor_sim"} | declared(project["dependencies"])
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        inside_a_function = getattr(node, "col_offset", 0) > 0
        for name in names:
            top = name.split(".")[0]
            wanted = inside_a_function or OPTIONAL_MODULE.get(path.name) == top
            assert top in allowed or (wanted and top in optional), f"{path.name} imports {top}"
            assert name.split(".")[-1] + ".py" not in OPTIONAL_MODULE, f"{path.name} imports {name}"
