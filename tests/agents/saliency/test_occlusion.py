"""Occlusion on a driver whose cues are known."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
import torch
from captum.attr import Occlusion

from agents.network_file import load_network
from agents.saliency.occlusion import (
    GREY,
    OcclusionPatches,
    Predict,
    camera_driver,
    iterative_occlusion,
    occlusion_map,
)
from agents.weights_io import WEIGHTS_FOLDER
from tests.agents.saliency.stored_frames import stored_frames

BLACK = np.zeros((48, 64, 3), dtype=np.uint8)


def frame_with(*spots: tuple[int, int]) -> npt.NDArray[np.uint8]:
    frame = BLACK.copy()
    for row, column in spots:
        frame[row : row + 4, column : column + 4] = 255
    return frame


def brightest(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """10° where there is a white pixel, else 0°."""
    return 10.0 * (pictures.max(axis=(1, 2, 3)) == 255).astype(np.float64)


def test_the_cue_is_where_covering_it_changes_the_wheel() -> None:
    patches = OcclusionPatches(patch_px=16, stride_px=8)
    found = occlusion_map(brightest, frame_with((20, 40)), patches)
    assert found.base_swa_deg == 10.0
    row, column = found.corners[found.strongest]
    assert row <= 20 and row + 16 >= 24 and column <= 40 and column + 16 >= 44
    assert found.change_deg[21, 41] == -10.0  # every square over the cue covers it whole
    assert found.change_deg[2, 2] == 0.0


def test_two_cues_mask_each_other_and_the_second_round_finds_them() -> None:
    patches = OcclusionPatches(patch_px=16, stride_px=8)
    frame = frame_with((8, 8), (32, 48))
    assert np.nanmax(np.abs(occlusion_map(brightest, frame, patches).change_deg)) == 0.0

    def half_each(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        left = pictures[:, :, :32].max(axis=(1, 2, 3)) == 255
        right = pictures[:, :, 32:].max(axis=(1, 2, 3)) == 255
        return np.where(left, 10.0, np.where(right, 9.0, 0.0))

    first, second = iterative_occlusion(half_each, frame, 2, patches)
    assert first.corners[first.strongest][1] < 32 <= second.corners[second.strongest][1] + 15
    assert np.nanmin(first.change_deg) == -1.0 and np.nanmin(second.change_deg) == -9.0


def test_pixels_no_patch_covers_are_undefined() -> None:
    inside = occlusion_map(brightest, BLACK, OcclusionPatches(patch_px=20, stride_px=20, edge="inside"))
    assert np.isnan(inside.swa_deg[40:]).all() and np.isnan(inside.swa_deg[:, 60:]).all()
    assert np.isfinite(inside.swa_deg[:40, :60]).all()
    flush = occlusion_map(brightest, BLACK, OcclusionPatches(patch_px=20, stride_px=20, edge="flush"))
    assert np.isfinite(flush.swa_deg).all()


def test_patches_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="64 px every 16 px do not fit a picture of 64×48 px"):
        occlusion_map(brightest, BLACK)


def slow_oracle(
    predict: Predict, frame: npt.NDArray[np.uint8], patch_px: int, stride_px: int, edge: str
) -> npt.NDArray[np.float64]:
    """Pixel by pixel, from the rule in words: mean answer over the squares that cover it, NaN where none does."""

    def allowed(start: int, size: int) -> bool:
        fits = start + patch_px <= size
        return fits and (start % stride_px == 0 or (edge == "flush" and start + patch_px == size))

    height, width = frame.shape[:2]
    answers: dict[tuple[int, int], float] = {}
    swa_deg = np.full((height, width), np.nan)
    for row, column in np.ndindex(height, width):
        over = []
        for top in range(max(0, row - patch_px + 1), row + 1):
            for left in range(max(0, column - patch_px + 1), column + 1):
                if not (allowed(top, height) and allowed(left, width)):
                    continue
                if (top, left) not in answers:
                    picture = frame.copy()
                    for r, c in np.ndindex(patch_px, patch_px):
                        picture[top + r, left + c] = 128
                    answers[top, left] = float(predict(picture[None])[0])
                over.append(answers[top, left])
        if over:
            swa_deg[row, column] = sum(over) / len(over)
    return swa_deg


def bent(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Not linear, and different at every pixel."""
    weights = np.random.default_rng(3).normal(size=pictures.shape[1:])
    return 40.0 * np.tanh((pictures * weights).sum(axis=(1, 2, 3)) / 3000.0)


@pytest.mark.parametrize("edge", ["inside", "flush"])
@pytest.mark.parametrize(("patch_px", "stride_px"), [(5, 3), (4, 4), (3, 5), (13, 2)])
def test_equals_a_slow_oracle_pixel_by_pixel(edge: Literal["inside", "flush"], patch_px: int, stride_px: int) -> None:
    frame = np.random.default_rng(2).integers(0, 256, (13, 18, 3), dtype=np.uint8)
    found = occlusion_map(bent, frame, OcclusionPatches(patch_px, stride_px, edge))
    expected = slow_oracle(bent, frame, patch_px, stride_px, edge)
    np.testing.assert_allclose(found.swa_deg, expected, rtol=1e-9)
    assert np.isnan(expected).any() == (edge == "inside" or stride_px > patch_px)
    assert found.base_swa_deg == bent(frame[None])[0]


def test_every_further_round_starts_from_the_picture_under_the_strongest_squares() -> None:
    frame = np.random.default_rng(4).integers(0, 256, (13, 18, 3), dtype=np.uint8)
    passes = iterative_occlusion(bent, frame, 3, OcclusionPatches(5, 3))
    assert len(passes) == 3
    covered = frame.copy()
    for found in passes:
        np.testing.assert_allclose(found.swa_deg, slow_oracle(bent, covered, 5, 3, "flush"), rtol=1e-9)
        base_deg = float(bent(covered[None])[0])
        assert found.base_swa_deg == base_deg
        change_deg = [abs(answer - base_deg) for answer in found.outputs_deg]
        top, left = found.corners[change_deg.index(max(change_deg))]
        covered[top : top + 5, left : left + 5] = 128
    with pytest.raises(ValueError, match="at least one round"):
        iterative_occlusion(bent, frame, 0, OcclusionPatches(5, 3))


def test_agrees_with_captum_where_both_are_defined() -> None:
    """Captum's map is base − mean output under the windows, for strides that tile the picture."""
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    weights = torch.from_numpy(rng.normal(size=(3, 24, 32)))

    def linear(x: torch.Tensor) -> torch.Tensor:
        return (x * weights).sum(dim=(1, 2, 3))

    def predict(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        return linear(torch.from_numpy(pictures).double().permute(0, 3, 1, 2)).numpy()

    x = torch.from_numpy(frame).double().permute(2, 0, 1)[None]
    theirs = Occlusion(linear).attribute(x, sliding_window_shapes=(3, 8, 8), strides=(3, 8, 8), baselines=float(GREY))
    ours = occlusion_map(predict, frame, OcclusionPatches(patch_px=8, stride_px=8))
    np.testing.assert_allclose(-ours.change_deg, theirs[0, 0].numpy(), rtol=1e-6, atol=1e-4)


def test_what_the_driver_never_sees_changes_nothing() -> None:
    """Sky above the crop: a square there leaves the answer as it is; squares on the road do not."""
    frame = stored_frames().pictures[2]
    loaded = load_network(WEIGHTS_FOLDER / "pilotnet.safetensors", "driver")
    found = occlusion_map(camera_driver(loaded), frame, OcclusionPatches(patch_px=32, stride_px=32))
    first_row = loaded.preprocessing.first_row(frame.shape[0])
    assert np.abs(found.change_deg[: first_row - 32]).max() < 1e-3
    assert np.abs(found.change_deg[first_row:]).max() > 1.0
