"""Pictures of docs/saliency.md: ``python -m agents.training.saliency_figures FRAMES CHECKPOINTS OUT``.

``saliency_training.jpg``: maps of one picture while a network learns (the VisualBackProp paper's Figure 7), in a left
curve; below its name, each network's answer. ``saliency_occlusion.jpg``: what covering a place does to the wheel,
patches of 64, 32 and 16 px, and the second round of the iterative mode.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from agents.network_file import LoadedNetwork, load_network
from agents.preprocessing import to_network_input
from agents.protocol import Frame
from agents.saliency.labelled_frames import load_labelled_frames
from agents.saliency.methods import find_method
from agents.saliency.occlusion import OcclusionPatches, camera_driver, iterative_occlusion, occlusion_map
from agents.saliency.overlay import overlay
from agents.saliency.quality.randomisation import shown_maps
from agents.weights_io import WEIGHTS_FOLDER

METHODS = ("visualbackprop", "lrp", "grad_cam")
PATCHES_PX = (64, 32, 16)
_WHITE = 255


def training_sheet(picture: Frame, checkpoints: Sequence[tuple[str, LoadedNetwork]]) -> Frame:
    """One row per checkpoint: its name and answer, then the map of each method over the picture."""
    rows: list[Frame] = []
    for name, loaded in checkpoints:
        crop = loaded.preprocessing.crop(picture)
        inputs = to_network_input(crop[np.newaxis], loaded.preprocessing.colour)
        with torch.inference_mode():
            answer_deg = float(loaded.network(inputs)[0])
        tiles = [overlay(crop, shown_maps(find_method(m), loaded.network, inputs)[0]) for m in METHODS]
        label = _titled((tiles[0].shape[0], 110), [name, f"{answer_deg:+.1f} deg"])
        rows.append(np.hstack([label, *tiles]))
    titles = [_titled((22, tiles[0].shape[1]), [method.replace("_", " ")]) for method in METHODS]
    return np.vstack([np.hstack([_titled((22, 110), []), *titles]), *rows])


def occlusion_sheet(picture: Frame, loaded: LoadedNetwork) -> Frame:
    """|Change of the answer| over the picture for each patch, and the second round of the iterative mode."""
    predict = camera_driver(loaded)
    tiles = [np.vstack([_titled((22, picture.shape[1]), ["picture"]), picture])]
    for patch_px in PATCHES_PX:
        found = occlusion_map(predict, picture, OcclusionPatches(patch_px=patch_px))
        tiles.append(_change_tile(picture, found.change_deg, f"{patch_px} px"))
    _, second = iterative_occlusion(predict, picture, 2, OcclusionPatches(patch_px=32))
    tiles.append(_change_tile(picture, second.change_deg, "32 px, second round"))
    return np.hstack(tiles)


def _change_tile(picture: Frame, change_deg: npt.NDArray[np.float64], title: str) -> Frame:
    size = np.abs(np.nan_to_num(change_deg))
    largest = float(size.max())
    shown = overlay(picture, size / largest if largest > 0.0 else size, enlarge=1)
    return np.vstack([_titled((22, picture.shape[1]), [f"{title}, up to {largest:.1f} deg"]), shown])


def _titled(size: tuple[int, int], lines: Sequence[str]) -> Frame:
    tile = np.full((*size, 3), _WHITE, dtype=np.uint8)
    for number, line in enumerate(lines):
        at = (5, 16 + 20 * number)
        cv2.putText(tile, line, at, cv2.FONT_HERSHEY_SIMPLEX, 0.46, (30, 30, 30), 1, cv2.LINE_AA)
    return tile


def _write(path: Path, picture: Frame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    print(f"wrote {path}")


def main() -> None:
    """Draw both pictures."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.training.saliency_figures", description=__doc__.splitlines()[0]
    )
    parser.add_argument("frames", type=Path, help="folder of labelled pictures")
    parser.add_argument("checkpoints", type=Path, help="folder of agents.training.checkpoints")
    parser.add_argument("out", type=Path, help="where the pictures go")
    options = parser.parse_args()
    torch.set_num_threads(1)
    frames = load_labelled_frames(options.frames)
    left = [row for row, facts in enumerate(frames.facts) if facts.bend == "left"]
    sharpest = max(left, key=lambda row: frames.facts[row].swa_label_deg)
    driver = load_network(WEIGHTS_FOLDER / "pilotnet.safetensors", "driver")
    epochs = sorted(float(p.stem.removeprefix("epoch_")) for p in options.checkpoints.glob("epoch_*.safetensors"))
    found = [
        (f"{epoch:g} epochs", load_network(options.checkpoints / f"epoch_{epoch:g}.safetensors", "driver"))
        for epoch in epochs
    ]
    _write(
        options.out / "saliency_training.jpg", training_sheet(frames.pictures[sharpest], [*found, ("driver", driver)])
    )
    _write(options.out / "saliency_occlusion.jpg", occlusion_sheet(frames.pictures[left[0]], driver))


if __name__ == "__main__":
    main()
