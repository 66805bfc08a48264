"""The disturbances that make the data hold recoveries."""

from __future__ import annotations

import numpy as np

from agents.training.noisy_expert import HORIZON_S, Burst, disturbance_deg, draw_bursts


def test_bursts_depend_on_the_seed_alone() -> None:
    assert draw_bursts(7) == draw_bursts(7)
    assert draw_bursts(7) != draw_bursts(8)


def test_bursts_stay_within_what_is_promised() -> None:
    bursts = [burst for seed in range(50) for burst in draw_bursts(seed)]
    gaps = np.concatenate([np.diff([burst.start_s for burst in draw_bursts(seed)]) for seed in range(50)])
    assert all(0.4 <= burst.duration_s <= 1.0 and 8.0 <= abs(burst.swa_deg) <= 30.0 for burst in bursts)
    assert gaps.min() >= 2.0 and gaps.max() <= 5.0
    for seed in range(50):
        drawn = draw_bursts(seed)
        assert 0.5 <= drawn[0].start_s <= 3.0 and HORIZON_S - 5.0 <= drawn[-1].start_s < HORIZON_S
    left = np.mean([burst.swa_deg > 0.0 for burst in bursts])
    assert 0.45 < left < 0.55


def test_a_burst_acts_from_its_start_until_just_before_its_end() -> None:
    bursts = (Burst(1.0, 0.5, 20.0), Burst(3.0, 0.5, -10.0))
    wanted = {0.99: 0.0, 1.0: 20.0, 1.49: 20.0, 1.5: 0.0, 3.2: -10.0}
    assert {time_s: disturbance_deg(bursts, time_s) for time_s in wanted} == wanted
