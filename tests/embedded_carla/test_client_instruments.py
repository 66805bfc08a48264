"""Rays, LiDAR, radar, GNSS and obstacle detector against geometry known by hand."""

from __future__ import annotations

import carla
import numpy as np
import pytest

from tests.embedded_carla.helpers import spawn_car, spawn_sensor

HALF_LENGTH_M = 2.396
MOUNT_AHEAD_M = 1.0


def test_a_ray_down_onto_a_car_meets_roof_floor_and_road(world: carla.World) -> None:
    car = spawn_car(world)
    world.tick()
    points = world.cast_ray(carla.Location(20.0, 1.75, 10.0), carla.Location(20.0, 1.75, -1.0))
    labels = [point.label for point in points]
    assert labels[0] == carla.CityObjectLabel.Car and carla.CityObjectLabel.Roads in labels
    assert points[0].location.z == pytest.approx(2.0 * car.bounding_box.extent.z, abs=1e-3)
    assert points[1].location.z == pytest.approx(0.0, abs=1e-3)


def test_points_are_projected_onto_the_ground_within_reach_only(world: carla.World) -> None:
    world.tick()
    high = carla.Location(50.0, 1.75, 10.0)
    found = world.ground_projection(high, 20.0)
    assert found.location.z == pytest.approx(0.0, abs=1e-3) and found.label == carla.CityObjectLabel.Roads
    assert world.ground_projection(high, 5.0) is None
    assert world.project_point(high, carla.Vector3D(0.0, 0.0, 1.0), 100.0) is None


def test_level_boxes_can_be_asked_by_label(world: carla.World) -> None:
    roads = world.get_environment_objects(carla.CityObjectLabel.Roads)
    assert roads and all(item.type == carla.CityObjectLabel.Roads for item in roads)
    assert len(world.get_level_bbs(carla.CityObjectLabel.Roads)) == len(roads)
    assert len(world.get_environment_objects()) >= len(roads)


def test_lidar_sees_the_ground_at_its_height_and_the_car_ahead(world: carla.World) -> None:
    car, ahead = spawn_car(world), spawn_car(world, x_m=40.0)
    attributes = {"range": "60", "points_per_second": "40000", "rotation_frequency": "20", "noise_seed": "3"}
    lidar, scans = spawn_sensor(world, car, "lidar.ray_cast_semantic", attributes)
    frame = world.tick()
    scan = scans.get(timeout=20.0)
    assert scan.frame == frame and sum(scan.get_point_count(k) for k in range(scan.channels)) == len(scan)
    fields = [("x", "f4"), ("y", "f4"), ("z", "f4"), ("cos", "f4"), ("object", "u4"), ("tag", "u4")]
    points = np.frombuffer(scan.raw_data, np.dtype(fields))
    road = points[points["tag"] == int(carla.CityObjectLabel.Roads)]
    assert len(road) > 100 and np.allclose(road["z"], -1.4, atol=2e-3)
    body = points[points["object"] == ahead.id]
    assert len(body) > 3 and (body["tag"] == int(carla.CityObjectLabel.Car)).all()
    assert body["x"].min() == pytest.approx(20.0 - HALF_LENGTH_M - MOUNT_AHEAD_M, abs=1e-3)
    lidar.stop()


def test_radar_measures_distance_and_closing_speed(world: carla.World) -> None:
    car, ahead = spawn_car(world), spawn_car(world, x_m=50.0)
    radar, scans = spawn_sensor(world, car, "other.radar", {"points_per_second": "20000", "horizontal_fov": "6"})
    car.set_target_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    world.tick()
    gap_m = ahead.get_location().x - HALF_LENGTH_M - car.get_location().x - MOUNT_AHEAD_M
    hits = [d for d in scans.get(timeout=20.0) if abs(d.depth - gap_m) < 0.5]
    assert len(hits) > 5
    assert np.mean([d.velocity for d in hits]) == pytest.approx(-car.get_velocity().x, rel=0.02)
    radar.stop()


def test_gnss_agrees_with_the_clients_map(world: carla.World) -> None:
    car = spawn_car(world)
    gnss, fixes = spawn_sensor(world, car, "other.gnss")
    world.tick()
    fix, expected = fixes.get(timeout=20.0), world.get_map().transform_to_geolocation(gnss.get_location())
    got, wanted = ((g.latitude, g.longitude, g.altitude) for g in (fix, expected))
    assert got == pytest.approx(wanted, abs=1e-6)
    gnss.stop()


def test_noise_of_a_lidar_repeats(client: carla.Client, world: carla.World) -> None:
    scans = []
    for _ in range(2):
        world = client.reload_world(False)
        lidar, received = spawn_sensor(world, spawn_car(world), "lidar.ray_cast", {"noise_stddev": "0.1"})
        world.tick()
        scans.append(bytes(received.get(timeout=20.0).raw_data))
        lidar.stop()
    assert scans[0] == scans[1] and scans[0]
