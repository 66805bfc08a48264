"""Compiled functions, kept on disk by the state of every source file that can have gone into them.

Numba compiles into a function what it calls and each constant it reads, but keeps the result by the text of the
function's own file alone. After an edit in another file it would go on with machine code of both states, and draw
wrong pictures without an error. Here each state of the sources has a cache of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config as numba_config
from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])
_CONFIG: Any = numba_config
_KEPT_S = 7 * 86_400.0
"""Caches of other states that nobody has used for so long are removed."""


def compiled(package: str = "sensor_sim", **options: Any) -> Callable[[_Function], _Function]:
    """Decorator: ``numba.njit`` with the cache of the present state of a package's sources.

    Args:
        package: that holds all that the function calls and reads. options: as for ``numba.njit``.
    """

    def decorate(function: _Function) -> _Function:
        folder, before = cache_folder(Path(import_module(package).__path__[0])), _CONFIG.CACHE_DIR
        _CONFIG.CACHE_DIR = "" if folder is None else str(folder)
        try:
            return cast(_Function, njit(cache=folder is not None, **options)(function))
        finally:
            _CONFIG.CACHE_DIR = before

    return decorate


@cache
def cache_folder(root: Path) -> Path | None:
    """Where machine code of a folder of sources is kept, in its present state; None where nothing can be written."""
    name = f"compiled-{sources_sha256(root)[:16]}"
    for place in _places(root):
        folder = place / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            os.utime(folder)
        except OSError:
            continue
        _forget_old(place)
        return folder
    return None


def _places(root: Path) -> Iterator[Path]:
    yield Path(_CONFIG.CACHE_DIR) / root.name if _CONFIG.CACHE_DIR else root / "__pycache__"
    with suppress(RuntimeError):  # a user without a home
        yield Path.home() / ".cache" / "closed_loop_harness" / root.name


def sources_sha256(root: Path) -> str:
    """SHA-256 over names and contents of all Python files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _forget_old(place: Path) -> None:
    for folder in place.glob("compiled-*"):
        try:
            unused_s = time.time() - folder.stat().st_mtime
        except FileNotFoundError:  # another process was quicker
            continue
        if unused_s > _KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)
