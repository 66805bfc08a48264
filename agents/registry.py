"""Agents and monitors by name: short, of a weights file, or ``package.module:Class`` from anywhere.

Short names are those below and those that installed packages announce (`agents.plug_ins`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agents.errors import UnknownNameError
from agents.plug_ins import announced, load_class, singular, target_of
from agents.protocol import Agent, Monitor

# Modules are imported when asked for: checking the names in a scenario must not cost PyTorch's start-up.
_AGENTS: Mapping[str, str] = {
    "expert": "agents.label_expert:LabelExpertAgent",
    "pilotnet": "agents.pilotnet_driver:PilotNetDriver",
}
_MONITORS: Mapping[str, str] = {
    "always_on": "agents.monitors.always_on:AlwaysOnMonitor",
    "attention_change": "agents.monitors.attention_change:AttentionChangeMonitor",
    "attention_mean": "agents.monitors.attention_mean:AttentionMeanMonitor",
    "attention_strength": "agents.monitors.attention_strength:AttentionStrengthMonitor",
    "autoencoder": "agents.monitors.reconstruction:AutoencoderMonitor",
    "brightness": "agents.monitors.brightness:BrightnessMonitor",
    "camera_error_quantile": "agents.monitors.error_heads:CameraErrorQuantileMonitor",
    "camera_error_size": "agents.monitors.error_heads:CameraErrorSizeMonitor",
    "camera_student": "agents.monitors.camera_student:CameraStudentMonitor",
    "change_forecast": "agents.monitors.change_forecast:ChangeForecastMonitor",
    "clock": "agents.monitors.clock:ClockMonitor",
    "condition_curvature": "agents.monitors.condition_curvature:ConditionCurvatureMonitor",
    "condition_only": "agents.monitors.condition_only:ConditionOnlyMonitor",
    "constant": "agents.monitors.constant:ConstantMonitor",
    "current_margin": "agents.monitors.current_margin:CurrentMarginMonitor",
    "curvature": "agents.monitors.curvature:CurvatureMonitor",
    "forecast": "agents.monitors.forecast:ForecastMonitor",
    "fusion": "agents.monitors.fusion:FusionMonitor",
    "head_ensemble": "agents.monitors.head_disagreement:HeadEnsembleMonitor",
    "mahalanobis_penultimate": "agents.monitors.mahalanobis:PenultimateMahalanobisMonitor",
    "mahalanobis_pooled": "agents.monitors.mahalanobis:PooledMahalanobisMonitor",
    "margin_forecast": "agents.monitors.margin_forecast:MarginForecastMonitor",
    "mc_dropout": "agents.monitors.head_disagreement:McDropoutMonitor",
    "mirror_consistency": "agents.monitors.mirror_consistency:MirrorConsistencyMonitor",
    "periodic": "agents.monitors.periodic:PeriodicMonitor",
    "random": "agents.monitors.random_alarm:RandomAlarmMonitor",
    "saliency_error_quantile": "agents.monitors.error_heads:SaliencyErrorQuantileMonitor",
    "saliency_error_size": "agents.monitors.error_heads:SaliencyErrorSizeMonitor",
    "saliency_student": "agents.monitors.saliency_student:SaliencyStudentMonitor",
    "sharpness": "agents.monitors.sharpness:SharpnessMonitor",
    "true_error": "agents.monitors.true_error:TrueErrorMonitor",
    "vae": "agents.monitors.reconstruction:VaeMonitor",
}
_ROLE_AGENTS: Mapping[str, str] = {"driver": _AGENTS["pilotnet"]}
_ROLE_MONITORS: Mapping[str, str] = {
    "saliency_student": _MONITORS["saliency_student"],
    "camera_student": _MONITORS["camera_student"],
}


def agent_targets() -> dict[str, str]:
    """Short name -> ``package.module:Class`` of every agent, sorted."""
    return dict(sorted({**announced("agents"), **_AGENTS}.items()))


def monitor_targets() -> dict[str, str]:
    """Short name -> ``package.module:Class`` of every monitor, sorted."""
    return dict(sorted({**announced("monitors"), **_MONITORS}.items()))


def agent_names() -> list[str]:
    """Short names of the agents, sorted."""
    return list(agent_targets())


def monitor_names() -> list[str]:
    """Short names of the monitors, sorted."""
    return list(monitor_targets())


def make_agent(name: str, device: str = "cpu") -> Agent:
    """Build an agent.

    Args:
        name: a short name, the path of a driver's ``.safetensors`` or ``.onnx`` file, or
            ``package.module:Class``; such a class is called with ``device=`` if it takes one, else with nothing.
        device: "cpu", "cuda" or "auto".

    Raises:
        UnknownNameError: nothing of that name, or the class is no agent.
        WeightsError: its weights are missing or damaged.
    """
    agent = _make(name, device, "agents", _AGENTS, _ROLE_AGENTS)
    if not isinstance(agent, Agent):
        raise UnknownNameError(f"{name!r} is no agent: see agents.protocol.Agent for what it must have")
    return agent


def make_monitor(name: str, device: str = "cpu") -> Monitor:
    """Build a monitor; names, paths and errors as for :func:`make_agent`."""
    monitor = _make(name, device, "monitors", _MONITORS, _ROLE_MONITORS)
    if not isinstance(monitor, Monitor):
        raise UnknownNameError(f"{name!r} is no monitor: see agents.protocol.Monitor for what it must have")
    return monitor


def _make(name: str, device: str, kind: str, table: Mapping[str, str], roles: Mapping[str, str]) -> Any:
    if name.endswith(".safetensors"):
        from agents.weights_io import load_weights

        path = Path(name)
        role = str(load_weights(path).config.get("role"))
        if role not in roles:
            raise UnknownNameError(f"{name}: these weights are a {role!r}, which is no {singular(kind)}")
        return load_class(roles[role], kind)(weights=path, device=device, name=_column_name(path.stem))
    if name.endswith(".onnx"):
        if kind != "agents":
            raise UnknownNameError(f"{name}: an ONNX file can drive, it is no {singular(kind)}")
        path = Path(name)
        return load_class("agents.onnx_driver:OnnxDriver", kind)(path, device=device, name=_column_name(path.stem))
    files = "a .safetensors or .onnx file, " if kind == "agents" else "a .safetensors file, "
    made = load_class(target_of(name, kind, table, also=files), kind)
    return made(device=device) if _takes_device(made) else made()


def _column_name(stem: str) -> str:
    """A file name as a name that tables can carry."""
    return re.sub(r"[^a-z0-9_]+", "_", stem.lower())


def _takes_device(made: Callable[..., Any]) -> bool:
    return "device" in inspect.signature(made).parameters
