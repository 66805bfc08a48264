"""ONNX: what is exported answers as PyTorch does, and a file from elsewhere drives once it says what it sees."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from agents.errors import AgentError, UnknownNameError, WeightsError
from agents.netvf import NETHVF_PREPROCESSING, NetVF, NetVFConfig
from agents.network_file import load_network, save_network
from agents.onnx_driver import OnnxDriver
from agents.onnx_export import TOLERANCE_DEG, export
from agents.onnx_settings import METADATA_KEY, OnnxSettings
from agents.preprocessing import Preprocessing
from agents.protocol import Agent, DrivingState, Observation
from agents.registry import make_agent, make_monitor
from agents.weights_io import load_json, sha256_of, trained_on
from examples.own_onnx_network import make_network
from harness.cluster.shipping import files_to_ship
from tests.agents.car_on_a_road import Car, road
from tests.harness.simulation.episodes import episode

STATE: DrivingState = Car(road([(50, 0.0)]), 5.0).state()
FRAME = np.random.default_rng(1).integers(0, 256, (90, 160, 3), dtype=np.uint8)


def mean_network(path: Path, shape: list[int | str], settings: dict[str, object] | None, batch: int = 1) -> Path:
    """Answers the mean of its input."""
    node = helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=0)
    graph = helper.make_graph(
        [node],
        "mean",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch])],
        [numpy_helper.from_array(np.array([1, 2, 3], dtype=np.int64), "axes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    if settings is not None:
        helper.set_model_props(model, {METADATA_KEY: json.dumps(settings)})
    onnx.save_model(model, str(path))
    return path


def test_an_exported_network_answers_as_pytorch_does_and_keeps_its_card(tmp_path: Path) -> None:
    weights, out = tmp_path / "net.safetensors", tmp_path / "net_out.onnx"
    seen = Preprocessing(NETHVF_PREPROCESSING.lower_share, 125, 191, "grey", cut_bottom_share=0.1)
    card = {"scene_version": 2, "simulator": "embedded_carla"}
    save_network(weights, NetVF(NetVFConfig(width=191)), seen, "driver", card)
    assert export(weights, out) <= TOLERANCE_DEG
    agent, loaded = make_agent(str(out)), load_network(weights, "driver")
    assert isinstance(agent, Agent) and agent.name == "net_out" and agent.weights_sha256 == sha256_of(out)
    with torch.inference_mode():
        wanted = float(loaded.network(seen.network_input(FRAME))[0])
    output = agent.act(Observation(FRAME, STATE))
    assert output.swa_deg == pytest.approx(wanted, abs=TOLERANCE_DEG)
    assert output.seen_rows == pytest.approx(seen.seen_rows) and output.activations is None
    assert trained_on(out) == card and load_json(out.with_suffix(".json"))["exported_from"] == weights.name
    with pytest.raises(WeightsError, match=r"ends in \.onnx"):
        export(weights, tmp_path / "x.pt")


@pytest.mark.parametrize(
    ("shape", "settings", "expected"),
    [
        ([1, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0}, FRAME.mean()),
        (["n", 90, 160, 3], {"colour": "bgr", "lower_share": 1.0}, FRAME.mean()),
        (
            [1, 3, 90, 160],
            {"colour": "bgr", "lower_share": 1.0, "scale": [0, 0, 0.5], "offset": [1, 1, 1]},
            0.5 * FRAME[..., 0].mean() / 3 + 1,
        ),
        ([1, 3, 45, 160], {"colour": "rgb", "lower_share": 0.5, "output_scale_deg": -2}, -2 * FRAME[45:].mean()),
        (
            [1, 1, "h", "w"],
            {"colour": "grey", "lower_share": 1.0, "cut_bottom_share": 0.5, "height": 45, "width": 160},
            (FRAME[:45] @ np.array([0.299, 0.587, 0.114])).mean(),
        ),
    ],
    ids=["rgb", "nhwc", "one channel", "lower half", "open size"],
)
def test_the_settings_say_what_the_network_sees(
    tmp_path: Path, shape: list[int | str], settings: dict[str, object], expected: float
) -> None:
    in_metadata = OnnxDriver(mean_network(tmp_path / "m.onnx", shape, settings))
    assert in_metadata.swa_deg(FRAME) == pytest.approx(expected, abs=0.01)
    beside = mean_network(tmp_path / "b.onnx", shape, None)
    beside.with_suffix(".yaml").write_text(json.dumps(settings))
    assert OnnxDriver(beside).swa_deg(FRAME) == in_metadata.swa_deg(FRAME)


def test_a_yaml_beside_wins_over_metadata_and_enters_the_hash(tmp_path: Path) -> None:
    path = mean_network(tmp_path / "m.onnx", [1, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0})
    before = OnnxDriver(path)
    path.with_suffix(".yaml").write_text("output_scale_deg: 3.0\n")
    after = OnnxDriver(path)
    assert after.swa_deg(FRAME) == pytest.approx(3 * before.swa_deg(FRAME))
    assert after.weights_sha256 != before.weights_sha256 == sha256_of(path)


@pytest.mark.parametrize(
    ("shape", "settings", "complaint"),
    [
        ([1, 3, 90, 160], None, r"colour: Field required.*lower_share.*m\.yaml"),
        ([1, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0, "color": "rgb"}, "color: Extra inputs"),
        ([1, 1, 90, 160], {"colour": "rgb", "lower_share": 1.0, "layout": "nchw"}, "has 1 channels.*'rgb' has 3"),
        ([1, 3, "h", 160], {"colour": "rgb", "lower_share": 1.0}, "leaves the input's height open"),
        ([1, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0, "width": 200}, "settings say width 200, the graph 160"),
        ([1, 3, 90, 160], {"colour": "rgb", "lower_share": 0.3, "cut_bottom_share": 0.4}, "cut_bottom_share must"),
        ([1, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0, "scale": [1, 2]}, "scale has 2 numbers"),
        ([1, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0, "output": "z"}, "no output 'z'; it has y"),
        ([4, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0}, "batches of 4 pictures"),
    ],
)
def test_files_that_cannot_drive_say_why(
    tmp_path: Path, shape: list[int | str], settings: dict[str, object] | None, complaint: str
) -> None:
    with pytest.raises(WeightsError, match=complaint):
        OnnxDriver(mean_network(tmp_path / "m.onnx", shape, settings, batch=4 if shape[0] == 4 else 1))


def test_damaged_missing_and_misused_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match="damaged or not an ONNX network"):
        make_agent(str(tmp_path / "bad.onnx"))
    with pytest.raises(WeightsError, match="no such file"):
        make_agent(str(tmp_path / "none.onnx"))
    with pytest.raises(UnknownNameError, match="is no monitor"):
        make_monitor("bad.onnx")
    path = mean_network(tmp_path / "m.onnx", [1, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0})
    with pytest.raises(AgentError, match="cannot read the picture"):
        OnnxDriver(path).act(Observation(FRAME[..., 0], STATE))
    with pytest.raises(AgentError, match="sees no GPU"):
        OnnxDriver(path, device="cuda")
    scaled = {"colour": "rgb", "lower_share": 1.0, "output_scale_deg": 1e308}
    with pytest.raises(AgentError, match="tick 0"):
        OnnxDriver(mean_network(tmp_path / "n.onnx", [1, 3, 90, 160], scaled)).act(Observation(FRAME, STATE))


def test_without_onnxruntime_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = mean_network(tmp_path / "m.onnx", [1, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0})
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(WeightsError, match="pip install onnxruntime"):
        make_agent(str(path))


def test_the_example_finds_the_middle_of_a_drawn_lane(tmp_path: Path) -> None:
    path = tmp_path / "own.onnx"
    onnx.save_model(make_network(), str(path))
    answers = []
    for shift in (-20, 0, 20):
        frame = np.full((360, 640, 3), 90, dtype=np.uint8)
        for at in (320 - 108 + shift, 320 + 108 + shift):
            frame[:, at - 6 : at + 6] = 230
        answers.append(OnnxDriver(path).swa_deg(frame))
    assert answers[1] == pytest.approx(0.0, abs=1.0)
    assert answers[0] == pytest.approx(-answers[2], abs=1.0) and answers[0] > 8.0  # lane to the left: steer left


def test_an_onnx_file_travels_with_its_settings_and_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mean_network(tmp_path / "m.onnx", [1, 3, 90, 160], {"colour": "rgb", "lower_share": 1.0})
    Path("m.yaml").write_text("output_scale_deg: 3.0\n")
    Path("m.json").write_text("{}")
    assert sorted(files_to_ship([episode(agent="m.onnx")])) == ["m.json", "m.onnx", "m.yaml"]


def test_settings_are_whole_without_the_optional_entries() -> None:
    settings = OnnxSettings.model_validate({"colour": "grey", "lower_share": 0.5})
    assert (settings.scale, settings.offset, settings.output_scale_deg) == (1.0, 0.0, 1.0)
