"""Nobody waits, before the first tick, for what driving does not need yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.campaign_process import REPOSITORY, scenario_file

CODE = """
import sys
from pathlib import Path
import harness.cluster.campaign_run
from harness.cluster.campaign_plan import plan_campaign
plan_campaign(Path(sys.argv[1]))
print(" ".join(sorted({"carla", "pandas", "scenariogeneration", "torch"} & set(sys.modules))))
"""


def test_a_campaign_without_networks_is_planned_without_the_libraries_of_driving(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(scenario_file(tmp_path))],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
