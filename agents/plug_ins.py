"""Plug-ins of other packages by short name: Python's entry points, one group per kind.

A package that is installed beside this one announces a class in its own ``pyproject.toml``::

    [project.entry-points."closed_loop_harness.monitors"]
    my_monitor = "my_package.my_module:MyMonitor"

and ``my_monitor`` works in every scenario. Without a package, ``my_package.my_module:MyMonitor`` works as well.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

from agents.errors import UnknownNameError

GROUP = "closed_loop_harness"


def announced(kind: str) -> dict[str, str]:
    """Short name -> ``package.module:Class`` of what installed packages announce.

    Args:
        kind: ``agents``, ``monitors``, ``saliency``, ``metrics`` or ``sections``.
    """
    return {point.name: point.value for point in entry_points(group=f"{GROUP}.{kind}")}


def target_of(name: str, kind: str, shipped: Mapping[str, str], also: str = "") -> str:
    """``package.module:Class`` behind a name; a shipped name wins over an announced one.

    Args:
        name: short name or ``package.module:Class``.
        kind: as for :func:`announced`; its singular is said in errors.
        shipped: what this repository brings.
        also: other ways to name one, for the error.

    Raises:
        UnknownNameError: no such short name.
    """
    known = {**announced(kind), **shipped}
    target = known.get(name, name)
    if ":" not in target:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" did you mean {close[0]!r}?" if close else ""
        raise UnknownNameError(
            f"unknown {singular(kind)} {name!r};{hint} known: {', '.join(sorted(known)) or 'none'}, {also}"
            "or package.module:Class"
        )
    return target


def load_class(target: str, kind: str) -> Callable[..., Any]:
    """What ``package.module:Class`` names.

    Raises:
        UnknownNameError: no such module, or nothing of that name in it.
    """
    module_name, _, class_name = target.partition(":")
    what = singular(kind)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UnknownNameError(
            f"{what} {target!r}: no module {error.name!r}; is it installed or on PYTHONPATH?"
        ) from error
    made: Callable[..., Any] | None = getattr(module, class_name, None)
    if made is None:
        close = difflib.get_close_matches(class_name, dir(module), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UnknownNameError(f"{what} {target!r}: module {module_name} has no {class_name!r}{hint}")
    return made


def describe(target: str, kind: str) -> str:
    """First line of the class's documentation; why there is none where it cannot be loaded."""
    try:
        return (inspect.getdoc(load_class(target, kind)) or "").partition("\n")[0]
    except UnknownNameError as error:
        return f"cannot be loaded: {error}"


def singular(kind: str) -> str:
    """``monitor`` for ``monitors``."""
    return "saliency method" if kind == "saliency" else kind.removesuffix("s")
