"""Who listens on a port: a server counts as ready only when it is the server itself that answers there.

Another program may take a port between the bind test and the launch. If it is a simulator too, it accepts the
connection, and two campaigns would drive in one world.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

LISTEN = "0A"  # linux/net/tcp_states.h


def is_listener(pids: Iterable[int], port: int) -> bool | None:
    """Whether one of these processes listens on a TCP port; None where that cannot be told.

    Args:
        pids: processes; ids of those that have ended do no harm.
        port: of this network namespace.
    """
    wanted = {f"socket:[{inode}]" for inode in _listening(port)}
    readable = False
    for pid in pids:
        try:
            links = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
        except FileNotFoundError:  # it, or one of its files, is gone
            continue
        except PermissionError:  # of another user, as in a container
            return None
        readable = True
        if links & wanted:
            return True
    return False if readable else None


def _listening(port: int) -> set[str]:
    """Inodes of the sockets that listen on a port."""
    found = set()
    for table in ("tcp", "tcp6"):
        path = Path(f"/proc/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found
