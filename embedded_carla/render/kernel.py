"""How inner loops are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])
_OPTIONS: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}


def kernel(function: _Function) -> _Function:
    """Compile a function that allocates nothing: without numba's reference counting, slices of rows cost nothing.

    Numba's cache does not notice edits in a function called from another file: clear ``__pycache__`` after them.
    """
    return cast(_Function, njit(**_OPTIONS)(function))


def parallel_kernel(function: _Function) -> _Function:
    """As ``kernel``, and other Python threads run meanwhile: several threads can share a picture."""
    return cast(_Function, njit(nogil=True, **_OPTIONS)(function))
