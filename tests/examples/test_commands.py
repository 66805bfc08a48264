"""Every command that README and docs/ print is one that the programs here understand; the quick ones are run."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.documented_commands import REPOSITORY, Command, documented_commands

COMMANDS = documented_commands()
PYTHON = [command for command in COMMANDS if command.text.startswith("python ")]
SUBCOMMANDS = {"harness.evaluation", "harness.results", "sensor_sim", "reports", "agents.saliency_quality"}
QUICK = re.compile(r"run_campaign\.py .*(--check|--dry-run|--list)|harness\.evaluation plan|sensor_sim list")
TUTORIAL = REPOSITORY / "examples" / "tutorial"


def _run(arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    program = [str(REPOSITORY / arguments[0]), *arguments[1:]] if arguments[0].endswith(".py") else arguments
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{cwd}"}
    command = [sys.executable, *program]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


@functools.cache
def _help_of(program: tuple[str, ...], subcommand: str | None) -> str:
    shown = _run([*program, *([subcommand] if subcommand else []), "--help"], REPOSITORY)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def test_pages_have_commands() -> None:
    assert len(PYTHON) > 30 and len({command.page for command in COMMANDS}) > 5


@pytest.mark.parametrize("command", PYTHON, ids=lambda command: f"{command.page}: {command.text}")
def test_options_of_a_documented_command_exist(command: Command) -> None:
    subcommand = command.arguments[0] if command.program[-1] in SUBCOMMANDS and command.arguments[0][0] != "-" else None
    known = _help_of(command.program, subcommand)
    unknown = [option for option in command.options if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", known)]
    assert not unknown, f"{command.program} does not know {unknown}"


@pytest.mark.parametrize(
    "target", sorted({word for c in COMMANDS if c.text.startswith("make ") for word in c.words[1:2]})
)
def test_documented_make_targets_exist(target: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


@pytest.mark.parametrize("command", [c for c in PYTHON if QUICK.search(c.text)], ids=lambda command: command.text)
def test_quick_documented_commands_do_what_they_say(command: Command, tmp_path: Path) -> None:
    for name in ("my_road.yaml", "my_agent.py"):
        (tmp_path / name).write_text((TUTORIAL / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "scenarios").symlink_to(REPOSITORY / "scenarios")
    done = _run([*command.program, *command.arguments], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
