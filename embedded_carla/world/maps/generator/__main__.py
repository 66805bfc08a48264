"""``python -m embedded_carla.world.maps.generator``: write the shipped maps beside this package."""

from __future__ import annotations

from pathlib import Path

from embedded_carla.world.maps.generator import block, country_road, highway

MAPS = {
    block.NAME: block.block,
    country_road.NAME: country_road.country_road,
    highway.NAME: highway.highway,
}


def main() -> None:
    """Write every map."""
    for name, build in MAPS.items():
        path = Path(__file__).resolve().parents[1] / f"{name}.xodr"
        path.write_text(build(), encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
