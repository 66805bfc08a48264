"""What happens to a campaign in the soak: strikes at its parts, ends of its driver, damage to what it has stored."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.results.index import read_index
from tests.campaign_process import Campaign, remains

# Counted in episodes, so that as much happens on a slow machine as on a quick one.
EPISODES_BETWEEN_STRIKES = (8, 24)
PAUSE_WHILE_MAPPING_S = 240.0
SLOW_S = (1.0, 6.0)
END_TIMEOUT_S = 240.0
SERVER, CLIENT, WORKER, RAYLET = (
    "-m embedded_carla",
    "harness.cluster.client_main",
    "ray::EpisodeWorker",
    "raylet/raylet",
)
ENDINGS: tuple[tuple[float, str], ...] = (
    (0.25, "driver killed"),
    (0.375, "Ctrl-C"),
    (0.5, "driver killed"),
    (0.625, "Ctrl-C twice"),
    (0.75, "driver killed"),
    (0.875, "raylet killed"),
    (1.0, "driver killed"),
)
"""(share of the episodes, what ends the driver then); the last one while departures are mapped and pages built."""


@dataclass
class Storm:
    """Random faults, injected into one campaign from its first worker to its last page.

    Attributes:
        dice: decides what, when and whom.
        episodes: of the campaign.
        counts: how often each fault was injected.
    """

    dice: random.Random
    episodes: int
    counts: Counter[str] = field(default_factory=Counter)
    _endings: list[tuple[float, str]] = field(default_factory=lambda: list(ENDINGS))
    _resumed_at: int | None = None
    _next_strike: int = 0
    _next_strike_s: float = 0.0
    _slowed: list[tuple[float, int]] = field(default_factory=list)

    def due_ending(self, finished: int) -> str | None:
        """What ends the driver now; None if nothing does. It always gets on by some episodes first."""
        resumed_at = self._resumed_at if self._resumed_at is not None else finished
        self._resumed_at = resumed_at
        gets_on = finished >= min(resumed_at + 3, self.episodes)
        if self._endings and gets_on and finished >= self._endings[0][0] * self.episodes:
            self._resumed_at = None
            return self._endings.pop(0)[1]
        return None

    def strike(self, campaign: Campaign, finished: int) -> None:
        """Hit one of the campaign's processes if enough episodes have been finished, or, once all are and departures
        are mapped, if enough time has gone by."""
        now = time.monotonic()
        for until, pid in [(until, pid) for until, pid in self._slowed if until < now]:
            self._slowed.remove((until, pid))
            send(pid, signal.SIGCONT)
        is_due = now > self._next_strike_s if finished >= self.episodes else finished >= self._next_strike
        if not is_due:
            return
        if self._next_strike:
            kind = self.dice.choice(sorted(self._strikes()))
            self.counts[kind] += self._strikes()[kind](campaign)
        self._next_strike = finished + self.dice.randint(*EPISODES_BETWEEN_STRIKES)
        self._next_strike_s = now + PAUSE_WHILE_MAPPING_S

    def end(self, campaign: Campaign, kind: str) -> None:
        """End the driver, see that nothing is left of it, and damage what it has stored."""
        before = campaign.descendants()
        pid = campaign.process.pid
        if kind == "driver killed":
            campaign.process.kill()
        elif kind == "raylet killed":
            self._signal(campaign, RAYLET, signal.SIGKILL)
        else:
            for _ in range(kind.startswith("Ctrl-C") + kind.endswith("twice")):
                os.killpg(pid, signal.SIGINT)
        campaign.wait(END_TIMEOUT_S)
        assert not remains(before), kind
        assert kind != "raylet killed" or campaign.process.returncode == 3, campaign.text()
        self.counts[kind] += 1
        self._damage(campaign)

    def _strikes(self) -> dict[str, Callable[[Campaign], bool]]:
        return {
            "server killed": lambda campaign: self._signal(campaign, SERVER, signal.SIGKILL),
            "server stopped": lambda campaign: self._signal(campaign, SERVER, signal.SIGSTOP),
            "server slow": lambda campaign: self._slow_down(campaign, SERVER),
            "server sent garbage": self._send_garbage,
            "driving process killed": lambda campaign: self._signal(campaign, CLIENT, signal.SIGKILL),
            "driving process slow": lambda campaign: self._slow_down(campaign, CLIENT),
            "worker killed": lambda campaign: self._signal(campaign, WORKER, signal.SIGKILL),
        }

    def _choose(self, campaign: Campaign, word: str) -> tuple[int, str] | None:
        """One of the campaign's processes with this word in its command line; None if there is none."""
        found = sorted((pid, seen.command) for pid, seen in campaign.descendants().items() if word in seen.command)
        return self.dice.choice(found) if found else None

    def _signal(self, campaign: Campaign, word: str, number: signal.Signals) -> bool:
        chosen = self._choose(campaign, word)
        return chosen is not None and send(chosen[0], number)

    def _slow_down(self, campaign: Campaign, word: str) -> bool:
        """Stop a process and let it go on some seconds later."""
        chosen = self._choose(campaign, word)
        if chosen is None or not send(chosen[0], signal.SIGSTOP):
            return False
        self._slowed.append((time.monotonic() + self.dice.uniform(*SLOW_S), chosen[0]))
        return True

    def _send_garbage(self, campaign: Campaign) -> bool:
        """A stranger connects to the rpc or the stream port and says nonsense."""
        chosen = self._choose(campaign, SERVER)
        port = re.search(r"-carla-rpc-port=(\d+)", chosen[1]) if chosen else None
        if port is None:
            return False
        with contextlib.suppress(OSError):
            address = ("127.0.0.1", int(port[1]) + self.dice.randrange(2))
            with socket.create_connection(address, timeout=2.0) as stranger:
                stranger.sendall(self.dice.randbytes(self.dice.randrange(1, 4000)))
                return True
        return False

    def _damage(self, campaign: Campaign) -> None:
        """Cut a stored file short, and leave half a line in the index."""
        entries = list(read_index(campaign.folder / "index.jsonl").values())
        victim = campaign.folder / self.dice.choice(self.dice.choice(entries).files).path
        victim.write_bytes(victim.read_bytes()[:-7])
        with (campaign.folder / "index.jsonl").open("ab") as index:
            index.write(b'{"schema_version":1,"episode')
        self.counts["record damaged"] += 1
        self.counts["index torn"] += 1


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; False if the process is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
