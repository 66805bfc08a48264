"""A training that was killed goes on as if it had never stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.pilotnet import PilotNet, PilotNetConfig
from agents.training.checkpoint import CheckpointError
from agents.training.fit import FitHistory, FitSettings, fit

TARGET = np.random.default_rng(0).uniform(-40, 40, 12).astype(np.float32)
CONFIG = PilotNetConfig(61, 61, 1, dropout=0.5)
ADAM = FitSettings(epochs=4, learning_rate=1e-3, batch_size=4, optimiser="adam", loss="mse")


class Killed(Exception):
    """Stands for the signal."""


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def run(
    settings: FitSettings, checkpoint: Path | None = None, killed_in_epoch: int | None = None, **more: float
) -> tuple[PilotNet, FitHistory, list[str]]:
    network, lines = PilotNet(CONFIG, seed=1), list[str]()

    def report(line: str) -> None:
        lines.append(line)
        if killed_in_epoch is not None and f"epoch {killed_in_epoch}/" in line:
            raise Killed

    def batch(index: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(TARGET[index])[:, None, None, None].expand(-1, 1, 61, 61) + 100.0

    history = fit(network, batch, TARGET, settings, "cpu", lambda _: 1.0, report=report, checkpoint=checkpoint, **more)
    return network, history, lines


@pytest.mark.parametrize("optimiser", ["one_cycle", "adam", "sgd"])
def test_a_killed_fit_goes_on_bit_for_bit(tmp_path: Path, optimiser: str) -> None:
    settings = replace(ADAM, optimiser=optimiser, momentum=0.9)  # type: ignore[arg-type]
    whole, expected, _ = run(settings)
    checkpoint = tmp_path / "c" / "net.checkpoint"
    with pytest.raises(Killed):
        run(settings, checkpoint, killed_in_epoch=3)
    resumed, history, lines = run(settings, checkpoint)
    assert "goes on after epoch 2" in lines[0] and len(lines) == 3
    assert history.train_loss == expected.train_loss and len(history.validation_mae_deg) == 4
    for mine, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert [path.name for path in checkpoint.parent.iterdir()] == ["net.checkpoint"]


def test_a_finished_fit_is_not_fitted_again(tmp_path: Path) -> None:
    first, _, _ = run(ADAM, tmp_path / "c")
    again, history, lines = run(ADAM, tmp_path / "c")
    assert len(lines) == 1 and len(history.train_loss) == 4
    assert torch.equal(next(again.parameters()), next(first.parameters()))


def test_checkpoints_of_other_fits_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    run(replace(ADAM, epochs=1), tmp_path / "c")
    with pytest.raises(CheckpointError, match="other settings or data"):
        run(ADAM, tmp_path / "c")
    (tmp_path / "c").write_bytes(b"half a file")
    with pytest.raises(CheckpointError, match="damaged checkpoint"):
        run(ADAM, tmp_path / "c")


def test_a_time_limit_ends_a_fit_after_whole_epochs_and_the_history_says_how_many() -> None:
    _, history, lines = run(ADAM, time_limit_s=1e-9)
    assert len(history.train_loss) == 1 and "stopped after epoch 1 of 4" in lines[-1]


def test_mean_squared_error_is_counted_in_units_of_the_last_layer() -> None:
    network = PilotNet(CONFIG, seed=1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    settings = replace(ADAM, epochs=1, learning_rate=1e-12, batch_size=12)
    history = fit(
        network, lambda index: torch.zeros(len(index), 1, 61, 61), TARGET, settings, "cpu", report=lambda _: None
    )
    assert history.train_loss == [pytest.approx(float(((TARGET / 50.0) ** 2).mean()), abs=1e-4)]
