"""One training loop, on tasks small enough for a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agents.pilotnet import PILOTNET_CONVOLUTIONS, PilotNet, PilotNetConfig
from agents.preprocessing import to_network_input
from agents.saliency.visualbackprop import visualbackprop
from agents.training.calibrate import CalibrationIncompleteError, require_complete
from agents.training.dataset import Frames, NoDataError
from agents.training.driver import fit_driver, mae_by_range
from agents.training.fit import FitHistory, FitSettings, fit, predict
from agents.training.student import fit_student, grey_inputs, saliency_inputs
from harness.cluster.campaign_run import CampaignResult, Status
from tests.agents.training.recorded_frames import frames

SETTINGS = FitSettings(epochs=3, learning_rate=2e-3, batch_size=8)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def bars(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of an upright bar, and how far right it stands as an angle: crops (N, 66, 200, 3), degrees (N,)."""
    rng = np.random.default_rng(seed)
    place = rng.integers(20, 180, count)
    crops = np.full((count, 66, 200, 3), 40, dtype=np.uint8)
    for picture, x in zip(crops, place, strict=True):
        picture[:, x - 8 : x + 8] = 220
    return crops, ((place - 100) * 0.5).astype(np.float32)


def recorded(count: int = 96) -> Frames:
    crops, swa_deg = bars(count)
    columns = {"swa_label_deg": swa_deg, "swa_agent_deg": 0.5 * swa_deg}
    return frames([count // 8] * 8, columns, crops=crops)


def fitted(settings: FitSettings, weight: np.ndarray | None = None) -> tuple[PilotNet, FitHistory]:
    crops, swa_deg = bars(48)
    network = PilotNet(PilotNetConfig(), seed=1)
    history = fit(
        network,
        lambda index: to_network_input(crops[index], "yuv"),
        swa_deg,
        settings,
        "cpu",
        None,
        weight,
        lambda _: None,
    )
    return network, history


def test_the_loss_falls() -> None:
    _, history = fitted(FitSettings(epochs=6, learning_rate=2e-3, batch_size=8))
    assert len(history.train_loss) == 6
    assert history.train_loss[-1] < 0.6 * history.train_loss[0]


def test_the_same_seed_gives_the_same_weights_and_touches_no_global_generator() -> None:
    before = torch.random.get_rng_state()
    (one, first), (other, second) = fitted(SETTINGS), fitted(SETTINGS)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert first.train_loss == second.train_loss
    for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    third, _ = fitted(FitSettings(3, 2e-3, batch_size=8, seed=5))
    assert not torch.equal(next(third.parameters()), next(one.parameters()))


def test_only_samples_with_weight_are_drawn() -> None:
    """All weight on two samples: the others' targets leave no trace."""
    weight = np.zeros(48, dtype=np.float32)
    weight[[3, 7]] = 1.0
    drawn: set[int] = set()
    crops, swa_deg = bars(48)

    def batch(index: np.ndarray) -> torch.Tensor:
        drawn.update(index.tolist())
        return to_network_input(crops[index], "yuv")

    fit(PilotNet(), batch, swa_deg, FitSettings(1, 1e-3, batch_size=8), "cpu", None, weight, lambda _: None)
    assert drawn == {3, 7}


def test_fewer_samples_than_a_batch_are_one_batch_and_none_are_refused() -> None:
    _, history = fitted(FitSettings(epochs=2, learning_rate=1e-3, batch_size=512))
    assert np.isfinite(history.train_loss).all()
    with pytest.raises(NoDataError, match="no sample"):
        fit(PilotNet(), lambda index: torch.zeros(0), np.zeros(0, np.float32), SETTINGS, "cpu")


def test_predictions_come_in_order_whatever_the_batch() -> None:
    crops, _ = bars(10)
    network = PilotNet(seed=2)
    batches = lambda index: to_network_input(crops[index], "yuv")  # noqa: E731
    whole, parts = predict(network, batches, 10, "cpu"), predict(network, batches, 10, "cpu", batch_size=3)
    assert whole.shape == (10,) and whole == pytest.approx(parts, abs=1e-3)


def test_a_driver_is_fitted_on_frames_before_departures_only() -> None:
    data = recorded()
    network, history, mae = fit_driver(data, SETTINGS, "cpu")
    assert mae["all"] is not None and len(history.validation_mae_deg) == 3
    # Nonsense labels after the departure change nothing.
    departed = np.arange(len(data)) % 12 >= 10
    clean = {**data.columns, "departed": departed.astype(np.float32)}
    spoilt = {**clean, "swa_label_deg": np.where(departed, 900.0, data.columns["swa_label_deg"]).astype(np.float32)}
    one, other = (
        fit_driver(Frames(data.crops, columns, data.episode, data.specs, ""), SETTINGS, "cpu")[0]
        for columns in (clean, spoilt)
    )
    for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert not torch.equal(next(one.parameters()), next(network.parameters()))


def test_a_student_learns_the_signed_error_and_reports_its_scores() -> None:
    data = recorded()
    network, history, scores = fit_student(
        data, grey_inputs(data.crops), PilotNet(seed=3), FitSettings(8, 2e-3, batch_size=8), "cpu"
    )
    assert network.config.channels == 1 and len(history.train_loss) == 8
    assert history.train_loss[-1] < 0.7 * history.train_loss[0]
    error = data.columns["swa_agent_deg"] - data.columns["swa_label_deg"]
    _, held = data.holdout(data.before_departure, 0.15, 0)
    assert scores.failure_share == pytest.approx(float((np.abs(error[held]) > 5.0).mean()), abs=1e-4)
    assert scores.mae_deg["60-90"] is None


def test_network_inputs_of_students_are_pictures_of_bytes() -> None:
    crops, _ = bars(5)
    network = PilotNet(seed=0)
    maps, grey = saliency_inputs(network, crops, "cpu"), grey_inputs(crops)
    assert maps.shape == grey.shape == (5, 66, 200)
    assert maps.dtype == grey.dtype == np.uint8
    assert set(np.unique(grey)) == {40, 220}
    inputs = to_network_input(crops[2:3], "yuv")
    with torch.inference_mode():
        alone = visualbackprop(network.forward_with_activations(inputs)[1], PILOTNET_CONVOLUTIONS, (66, 200)).maps
    assert np.abs(maps[2].astype(int) - np.round(alone[0, 0].numpy() * 255.0)).max() <= 1


def test_errors_are_averaged_by_range_of_the_reference() -> None:
    reference = np.array([0.0, 29.9, -30.0, 45.0, 100.0], dtype=np.float32)
    predicted = reference + np.array([1.0, 3.0, -4.0, 6.0, 10.0], dtype=np.float32)
    assert mae_by_range(predicted, reference, reference) == {"0-30": 2.0, "30-60": 5.0, "60-90": None, "all": 4.8}


def test_an_incomplete_calibration_is_refused() -> None:
    require_complete(CampaignResult(Path("x"), Status.COMPLETE, planned=90, stored=90, lost=0))
    for stored, planned in ((89, 90), (0, 0)):
        with pytest.raises(CalibrationIncompleteError, match=f"{planned - stored} of {planned} calibration episodes"):
            require_complete(CampaignResult(Path("x"), Status.INCOMPLETE, planned, stored, 1, "lost one"))
