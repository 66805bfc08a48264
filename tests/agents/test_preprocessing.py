"""From camera picture to network input, against OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from agents.preprocessing import Preprocessing, crop, to_network_input


def picture(height: int = 360, width: int = 640) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_crop_keeps_the_lower_part_only() -> None:
    frame = picture()
    road = crop(frame)
    assert road.shape == (66, 200, 3) and road.dtype == np.uint8
    top = Preprocessing().first_row(360)
    assert top == 137
    changed_above, changed_below = frame.copy(), frame.copy()
    changed_above[:top] = 0
    changed_below[top:] = 0
    assert np.array_equal(crop(changed_above), road)
    assert crop(changed_below).max() == 0


def test_yuv_is_opencvs() -> None:
    crops = picture(66, 200)[np.newaxis]
    ours = to_network_input(crops, "yuv")[0].permute(1, 2, 0).numpy()
    theirs = cv2.cvtColor(crops[0], cv2.COLOR_RGB2YUV).astype(np.float32)
    # OpenCV cuts extreme colours off at 0 and 255.
    np.testing.assert_allclose(np.clip(ours, 0, 255), theirs, atol=1.0)


def test_grey_is_the_first_channel_of_yuv_and_opencvs_grey() -> None:
    crops = picture(66, 200)[np.newaxis]
    grey = to_network_input(crops, "grey")
    assert torch.equal(grey[:, 0], to_network_input(crops, "yuv")[:, 0])
    np.testing.assert_allclose(grey[0, 0].numpy(), cv2.cvtColor(crops[0], cv2.COLOR_RGB2GRAY), atol=1.0)


def test_network_input_is_the_crop_in_the_networks_colours() -> None:
    frame = picture()
    wanted = Preprocessing(height=102, width=364, colour="grey")
    assert wanted.channels == 1
    x = wanted.network_input(frame)
    assert tuple(x.shape) == (1, 1, 102, 364) and x.dtype == torch.float32
    assert torch.equal(x, to_network_input(wanted.crop(frame)[np.newaxis], "grey"))


@pytest.mark.parametrize(
    "frame", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_anything_but_a_uint8_rgb_picture_is_refused(frame: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8 RGB"):
        crop(frame)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="lower_share"):
        Preprocessing(lower_share=0.0)
    with pytest.raises(ValueError, match="colour"):
        Preprocessing(colour="cmyk")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="crops"):
        to_network_input(np.zeros((1, 4, 4), np.uint8), "yuv")


def test_rows_can_be_cut_at_the_bottom() -> None:
    frame = np.arange(100, dtype=np.uint8)[:, None, None].repeat(20, axis=1).repeat(3, axis=2)
    band = Preprocessing(lower_share=0.6, height=35, width=20, cut_bottom_share=0.25)
    assert (band.first_row(100), band.end_row(100)) == (40, 75) and band.seen_rows == (0.4, 0.75)
    assert np.array_equal(band.crop(frame), frame[40:75])
    top_half = Preprocessing(lower_share=1.0, height=50, width=20, cut_bottom_share=0.5)
    assert np.array_equal(top_half.crop(frame), frame[:50])
    with pytest.raises(ValueError, match="cut_bottom_share"):
        Preprocessing(lower_share=0.5, cut_bottom_share=0.5)
