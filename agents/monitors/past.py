"""What came before: rows of earlier ticks, carried from one stretch of an episode to the next."""

from __future__ import annotations

import torch


class Past:
    """The last ``ticks`` rows of an episode. Before it began everything was as on its first tick."""

    def __init__(self, ticks: int) -> None:
        self._ticks = ticks
        self._rows: torch.Tensor | None = None

    def before(self, now: torch.Tensor) -> torch.Tensor:
        """``now`` (T, …) after the rows before it, (ticks + T, …); the last rows are kept for next time."""
        rows = now[:1].expand(self._ticks, *now.shape[1:]) if self._rows is None else self._rows
        known = torch.cat([rows, now])
        self._rows = known[len(known) - self._ticks :].clone()
        return known


def with_past(known: torch.Tensor, lags: list[int]) -> torch.Tensor:
    """Each row beside earlier ones, (N − max lag, F · lags); ``known`` (N, F) begins max lag rows before the first."""
    first = max(lags)
    return torch.cat([known[first - lag : len(known) - lag] for lag in lags], dim=1)


def with_changes(known: torch.Tensor, lags: list[int]) -> torch.Tensor:
    """Each row beside its change over each lag, (N − max lag, F · (1 + lags)); ``known`` as for `with_past`."""
    now = known[max(lags) :]
    return torch.cat([now, now.repeat(1, len(lags)) - with_past(known, lags)], dim=1)
