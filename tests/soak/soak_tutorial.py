"""The tutorial, typed in as it stands: from the example's road to an agent of one's own, compared."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.documented_commands import REPOSITORY, documented_commands

PAGE = "docs/tutorial.md"
SET_UP = ("make ", "source ")
"""Done already where this test runs."""


@pytest.mark.timeout(1800)
def test_the_tutorial_works_as_it_stands(tmp_path: Path) -> None:
    for name in ("run_campaign.py", "examples", "scenarios"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment["PYTHONPATH"] = f"{REPOSITORY}{os.pathsep}{tmp_path}"
    typed = [c.text for c in documented_commands() if c.page == PAGE and not c.text.startswith(SET_UP)]
    assert len(typed) >= 8
    for command in typed:
        done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
        # A worse agent is exit code 1 of the comparison; something wrong is exit code 1 of the doctor.
        judged = "compare" in command or "--doctor" in command
        assert done.returncode == 0 or (judged and done.returncode == 1), f"{command}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "results" / "my_road" / "bright_side" / "report.html").is_file()
