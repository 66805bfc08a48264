"""What a scenario can name: everything shipped, and what installed packages announce."""

from __future__ import annotations

from dataclasses import dataclass

from agents.plug_ins import announced, describe
from agents.registry import agent_targets, monitor_targets
from sensor_sim.effects import EFFECTS, effect_class, plug_in_targets
from sensor_sim.errors import SensorSpecError

KINDS = ("agents", "monitors", "effects", "saliency", "metrics", "sections")


@dataclass(frozen=True)
class Entry:
    """One thing to name: its short name, one line about it, and whether an installed package brought it."""

    name: str
    summary: str
    plug_in: bool


def catalogue(kind: str) -> list[Entry]:
    """Everything of one of ``KINDS`` that has a short name, sorted; effects in the order of the chain.

    Raises:
        KeyError: no such kind.
    """
    return {"agents": _agents, "monitors": _monitors, "effects": _effects, "saliency": _saliency}.get(
        kind, lambda: _announced(kind)
    )()


def listing(kind: str) -> str:
    """The catalogue of a kind as text, one line per entry."""
    entries = catalogue(kind)
    width = max((len(entry.name) for entry in entries), default=0)
    lines = [f"{e.name:<{width}}  {e.summary}{' (plug-in)' if e.plug_in else ''}" for e in entries]
    if not lines:
        lines = [f"no {kind} have a short name here"]
    return "\n".join([*lines, f"and any package.module:Class; docs/extending.md has an example of {kind}"])


def _agents() -> list[Entry]:
    return _described("agents", agent_targets())


def _monitors() -> list[Entry]:
    return _described("monitors", monitor_targets())


def _announced(kind: str) -> list[Entry]:
    if kind not in KINDS:
        raise KeyError(f"no kind {kind!r}; there are {', '.join(KINDS)}")
    return _described(kind, dict(sorted(announced(kind).items())))


def _described(kind: str, targets: dict[str, str]) -> list[Entry]:
    outside = announced(kind)
    return [Entry(name, describe(target, kind), outside.get(name) == target) for name, target in targets.items()]


def _effects() -> list[Entry]:
    shipped = [Entry(name, definition.summary, False) for name, definition in EFFECTS.items()]
    return shipped + [
        Entry(name, _effect_summary(name), True) for name in sorted(set(plug_in_targets()) - set(EFFECTS))
    ]


def _effect_summary(name: str) -> str:
    try:
        return effect_class(name).definition.summary
    except SensorSpecError as error:
        return f"cannot be loaded: {error}"


def _saliency() -> list[Entry]:
    from agents.saliency.methods import METHODS  # PyTorch's start-up only for this list

    shipped = [Entry(name, (type(m).__doc__ or "").partition("\n")[0], False) for name, m in sorted(METHODS.items())]
    outside = {name: target for name, target in sorted(announced("saliency").items()) if name not in METHODS}
    return shipped + _described("saliency", outside)
