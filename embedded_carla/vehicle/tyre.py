"""The force of one axle's tyres."""

from __future__ import annotations

import math

from embedded_carla.compiled import compiled


@compiled()
def axle_friction(mu: float, load_n: float, static_load_n: float, load_sensitivity: float) -> float:
    """Friction coefficient at a load: falls linearly by ``load_sensitivity`` per static load added."""
    return mu * (1.0 - load_sensitivity * (load_n / static_load_n - 1.0))


@compiled()
def lateral_force_n(
    slip_angle_rad: float,
    load_n: float,
    mu: float,
    longitudinal_force_n: float,
    stiffness_per_rad: float,
    shape: float,
    curvature: float,
) -> float:
    """Lateral force of an axle, N: Pacejka's magic formula under a friction ellipse.

    Pure slip after Pacejka, "Tire and Vehicle Dynamics", 3rd ed., eq. 4.E19 without shifts:
    F = D sin(C atan(Bα − E(Bα − atan Bα))), D = μ·load, B = K/(C·D), K = stiffness·load. The cornering
    stiffness does not depend on μ (a wet road saturates earlier, it does not soften the tyre). The
    longitudinal force uses up part of the circle: F·sqrt(1 − (Fx/D)²).

    Args:
        slip_angle_rad: positive = force to the left.
        load_n: vertical load, > 0.
        mu: friction coefficient, > 0.
        longitudinal_force_n: |Fx| beyond D counts as D.
        stiffness_per_rad: cornering stiffness over load, 1/rad.
        shape, curvature: Pacejka's C and E.
    """
    peak_n = mu * load_n
    b_slip = stiffness_per_rad / (shape * mu) * slip_angle_rad
    pure_n = peak_n * math.sin(shape * math.atan(b_slip - curvature * (b_slip - math.atan(b_slip))))
    used = min(abs(longitudinal_force_n) / peak_n, 1.0)
    return pure_n * math.sqrt(1.0 - used * used)
