"""What the tyres stand on: friction and rolling resistance of dry, wet, icy and unpaved ground."""

from __future__ import annotations

from typing import NamedTuple

SOAKED_FRICTION = 0.7
"""Friction of a soaked road over a dry one's: peak adhesion of wet asphalt is 0.5-0.7, of dry asphalt 0.8-0.9
(Wong, "Theory of Ground Vehicles", average values of the coefficient of road adhesion)."""
ICE_FRICTION = 0.12
"""Friction of ice over a dry road's: peak adhesion of ice is 0.1, of dry asphalt 0.85 (Wong, as above)."""
UNPAVED_DRY_FRICTION = 0.7
"""Friction of gravel and grass beside the road over dry asphalt's: gravel 0.6 of 0.85 (Wong, as above)."""
UNPAVED_SOAKED_FRICTION = 0.55
"""The same, soaked: between wet earth (0.55 of 0.85) and wet grass."""
UNPAVED_ROLLING_RESISTANCE = 0.06
"""Rolling resistance that soft ground adds: 0.05-0.08 in all on firm soil and grass (Wong, coefficients of
rolling resistance), 0.012 on asphalt."""


class Ground(NamedTuple):
    """Under the two axles of a vehicle.

    Attributes:
        friction_front, friction_rear: friction over a dry road's, > 0.
        rolling_resistance: coefficient added to the vehicle's own, ≥ 0.
    """

    friction_front: float
    friction_rear: float
    rolling_resistance: float = 0.0

    @classmethod
    def even(cls, friction: float) -> Ground:
        """A paved road with the same friction under both axles."""
        return cls(friction, friction)


DRY = Ground.even(1.0)


def weather_friction(wetness_percent: float, deposits_percent: float) -> float:
    """Friction of a paved road over a dry one's, from CARLA's ``wetness`` and ``precipitation_deposits``.

    Falls linearly from 1 to 0.7 as the larger of the two rises to 100 (a soaked road). CARLA's weather knows
    no frost; deposits from 100 to 200, beyond CARLA's own range, stand for water freezing: linearly from 0.7
    down to 0.12 (ice).
    """
    soaked = min(max(wetness_percent, deposits_percent, 0.0), 100.0) / 100.0
    frozen = min(max(deposits_percent - 100.0, 0.0), 100.0) / 100.0
    return 1.0 - (1.0 - SOAKED_FRICTION) * soaked - (SOAKED_FRICTION - ICE_FRICTION) * frozen


def unpaved_friction(paved_friction: float) -> float:
    """Friction beside the road over a dry road's, from that of the road in the same weather; ice is ice."""
    dryness = (paved_friction - SOAKED_FRICTION) / (1.0 - SOAKED_FRICTION)
    if dryness < 0.0:
        return min(paved_friction, UNPAVED_SOAKED_FRICTION)
    return UNPAVED_SOAKED_FRICTION + (UNPAVED_DRY_FRICTION - UNPAVED_SOAKED_FRICTION) * min(dryness, 1.0)


def ground_under(paved_friction: float, front_paved: bool, rear_paved: bool) -> Ground:
    """The ground of a vehicle of which either axle may have left the pavement."""
    if front_paved and rear_paved:
        return Ground.even(paved_friction)
    beside = unpaved_friction(paved_friction)
    front, rear = (paved_friction if paved else beside for paved in (front_paved, rear_paved))
    soft_axles = (not front_paved) + (not rear_paved)
    return Ground(front, rear, UNPAVED_ROLLING_RESISTANCE * soft_axles / 2)
