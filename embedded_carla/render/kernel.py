"""How inner loops are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from embedded_carla.compiled import compiled

_Function = TypeVar("_Function", bound=Callable[..., Any])
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}


def kernel(function: _Function) -> _Function:
    """Compile a function that allocates nothing: without numba's reference counting, slices of rows cost nothing."""
    return compiled(**_OPTIONS)(function)


def parallel_kernel(function: _Function) -> _Function:
    """As ``kernel``, and other Python threads run meanwhile: several threads can share a picture."""
    return compiled(nogil=True, **_OPTIONS)(function)
