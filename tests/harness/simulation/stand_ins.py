"""Stand-ins for what starts CARLA: the same command lines, with the embedded server behind them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

# Like CarlaUE4.sh: a shell whose child is the simulator, without exec.
BINARY = """#!/bin/bash
echo "$@" >> {state}/calls
"{python}" -m embedded_carla "$@"
"""

# Like docker and podman: the container is no child of the client, and outlives it.
ENGINE = """#!/bin/bash
echo "$@" >> {state}/calls
case "$1" in
run)
    while [ "$1" != --name ]; do shift; done
    name=$2
    while [ "$1" != ./CarlaUE4.sh ]; do shift; done
    shift
    setsid "{python}" -m embedded_carla "$@" &
    echo $! > {state}/$name.pid
    wait
    rm -f {state}/$name.pid ;;
rm)
    [ -f {state}/$3.pid ] || {{ echo "no such container: $3" >&2; exit 1; }}
    kill -9 -- -$(cat {state}/$3.pid)
    rm -f {state}/$3.pid ;;
inspect)
    cat {state}/$4.pid ;;
esac
"""

# Like apptainer: the container is a child, and sees the host's folders.
APPTAINER = """#!/bin/bash
echo "$@" >> {state}/calls
while [ "$1" != carla ]; do shift; done
shift
"{python}" -m embedded_carla "$@"
"""

NVIDIA_SMI = """#!/bin/bash
echo '<nvidia_smi_log>'
for gpu in 0 1; do
    echo "<gpu><processes>"
    [ "$gpu" = "{gpu}" ] && for pid in $(ps -e -o pid= -o args= | awk '/[m] embedded_carla/ {{print $1}}'); do
        echo "<process_info><pid> $pid </pid><type>G</type></process_info>"
    done
    echo "</processes></gpu>"
done
echo '</nvidia_smi_log>'
"""


def script(path: Path, text: str) -> Path:
    """An executable file."""
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put all stand-ins into ``folder`` and before everything else on PATH; returns the path of CarlaUE4.sh."""
    words = {"python": sys.executable, "state": folder}
    for engine in ("docker", "podman"):
        script(folder / engine, ENGINE.format(**words))
    script(folder / "apptainer", APPTAINER.format(**words))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return script(folder / "CarlaUE4.sh", BINARY.format(**words))


def calls(folder: Path) -> list[str]:
    """Command lines that the stand-ins were called with, in order."""
    return (folder / "calls").read_text().splitlines()
