"""Agents and monitors by name: a short name, a weights file, or ``package.module:Class`` from anywhere."""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agents.errors import UnknownNameError
from agents.protocol import Agent, Monitor

# Modules are imported when asked for: checking the names in a scenario must not cost PyTorch's start-up.
_AGENTS: Mapping[str, str] = {
    "expert": "agents.label_expert:LabelExpertAgent",
    "pilotnet": "agents.pilotnet_driver:PilotNetDriver",
}
_MONITORS: Mapping[str, str] = {
    "always_on": "agents.monitors.always_on:AlwaysOnMonitor",
    "brightness": "agents.monitors.brightness:BrightnessMonitor",
    "camera_student": "agents.monitors.camera_student:CameraStudentMonitor",
    "condition_curvature": "agents.monitors.condition_curvature:ConditionCurvatureMonitor",
    "condition_only": "agents.monitors.condition_only:ConditionOnlyMonitor",
    "constant": "agents.monitors.constant:ConstantMonitor",
    "current_margin": "agents.monitors.current_margin:CurrentMarginMonitor",
    "curvature": "agents.monitors.curvature:CurvatureMonitor",
    "periodic": "agents.monitors.periodic:PeriodicMonitor",
    "random": "agents.monitors.random_alarm:RandomAlarmMonitor",
    "saliency_student": "agents.monitors.saliency_student:SaliencyStudentMonitor",
    "sharpness": "agents.monitors.sharpness:SharpnessMonitor",
    "true_error": "agents.monitors.true_error:TrueErrorMonitor",
}
_ROLE_AGENTS: Mapping[str, str] = {"driver": _AGENTS["pilotnet"]}
_ROLE_MONITORS: Mapping[str, str] = {
    "saliency_student": _MONITORS["saliency_student"],
    "camera_student": _MONITORS["camera_student"],
}


def agent_names() -> list[str]:
    """Short names of the agents, sorted."""
    return sorted(_AGENTS)


def monitor_names() -> list[str]:
    """Short names of the monitors, sorted."""
    return sorted(_MONITORS)


def make_agent(name: str, device: str = "cpu") -> Agent:
    """Build an agent.

    Args:
        name: a short name, the path of a driver's ``.safetensors`` file, or ``package.module:Class``; such a
            class is called with ``device=`` if it takes one, else with nothing.
        device: "cpu", "cuda" or "auto".

    Raises:
        UnknownNameError: nothing of that name, or the class is no agent.
        WeightsError: its weights are missing or damaged.
    """
    agent = _make(name, device, "agent", _AGENTS, _ROLE_AGENTS)
    if not isinstance(agent, Agent):
        raise UnknownNameError(f"{name!r} is no agent: see agents.protocol.Agent for what it must have")
    return agent


def make_monitor(name: str, device: str = "cpu") -> Monitor:
    """Build a monitor; names, paths and errors as for :func:`make_agent`."""
    monitor = _make(name, device, "monitor", _MONITORS, _ROLE_MONITORS)
    if not isinstance(monitor, Monitor):
        raise UnknownNameError(f"{name!r} is no monitor: see agents.protocol.Monitor for what it must have")
    return monitor


def _make(name: str, device: str, kind: str, table: Mapping[str, str], roles: Mapping[str, str]) -> Any:
    if name.endswith(".safetensors"):
        from agents.weights_io import load_weights

        path = Path(name)
        role = str(load_weights(path).config.get("role"))
        if role not in roles:
            raise UnknownNameError(f"{name}: these weights are a {role!r}, which is no {kind}")
        return _load_class(roles[role], kind)(weights=path, device=device, name=_column_name(path.stem))
    target = table.get(name, name)
    if ":" not in target:
        close = difflib.get_close_matches(name, table, n=1)
        hint = f" did you mean {close[0]!r}?" if close else ""
        raise UnknownNameError(
            f"unknown {kind} {name!r};{hint} known: {', '.join(sorted(table))}, a .safetensors file, "
            "or package.module:Class"
        )
    made = _load_class(target, kind)
    return made(device=device) if _takes_device(made) else made()


def _column_name(stem: str) -> str:
    """A file name as a name that tables can carry."""
    return re.sub(r"[^a-z0-9_]+", "_", stem.lower())


def _takes_device(made: Callable[..., Any]) -> bool:
    return "device" in inspect.signature(made).parameters


def _load_class(target: str, kind: str) -> Callable[..., Any]:
    module_name, _, class_name = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UnknownNameError(
            f"{kind} {target!r}: no module {error.name!r}; is it installed or on PYTHONPATH?"
        ) from error
    made: Callable[..., Any] | None = getattr(module, class_name, None)
    if made is None:
        close = difflib.get_close_matches(class_name, dir(module), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UnknownNameError(f"{kind} {target!r}: module {module_name} has no {class_name!r}{hint}")
    return made
