"""A network of one's own that drives from an ONNX file, made without this project's code.

It looks at a strip of the road about 5 m ahead, finds what is brighter than its surroundings and steers so that the
lane's two markings stand where they should: enough for straight roads. Any exporter does as well; what the harness
needs to know is in the metadata, or in a YAML file beside the network (the same keys).

    python examples/own_onnx_network.py own_network.onnx
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HEIGHT, WIDTH = 8, 160
MARKING_PX = 27.0
"""Where each marking of the lane stands beside the middle of the strip when the car is in the middle of the lane."""
REACH_PX = 48
"""Further out are the markings of other lanes."""
BRIGHTER_THAN_SURROUNDINGS = 0.05
SWA_PER_PX_DEG = -2.5
"""Left is positive: a lane that lies to the right asks for a negative angle."""

SETTINGS = {
    "colour": "grey",
    "lower_share": 0.38,  # keep the lower 38 % of the picture …
    "cut_bottom_share": 0.33,  # … without its lowest 33 %: a strip of 5 %
    "scale": 1 / 255,
    "output_scale_deg": SWA_PER_PX_DEG,
}


def make_network() -> onnx.ModelProto:
    """Strip (1, 1, 8, 160), 0..1, to how many px the lane's middle lies right of the picture's middle, (1,)."""
    column = np.arange(WIDTH, dtype=np.float32) - (WIDTH - 1) / 2
    near = np.abs(column) < REACH_PX
    offset = np.where(near, column - MARKING_PX * np.sign(column), 0.0)
    constants = {
        "offset_px": offset.astype(np.float32).reshape(1, 1, 1, WIDTH),
        "near": near.astype(np.float32).reshape(1, 1, 1, WIDTH),
        "threshold": np.array(BRIGHTER_THAN_SURROUNDINGS, dtype=np.float32),
        "little": np.array(1e-3, dtype=np.float32),
        "axes": np.array([1, 2, 3], dtype=np.int64),
    }
    surroundings = {"kernel_shape": [1, 21], "pads": [0, 10, 0, 10], "count_include_pad": 0}
    nodes = [
        helper.make_node("AveragePool", ["strip"], ["surroundings"], **surroundings),
        helper.make_node("Sub", ["strip", "surroundings"], ["contrast"]),
        helper.make_node("Sub", ["contrast", "threshold"], ["above"]),
        helper.make_node("Relu", ["above"], ["bright"]),
        helper.make_node("Mul", ["bright", "offset_px"], ["moment"]),
        helper.make_node("Mul", ["bright", "near"], ["mass"]),
        helper.make_node("ReduceSum", ["moment", "axes"], ["moments"], keepdims=0),
        helper.make_node("ReduceSum", ["mass", "axes"], ["masses"], keepdims=0),
        helper.make_node("Add", ["masses", "little"], ["masses_or_little"]),
        helper.make_node("Div", ["moments", "masses_or_little"], ["lane_px"]),
    ]
    graph = helper.make_graph(
        nodes,
        "lane_middle",
        [helper.make_tensor_value_info("strip", TensorProto.FLOAT, [1, 1, HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("lane_px", TensorProto.FLOAT, [1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"closed_loop_harness": json.dumps(SETTINGS)})
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Write a network that steers by the lane's markings into an ONNX file."""
    parser = argparse.ArgumentParser(prog="python examples/own_onnx_network.py", description=main.__doc__)
    parser.add_argument("path", type=Path, nargs="?", default=Path("own_network.onnx"), help="file to write")
    path = parser.parse_args().path
    onnx.save_model(make_network(), str(path))
    print(f"{path}: drive with it: python run_campaign.py scenarios/curves.yaml --set agent={path}")


if __name__ == "__main__":
    main()
