"""A trained network as an ONNX file that any runtime reads: ``python -m agents.onnx_export WEIGHTS [--out FILE]``.

The hard-coded normalisation is part of the graph, road crop and colour are in its metadata (`agents.onnx_settings`), so
the file drives here and elsewhere. It is compared with PyTorch before it is kept.
"""

from __future__ import annotations

import argparse
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import torch

from agents.errors import AgentError, WeightsError
from agents.network_file import LoadedNetwork, load_network
from agents.onnx_driver import OnnxDriver
from agents.onnx_settings import METADATA_KEY
from agents.weights_io import card_path, load_json, save_json, sha256_of

TOLERANCE_DEG = 1e-4
OPSET = 18
COMPARED_FRAMES = 16


def main() -> None:
    """Export, compare, say where."""
    parser = argparse.ArgumentParser(prog="python -m agents.onnx_export", description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, help="a driver's .safetensors file")
    parser.add_argument("--out", type=Path, default=None, help="default: the same name with .onnx, where you are")
    options = parser.parse_args()
    out = options.out or Path(options.weights.stem + ".onnx")
    try:
        difference_deg = export(options.weights, out)
    except (AgentError, WeightsError) as error:
        parser.error(str(error))
    print(
        f"{out}: at most {difference_deg:.1e} deg from PyTorch on {COMPARED_FRAMES} pictures. Use it as `agent: {out}`"
    )


def export(weights: Path, out: Path) -> float:
    """Write the ONNX file of a driver, with its model card beside.

    Returns:
        The largest difference from PyTorch, degrees.

    Raises:
        WeightsError: no driver's weights file, a package is missing, or the two differ by more than 1e-4 degrees;
            no file is left then.
    """
    if out.suffix != ".onnx":
        raise WeightsError(f"{out}: an ONNX file ends in .onnx")
    loaded = load_network(weights, "driver")
    temporary = out.with_name(f".{out.stem}.tmp.onnx")
    try:
        _write(loaded, temporary)
        difference_deg = largest_difference_deg(loaded, temporary)
        if not difference_deg <= TOLERANCE_DEG:
            raise WeightsError(
                f"{out}: the exported network differs from PyTorch by {difference_deg:.2e} deg, more than "
                f"{TOLERANCE_DEG:.0e}: not written"
            )
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    if card_path(weights).is_file():
        # What the network was trained on holds for the exported one.
        exported_from = {"exported_from": weights.name, "exported_from_sha256": loaded.sha256}
        save_json(
            card_path(out),
            {**load_json(card_path(weights)), "weights": out.name, "sha256": sha256_of(out), **exported_from},
        )
    return difference_deg


def largest_difference_deg(loaded: LoadedNetwork, path: Path) -> float:
    """Largest difference of an ONNX file's answers from the network's on made-up pictures, degrees."""
    driver = OnnxDriver(path)
    rng = np.random.default_rng(0)
    size = (2 * loaded.preprocessing.height, 2 * loaded.preprocessing.width, 3)
    differences = []
    for index in range(COMPARED_FRAMES):
        noise = rng.integers(0, 256, size)
        ramp = np.linspace(0, 255, size[1])[None, :, None]
        frame = (ramp * (index % 2) * 0.7 + noise * rng.uniform(0.1, 0.3)).astype(np.uint8)
        with torch.inference_mode():
            wanted = float(loaded.network(loaded.preprocessing.network_input(frame))[0])
        differences.append(abs(driver.swa_deg(frame) - wanted))
    return max(differences)


def _write(loaded: LoadedNetwork, path: Path) -> None:
    try:
        import onnx
        import onnxscript  # noqa: F401  what torch.onnx needs of it shows only deep inside an export
    except ImportError as error:
        raise WeightsError(f"exporting needs a package that is not installed: pip install {error.name}") from None
    network = loaded.network.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    example = torch.zeros((1, network.config.channels, *network.input_size))
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["picture"],
            output_names=["swa_deg"],
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    seen = loaded.preprocessing
    settings = {
        "colour": seen.colour,
        "lower_share": seen.lower_share,
        "cut_bottom_share": seen.cut_bottom_share,
        "layout": "nchw",
    }
    onnx.helper.set_model_props(model, {METADATA_KEY: json.dumps(settings, sort_keys=True)})
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(model, str(path))


if __name__ == "__main__":
    main()
