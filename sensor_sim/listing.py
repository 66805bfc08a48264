"""``python -m sensor_sim list``: effects and presets in the terminal, with units and ranges."""

from __future__ import annotations

import argparse
from typing import Any

from sensor_sim.effects import EFFECTS, definition_of, plug_in_targets
from sensor_sim.effects.definition import EffectDefinition, NumberParameter
from sensor_sim.presets import preset_descriptions
from sensor_sim.severities.table import calibration


def add_command(commands: Any) -> None:
    """Declare the command's options."""
    parser = commands.add_parser("list", help="list effects and presets, or all about one effect")
    parser.add_argument("effect", nargs="?", help="an effect's name, or package.module:Class")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    print("\n".join(overview() if options.effect is None else details(definition_of(options.effect))))
    return 0


def overview() -> list[str]:
    """One line per effect, in the order in which the chain applies them, and per preset."""
    lines = ["Effects, in the order in which the chain applies them:"]
    lines += [f"  {name:22s} {definition.summary}" for name, definition in EFFECTS.items()]
    lines += [f"  {name:22s} plug-in {target}" for name, target in plug_in_targets().items()]
    lines += ["", "Presets:"]
    lines += [f"  {name:22s} {description}" for name, description in preset_descriptions().items()]
    return [*lines, "", "All about one effect: python -m sensor_sim list EFFECT"]


def details(definition: EffectDefinition) -> list[str]:
    """Formula, source, parameters and severities of one effect."""
    lines = [
        f"{definition.name}: {definition.summary}",
        f"  stage     {definition.stage.value}{', depends on earlier frames' if definition.stateful else ''}",
        f"  formula   {definition.formula}",
        f"  source    {definition.source}",
    ]
    for parameter in definition.parameters:
        if isinstance(parameter, NumberParameter):
            default = "required" if parameter.default is None else f"default {parameter.default:g}"
            neutral = "" if parameter.neutral is None else f", {parameter.neutral:g} changes nothing"
            lines.append(f"  {parameter.name}: {parameter.allowed}, {default}{neutral}")
        else:
            lines.append(f"  {parameter.name}: {parameter.allowed}, default {parameter.default}")
    stored = calibration()["effects"].get(definition.name)
    if stored is not None:
        values = ", ".join(f"{value:.4g}" for value in stored["values"])
        lines.append(f"  severities 1 to 5 at a width of 320 px: {stored['parameter']} = {values}")
    return lines
