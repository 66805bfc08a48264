"""The whole chain: order, determinism, guarded input."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from sensor_sim import base_chain
from sensor_sim.chain import SensorChain
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.schedule import SensorSchedule
from sensor_sim.transfer_curve import decode_table
from tests.sensor_sim.frames import chain, context, degrade, effect, smooth_frame
from tests.sensor_sim.test_blur import box_weights

FULL = [
    effect("blur", width_px=2.5),
    effect("chromatic_aberration", k1=0.01),
    effect("noise", sigma_dn=3.0),
    effect("exposure", saturation_percent=2.0),
    effect("gamma", gamma=0.8, curve="book"),
]


def test_order_of_the_printed_pipeline_without_noise() -> None:
    frame = smooth_frame()
    linear = decode_table()[frame].astype(np.float64)
    lo = linear.min()
    hi = np.quantile(linear, 0.98)
    weights = box_weights(2.5)
    for axis in (0, 1):
        linear = correlate1d(linear, weights, axis=axis, mode="nearest")
    exposed = np.clip(np.round(255 * (linear - lo) / (hi - lo)), 0, 255)
    expected = np.round(255 * (exposed / 255) ** 0.8)
    out = degrade([FULL[0], FULL[3], effect("gamma", gamma=0.8, curve="book", quantise="book")], frame)
    # hi is interpolated inside a histogram code here and taken from the list of values there: up to one
    # level.
    assert np.abs(out - expected).max() <= 2
    assert np.abs(out - expected).mean() < 0.6


def test_same_seed_and_tick_give_the_same_bytes_in_any_order() -> None:
    frame = smooth_frame()
    forward, backward = chain(FULL, frame, seed=99), chain(FULL, frame, seed=99)
    there = {tick: forward.apply(frame, context(tick)).tobytes() for tick in range(6)}
    back = {tick: backward.apply(frame, context(tick)).tobytes() for tick in reversed(range(6))}
    assert there == back
    assert len(set(there.values())) == 6


def test_another_process_gives_the_same_bytes() -> None:
    program = (
        "import hashlib\n"
        "from tests.sensor_sim.test_chain import FULL, chain, context, smooth_frame\n"
        "frame = smooth_frame()\n"
        "print(hashlib.sha256(chain(FULL, frame, seed=5).apply(frame, context(3)).tobytes()).hexdigest())\n"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    frame = smooth_frame()
    here = hashlib.sha256(chain(FULL, frame, seed=5).apply(frame, context(3)).tobytes()).hexdigest()
    assert other.stdout.strip() == here


@pytest.mark.parametrize("band_pixels", [1, 1000, 5000, 1 << 20])
def test_the_bands_it_works_in_do_not_show(band_pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = smooth_frame(160, 90)
    strong = [effect("blur", width_px=6.3), effect("chromatic_aberration", k1=-0.07), *FULL[2:]]
    whole = degrade(strong, frame)
    monkeypatch.setattr(base_chain, "_BAND_PIXELS", band_pixels)
    assert np.array_equal(degrade(strong, frame), whole)


def test_the_bytes_of_the_published_chain_stay_what_they_are() -> None:
    """Networks are trained on this chain's pictures: a change of a single grey level must be noticed."""
    frame = np.random.default_rng(11).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    digest = hashlib.sha256(degrade(FULL, frame, tick=4).tobytes()).hexdigest()
    assert digest.startswith("dfbecdd0a5f108ec")


def test_a_ramp_meets_the_constant_effect_at_its_end() -> None:
    frame = smooth_frame()
    ramped = chain([{**entry, "ramp_s": 1.0} for entry in FULL], frame)
    constant = chain(FULL, frame)
    assert ramped.levels(10) == {entry["effect"]: pytest.approx(0.5) for entry in FULL}
    assert np.array_equal(ramped.apply(frame, context(20)), constant.apply(frame, context(20)))
    change = [np.abs(ramped.apply(frame, context(t)).astype(int) - frame).mean() for t in range(0, 21, 5)]
    assert change[0] == 0.0
    assert all(later > earlier for earlier, later in pairwise(change))


@pytest.mark.parametrize("shape", [(2, 2), (37, 61), (90, 161)])
def test_any_size_works(shape: tuple[int, int]) -> None:
    frame = smooth_frame(shape[1], shape[0])
    assert degrade([*FULL, effect("gain", factor=0.5)], frame).shape == frame.shape


def test_a_non_contiguous_frame_is_read_correctly() -> None:
    frame = smooth_frame()
    mirrored = frame[:, ::-1]
    assert np.array_equal(degrade(FULL, mirrored), degrade(FULL, np.ascontiguousarray(mirrored)))


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((90, 160, 3), np.float32),
        np.zeros((160, 90, 3), np.uint8),
        np.zeros((90, 160), np.uint8),
        None,
    ],
)
def test_a_wrong_frame_is_named(frame: np.ndarray) -> None:
    made = chain(FULL, smooth_frame())
    with pytest.raises(SensorFrameError, match=r"this chain takes uint8 RGB \(90, 160, 3\)"):
        made.apply(frame, context(0))


def test_a_chain_without_seed_refuses_to_work() -> None:
    made = SensorChain(SensorSchedule.from_spec(FULL), 160, 90, 90.0, 0.05)
    with pytest.raises(SensorFrameError, match=r"call reset\(seed\)"):
        made.apply(smooth_frame(), context(0))
    with pytest.raises(SensorSpecError, match="seed: -1 is not allowed; give a whole number from 0"):
        made.reset(-1)


def test_an_impossible_camera_is_refused() -> None:
    with pytest.raises(
        SensorSpecError, match=r"'fov_deg': 180\.0 is not allowed; give a number from 1 to 179 \(degrees\)"
    ):
        SensorChain(SensorSchedule(), 160, 90, 180.0, 0.05)
