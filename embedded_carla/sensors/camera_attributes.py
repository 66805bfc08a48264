"""Which of CARLA's camera attributes take effect here. Documentation is rendered from this table."""

from __future__ import annotations

from typing import NamedTuple


class AttributeEffect(NamedTuple):
    """One attribute of a camera blueprint.

    Attributes:
        names: attributes that share a line.
        honoured: False: accepted, kept, reported to clients, and without effect on the picture.
        effect: what it does, or why it does nothing.
    """

    names: tuple[str, ...]
    honoured: bool
    effect: str


_OPTICS = "the lens is an ideal pinhole: degrade pictures downstream, where the effect has a measured strength"
_POST = "post-processing of the game engine, without a counterpart here"

CAMERA_ATTRIBUTES: tuple[AttributeEffect, ...] = (
    AttributeEffect(("image_size_x", "image_size_y"), True, "1..8192 px"),
    AttributeEffect(("fov",), True, "horizontal field of view, 1..170 degrees"),
    AttributeEffect(("sensor_tick",), True, "seconds between pictures, 0: every tick"),
    AttributeEffect(("role_name", "ros_name"), True, "reported to clients"),
    AttributeEffect(("scene_version",), True, "read only: version of the pictures; CARLA has no such attribute"),
    AttributeEffect(("exposure_compensation",), True, "stops, -16..16 together with manual exposure"),
    AttributeEffect(
        ("exposure_mode",), True, "histogram: the exposure follows the weather; manual: the next three too"
    ),
    AttributeEffect(("iso", "shutter_speed", "fstop"), True, "in manual mode, relative to 100, 200 (1/s) and 1.4"),
    AttributeEffect(("gamma",), True, "display gamma, 0.2..10"),
    AttributeEffect(("lens_circle_falloff", "lens_circle_multiplier"), False, _OPTICS),
    AttributeEffect(("lens_k", "lens_kcube", "lens_x_size", "lens_y_size"), False, _OPTICS),
    AttributeEffect(("chromatic_aberration_intensity", "chromatic_aberration_offset"), False, _OPTICS),
    AttributeEffect(("focal_distance", "min_fstop", "blur_amount", "blur_radius"), False, _OPTICS),
    AttributeEffect(("bloom_intensity", "lens_flare_intensity"), False, _OPTICS),
    AttributeEffect(
        ("motion_blur_intensity", "motion_blur_max_distortion", "motion_blur_min_object_screen_size"),
        False,
        "a picture shows one instant",
    ),
    AttributeEffect(
        ("exposure_min_bright", "exposure_max_bright", "exposure_speed_up", "exposure_speed_down"),
        False,
        "the exposure follows the weather at once, so that a picture does not depend on those before it",
    ),
    AttributeEffect(("calibration_constant", "enable_postprocess_effects"), False, _POST),
    AttributeEffect(("slope", "toe", "shoulder", "black_clip", "white_clip", "temp", "tint"), False, _POST),
)


def attribute_table() -> str:
    """The table as Markdown."""
    lines = ["| attribute | honoured | effect |", "|---|---|---|"]
    for row in CAMERA_ATTRIBUTES:
        names = ", ".join(f"`{name}`" for name in row.names)
        lines.append(f"| {names} | {'yes' if row.honoured else 'no, accepted'} | {row.effect} |")
    return "\n".join(lines) + "\n"
