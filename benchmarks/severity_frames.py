"""Render the frame set on which severities are calibrated: ``python benchmarks/severity_frames.py [--out folder]``.

Sixteen ideal 320 × 180 frames of the embedded server: eight pairs of texture pack and weather, each on a winding road
of its own, two moments of each drive. Severities belong to the frames in ``sensor_sim/severities/frames``; a new
set needs ``python -m sensor_sim severities`` afterwards.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agents.protocol import Frame
from harness.campaign.expansion import expand
from harness.campaign.spec import CampaignSpec
from harness.simulation.callback import TickView
from harness.simulation.episode import run_episode
from harness.simulation.server import SimulatorServer
from harness.simulation.session import CarlaSession

FRAMES = Path(__file__).resolve().parents[1] / "sensor_sim" / "severities" / "frames"
CAMERA = {"width_px": 320, "height_px": 180, "fov_deg": 90, "x_m": 1.2, "z_m": 1.4, "pitch_deg": -6}
MOMENTS_S = (1.5, 5.0)
SCENES = (
    ("summer", "ClearNoon"),
    ("autumn", "CloudyNoon"),
    ("spring", "ClearSunset"),
    ("dry", "ClearNoon"),
    ("coast", "WetNoon"),
    ("moor", "MidRainyNoon"),
    ("alpine", "ClearNight"),
    ("concrete", "CloudySunset"),
)


class FrameKeeper:
    """Keeps the raw frames of some ticks."""

    def __init__(self, ticks: tuple[int, ...]) -> None:
        self._ticks = ticks
        self.frames: list[Frame] = []

    def on_tick(self, view: TickView) -> None:
        """Called once per tick."""
        if view.state.tick in self._ticks:
            self.frames.append(view.raw_frame.copy())


def scene_frames(session: CarlaSession, pack: str, weather: str, seed: int) -> list[Frame]:
    """Frames of one drive of the label expert."""
    spec = CampaignSpec.model_validate(
        {
            "campaign": "severity_frames",
            "camera": CAMERA,
            "ego": {"v_max_mps": 14.0},
            "duration_s": MOMENTS_S[-1] + 0.1,
            "roads": [
                {
                    "kind": "winding",
                    "name": "road",
                    "seed": seed,
                    "length_m": 200,
                    "radius_m": [40, 150],
                    "texture_pack": pack,
                }
            ],
            "weather": [weather],
            "agent": "expert",
            "modes": ["expert"],
        }
    )
    nothing = {"monitors": {}}
    (episode,) = expand(spec, {}.get, {}.get, nothing)
    keeper = FrameKeeper(tuple(round(moment_s / spec.tick_s) for moment_s in MOMENTS_S))
    run_episode(session, episode, None, [], nothing, [keeper])
    return keeper.frames


def main() -> int:
    """Render and write the set as PNG files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FRAMES)
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as logs, SimulatorServer(log_dir=Path(logs)) as server:
        session = CarlaSession(server.host, server.port, timeout_s=120.0)
        for number, (pack, weather) in enumerate(SCENES):
            for moment, frame in enumerate(scene_frames(session, pack, weather, 9100 + number)):
                path = folder / f"{2 * number + moment:02d}_{pack}_{weather}.png"
                cv2.imwrite(str(path), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])
                print(path.name, f"mean {frame.mean():.0f}")
        session.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
