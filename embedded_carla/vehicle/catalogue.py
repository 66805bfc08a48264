"""The vehicles that can be spawned: CARLA's ids with the sizes of its bodies and published masses."""

from __future__ import annotations

from dataclasses import dataclass

from embedded_carla.vehicle.drivetrain import Curve, Gears, combustion_curve, constant_power_curve
from embedded_carla.vehicle.parameters import FULL_BRAKE_MPS2, VehicleParameters, braking_torque_nm

_YAW_DYNAMIC_INDEX = 0.95
"""Yaw inertia over mass·a·b; 0.9-1.0 for road vehicles (Gillespie, "Fundamentals of Vehicle Dynamics")."""
_CAR_GEARS: Gears = tuple((ratio, 0.35, 0.75) for ratio in (3.6, 2.1, 1.4, 1.03, 0.81, 0.67))
_TRUCK_GEARS: Gears = tuple((ratio, 0.4, 0.85) for ratio in (6.6, 3.9, 2.4, 1.6, 1.15, 0.8))
_MOTORCYCLE_GEARS: Gears = tuple((ratio, 0.35, 0.8) for ratio in (2.6, 1.9, 1.5, 1.25, 1.1, 1.0))


@dataclass(frozen=True)
class CatalogueEntry:
    """One vehicle.

    Attributes:
        half_size_m: half length, width and height of its body.
        base_type: CARLA's: car, truck, van, motorcycle, bicycle, bus. special_type: "", emergency, electric, taxi.
    """

    blueprint_id: str
    half_size_m: tuple[float, float, float]
    parameters: VehicleParameters
    base_type: str = "car"
    special_type: str = ""
    generation: int = 1
    wheels: int = 4


def _car(
    name: str,
    half_size_m: tuple[float, float, float],
    mass_kg: float,
    wheelbase_m: float,
    front_share: float,
    power_w: float,
    *,
    generation: int = 1,
    base_type: str = "car",
    special_type: str = "",
    drive_front_share: float = 1.0,
    drag_coefficient: float = 0.30,
    cg_height_share: float = 0.37,
    dry_friction: float = 1.0,
) -> CatalogueEntry:
    """A car or van with a combustion engine and a six-speed automatic gearbox.

    Args:
        front_share: share of the weight on the front axle.
        cg_height_share: height of the centre of gravity over that of the body.
    """
    length_m, width_m, height_m = (2.0 * half for half in half_size_m)
    radius_m, max_rpm = 0.30 + 0.02 * (mass_kg > 1500.0), 6000.0
    front_m, rear_m = wheelbase_m * (1.0 - front_share), wheelbase_m * front_share
    torque_nm = braking_torque_nm(mass_kg, radius_m)
    parameters = VehicleParameters(
        mass_kg=mass_kg,
        yaw_inertia_kgm2=_YAW_DYNAMIC_INDEX * mass_kg * front_m * rear_m,
        front_m=front_m,
        rear_m=rear_m,
        cg_ahead_m=_axle_ahead_m(length_m, wheelbase_m) - front_m,
        cg_height_m=cg_height_share * height_m,
        dry_friction=dry_friction,
        stiffness_front_per_rad=19.0,
        torque_curve=combustion_curve(power_w, max_rpm),
        max_rpm=max_rpm,
        motor_inertia_kgm2=0.15,
        final_ratio=4.0,
        gears=_CAR_GEARS,
        gear_switch_s=0.2,
        drive_front_share=drive_front_share,
        brake_torque_nm=torque_nm,
        hand_brake_torque_nm=4.0 * torque_nm,
        drag_coefficient=drag_coefficient,
        frontal_area_m2=0.82 * width_m * height_m,
        wheel_radius_m=radius_m,
        half_track_m=0.41 * width_m,
    )
    return CatalogueEntry(f"vehicle.{name}", half_size_m, parameters, base_type, special_type, generation)


def _axle_ahead_m(length_m: float, wheelbase_m: float) -> float:
    """Front axle ahead of the middle of the body: the rear overhang is a tenth longer than the front one."""
    return 0.5 * wheelbase_m + 0.05 / 2.1 * (length_m - wheelbase_m)


def _truck(
    name: str,
    half_size_m: tuple[float, float, float],
    mass_kg: float,
    wheelbase_m: float,
    power_w: float,
    special_type: str = "",
) -> CatalogueEntry:
    """A lorry: rear-wheel drive, stiff tyres with less grip, high centre of gravity."""
    length_m, width_m, height_m = (2.0 * half for half in half_size_m)
    radius_m, max_rpm, front_share = 0.48, 2600.0, 0.45
    front_m, rear_m = wheelbase_m * (1.0 - front_share), wheelbase_m * front_share
    torque_nm = braking_torque_nm(mass_kg, radius_m, 0.75 * FULL_BRAKE_MPS2)
    parameters = VehicleParameters(
        mass_kg=mass_kg,
        yaw_inertia_kgm2=_YAW_DYNAMIC_INDEX * mass_kg * front_m * rear_m,
        front_m=front_m,
        rear_m=rear_m,
        cg_ahead_m=_axle_ahead_m(length_m, wheelbase_m) - front_m,
        cg_height_m=0.42 * height_m,
        dry_friction=0.75,
        stiffness_front_per_rad=12.0,
        stiffness_rear_per_rad=14.0,
        steering_ratio=20.0,
        torque_curve=combustion_curve(power_w, max_rpm),
        max_rpm=max_rpm,
        motor_inertia_kgm2=1.0,
        final_ratio=4.3,
        gears=_TRUCK_GEARS,
        gear_switch_s=0.5,
        reverse_speed_mps=4.0,
        brake_torque_nm=torque_nm,
        hand_brake_torque_nm=2.0 * torque_nm,
        drag_coefficient=0.60,
        frontal_area_m2=0.85 * width_m * height_m,
        rolling_resistance=0.008,
        wheel_radius_m=radius_m,
        half_track_m=0.41 * width_m,
    )
    return CatalogueEntry(f"vehicle.{name}", half_size_m, parameters, "truck", special_type)


def _two_wheeler(
    name: str,
    half_size_m: tuple[float, float, float],
    mass_kg: float,
    wheelbase_m: float,
    curve: Curve,
    *,
    max_rpm: float,
    final_ratio: float,
    gears: Gears,
    motor_inertia_kgm2: float,
    radius_m: float,
    brake_mps2: float,
    drag_area_m2: float,
    base_type: str,
) -> CatalogueEntry:
    """A motorcycle or bicycle with its rider, upright at all times: the model does not lean."""
    torque_nm = braking_torque_nm(mass_kg, radius_m, brake_mps2)
    parameters = VehicleParameters(
        mass_kg=mass_kg,
        yaw_inertia_kgm2=0.6 * mass_kg * (0.5 * wheelbase_m) ** 2,
        front_m=0.5 * wheelbase_m,
        rear_m=0.5 * wheelbase_m,
        cg_height_m=0.6 * wheelbase_m * brake_mps2 / FULL_BRAKE_MPS2,
        dry_friction=0.9,
        stiffness_front_per_rad=18.0,
        stiffness_rear_per_rad=20.0,
        torque_curve=curve,
        max_rpm=max_rpm,
        motor_inertia_kgm2=motor_inertia_kgm2,
        final_ratio=final_ratio,
        gears=gears,
        gear_switch_s=0.15 if len(gears) > 1 else 0.0,
        reverse_speed_mps=1.0,
        brake_torque_nm=torque_nm,
        hand_brake_torque_nm=torque_nm,
        engine_drag_mps2=0.3 if len(gears) > 1 else 0.0,
        drag_coefficient=1.0,
        frontal_area_m2=drag_area_m2,
        rolling_resistance=0.008,
        wheel_radius_m=radius_m,
        half_track_m=0.0,
    )
    return CatalogueEntry(f"vehicle.{name}", half_size_m, parameters, base_type, wheels=2)


def _motorcycle(
    name: str, half_size_m: tuple[float, float, float], mass_kg: float, wheelbase_m: float, power_w: float
) -> CatalogueEntry:
    return _two_wheeler(
        name, half_size_m, mass_kg, wheelbase_m, combustion_curve(power_w, 11_000.0), max_rpm=11_000.0,
        final_ratio=5.0, gears=_MOTORCYCLE_GEARS, motor_inertia_kgm2=0.02, radius_m=0.31,
        brake_mps2=FULL_BRAKE_MPS2, drag_area_m2=0.55, base_type="motorcycle",
    )  # fmt: skip


def _bicycle(
    name: str, half_size_m: tuple[float, float, float], mass_kg: float, wheelbase_m: float, power_w: float
) -> CatalogueEntry:
    """Power is that of the rider; crank speeds count as the motor's."""
    curve = constant_power_curve(120.0, power_w, 0.34, 1.0, 500.0)
    return _two_wheeler(
        name, half_size_m, mass_kg, wheelbase_m, curve, max_rpm=500.0, final_ratio=1.0, gears=((1.0, 0.0, 2.0),),
        motor_inertia_kgm2=0.0, radius_m=0.34, brake_mps2=0.5 * FULL_BRAKE_MPS2, drag_area_m2=0.5,
        base_type="bicycle",
    )  # fmt: skip


CATALOGUE: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        "vehicle.tesla.model3", (2.396, 1.082, 0.744), VehicleParameters(), special_type="electric", generation=2
    ),
    _car("lincoln.mkz_2020", (2.446, 1.092, 0.755), 1690.0, 2.850, 0.58, 183_000.0, generation=2),
    _car("lincoln.mkz_2017", (2.451, 1.064, 0.755), 1690.0, 2.850, 0.58, 183_000.0),
    _car("audi.tt", (2.091, 0.997, 0.693), 1395.0, 2.505, 0.58, 155_000.0),
    _car("audi.a2", (1.853, 0.894, 0.776), 990.0, 2.405, 0.60, 55_000.0),
    _car("nissan.micra", (1.817, 0.923, 0.751), 950.0, 2.430, 0.61, 48_000.0),
    _car("mini.cooper_s", (1.903, 0.985, 0.738), 1190.0, 2.467, 0.62, 120_000.0),
    _car("seat.leon", (2.096, 0.908, 0.737), 1280.0, 2.578, 0.61, 92_000.0),
    _car("citroen.c3", (1.994, 0.925, 0.809), 1050.0, 2.540, 0.62, 60_000.0),
    _car("toyota.prius", (2.257, 1.003, 0.762), 1375.0, 2.700, 0.60, 90_000.0, drag_coefficient=0.25),
    _car("bmw.grandtourer", (2.306, 1.121, 0.834), 1430.0, 2.780, 0.58, 100_000.0),
    _car("mercedes.coupe", (2.513, 1.076, 0.825), 2045.0, 2.955, 0.52, 285_000.0, drive_front_share=0.0),
    _car("ford.mustang", (2.359, 0.947, 0.651), 1400.0, 2.743, 0.54, 200_000.0, drive_front_share=0.0),
    _car("dodge.charger_2020", (2.503, 1.049, 0.767), 1900.0, 3.050, 0.53, 270_000.0, generation=2,
         drive_front_share=0.0),
    _car("nissan.patrol", (2.302, 0.966, 0.927), 2350.0, 2.700, 0.52, 118_000.0, drive_front_share=0.5,
         drag_coefficient=0.45, cg_height_share=0.42, dry_friction=0.85),
    _car("volkswagen.t2", (2.240, 1.035, 1.019), 1300.0, 2.400, 0.46, 51_000.0, base_type="van",
         drive_front_share=0.0, drag_coefficient=0.45, cg_height_share=0.40, dry_friction=0.85),
    _car("mercedes.sprinter", (2.958, 0.994, 1.280), 2200.0, 3.665, 0.54, 120_000.0, base_type="van",
         drive_front_share=0.0, drag_coefficient=0.34, cg_height_share=0.35, dry_friction=0.85),
    _truck("carlamotors.carlacola", (2.602, 1.313, 1.234), 7000.0, 3.400, 160_000.0),
    _truck("carlamotors.firetruck", (4.234, 1.446, 1.914), 14_000.0, 4.570, 260_000.0, "emergency"),
    _motorcycle("yamaha.yzf", (1.105, 0.433, 0.625), 275.0, 1.380, 87_000.0),
    _motorcycle("harley-davidson.low_rider", (1.178, 0.382, 0.638), 365.0, 1.630, 55_000.0),
    _motorcycle("vespa.zx125", (0.902, 0.434, 0.615), 185.0, 1.290, 7_000.0),
    _bicycle("diamondback.century", (0.821, 0.186, 0.796), 84.0, 0.990, 350.0),
    _bicycle("gazelle.omafiets", (0.918, 0.165, 0.878), 97.0, 1.110, 250.0),
)  # fmt: skip

BY_ID = {entry.blueprint_id: entry for entry in CATALOGUE}
