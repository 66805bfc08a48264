"""What the forecast reads of each tick: the driver's and a student's inner pictures, and a few plain figures."""

from __future__ import annotations

import torch

from agents.monitors.attention import attention_of
from agents.monitors.crop_monitor import Stretch
from agents.monitors.picture_figures import log_detail, small_pictures
from agents.monitors.student_monitor import StudentMonitor
from agents.monitors.watched_driver import dense_outputs, flat_features, pooled_features
from agents.steering_network import SteeringNetwork

LAGS_S = (0.0, 0.4, 0.8)
"""Now, and what it looked like before."""
_SMALLEST = 1e-12
_POOLED_LAST = 64
_STUDENT_ERROR = 1
"""Column of `tick_features`; the last columns are its hidden layers."""


def tick_features(stretch: Stretch, driver: SteeringNetwork, student: StudentMonitor) -> torch.Tensor:
    """Features of each tick, (T, F): driver's dense layers, steering and last maps, student's dense layers and error,
    speed, attention, and statistics of the picture.

    Args:
        stretch: the ticks, with the driver's activations. driver: its network. student: reads the same crops.
    """
    maps = stretch.activations
    assert maps is not None
    with torch.inference_mode():
        grey = stretch.network_input("grey")
        error_deg, student_maps = student.student_pass(stretch)
        attention = attention_of(stretch)
        driver_dense = dense_outputs(driver, flat_features(maps))
        student_dense = dense_outputs(student.loaded.network, flat_features(student_maps))
        single = torch.stack(
            [
                torch.from_numpy(stretch.swa_deg),
                error_deg,
                torch.from_numpy(stretch.speed_mps),
                attention.maps.mean(dim=(1, 2, 3)),
                torch.log(attention.high.clamp_min(_SMALLEST)),
                grey.mean(dim=(1, 2, 3)),
                small_pictures(grey).flatten(1).std(dim=1),
                log_detail(grey),
            ],
            dim=1,
        )
        pooled = pooled_features(maps)[:, -_POOLED_LAST:]
        return torch.cat([single, *driver_dense, pooled, student_dense[0], student_dense[-1]], dim=1)


def with_student(
    features: torch.Tensor, error_deg: torch.Tensor, first: torch.Tensor, last: torch.Tensor
) -> torch.Tensor:
    """`tick_features` (T, F) as another student of the same shape would give them.

    Args:
        error_deg: (T,), its predicted error. first, last: outputs of its first and last hidden layer, (T, width) each.
    """
    dense = torch.cat([first, last], dim=1)
    kept = features[:, : features.shape[1] - dense.shape[1]]
    return torch.cat([kept[:, :_STUDENT_ERROR], error_deg[:, None], kept[:, _STUDENT_ERROR + 1 :], dense], dim=1)
