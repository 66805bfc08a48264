"""Named sets of effects for comparisons.

``UNSEEN_CORRUPTIONS``: the seven test corruptions of the compression-and-robustness chapter (HCRC, 2022), each at
severities 1 to 5. A network that is compared on them must not have been trained on them; the effects of the base chain
that training uses as augmentation are therefore a limit to what this bench says about such a network (``noise``).
"""

from __future__ import annotations

from sensor_sim.effects.definition import ParameterValue
from sensor_sim.effects.rms_noise import EPSILONS_DN
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from sensor_sim.severities.table import HIGHEST, LOWEST, severity_parameters

UNSEEN_CORRUPTIONS: dict[str, str] = {
    "gaussian_noise": "noise",
    "shot_noise": "shot_noise",
    "impulse_noise": "impulse_noise",
    "defocus": "defocus",
    "frosted_glass": "frosted_glass",
    "motion_blur": "shake_blur",
    "zoom_blur": "zoom_blur",
}
"""Corruption -> effect. Its motion blur has a random direction, so it is the shake, not the car's own motion."""


def unseen_corruptions(width_px: int, fov_deg: float) -> dict[str, SensorSchedule]:
    """Schedules named ``<corruption>_<severity>`` for a camera, each active from the first tick on."""
    return {
        f"{corruption}_{severity}": _constant(effect, severity_parameters(effect, severity, width_px, fov_deg))
        for corruption, effect in UNSEEN_CORRUPTIONS.items()
        for severity in range(LOWEST, HIGHEST + 1)
    }


def noise_axis(kind: str = "gaussian") -> dict[float, SensorSchedule]:
    """Perturbations of equal kind and growing root mean square ε: {ε in grey levels: schedule}.

    Args:
        kind: ``gaussian`` or ``salt_and_pepper``.
    """
    return {epsilon_dn: _constant("rms_noise", {"epsilon_dn": epsilon_dn, "kind": kind}) for epsilon_dn in EPSILONS_DN}


def _constant(effect: str, parameters: dict[str, ParameterValue]) -> SensorSchedule:
    return SensorSchedule((EffectSchedule(effect, parameters),))
