"""Progress says what matters, as plain lines where nobody watches."""

from __future__ import annotations

import io

from harness.cluster.progress import CampaignProgress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_count_episodes_departures_and_losses() -> None:
    log = io.StringIO()
    with CampaignProgress(total=10, already_done=4, stream=log) as progress:
        progress.episode_done(ticks=400, departed=True, lost=False)
        progress.episode_done(ticks=0, departed=False, lost=True)
        for _ in range(3):
            progress.episode_done(ticks=400, departed=False, lost=False)
        progress.note("server of worker 1 died")
    lines = log.getvalue().splitlines()
    assert lines[0] == "6 of 10 episodes to run, starting workers"
    assert lines[1] == "server of worker 1 died"
    assert lines[-1].startswith("9/10 episodes · 1 departed · 1 lost to the infrastructure · ")
    assert lines[-1].endswith(" left") and "ticks/s" in lines[-1]
    assert "\x1b" not in log.getvalue()


def test_many_results_in_a_log_do_not_make_many_lines() -> None:
    log = io.StringIO()
    with CampaignProgress(total=500, stream=log) as progress:
        for _ in range(500):
            progress.episode_done(ticks=400, departed=False, lost=False)
    assert len(log.getvalue().splitlines()) <= 3


def test_a_terminal_gets_a_live_display() -> None:
    terminal = Terminal()
    with CampaignProgress(total=2, stream=terminal) as progress:
        progress.episode_done(ticks=400, departed=False, lost=False)
    assert "\x1b" in terminal.getvalue() and "1/2 episodes" in terminal.getvalue()


def test_before_the_first_result_no_rate_is_invented() -> None:
    assert CampaignProgress(total=3, stream=io.StringIO()).line() == "0/3 episodes · 0 departed · starting"
