"""A network of one's own at the wheel: any ONNX file that turns a picture into one number, without code of ours."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.errors import AgentError, WeightsError
from agents.onnx_files import companions
from agents.onnx_settings import OnnxSettings, read_settings
from agents.preprocessing import CHANNELS, Preprocessing
from agents.protocol import AgentOutput, EpisodeContext, Frame, Observation
from agents.weights_io import sha256_of

if TYPE_CHECKING:
    import onnxruntime

ONNXRUNTIME = "onnxruntime==1.31.1"


class OnnxDriver:
    """The network of an ONNX file. The angle goes out as the network gave it: nothing is clipped or smoothed.

    Args:
        weights: the .onnx file; `agents.onnx_settings` says what it must tell of itself.
        device: "cpu", "cuda" or "auto". On the CPU it takes one thread, so that workers side by side do not fight for
            cores and results do not depend on how many there are.
        name: how tables call it.

    Raises:
        WeightsError: onnxruntime is not installed, or the file is missing, damaged or not clear about its input.
        AgentError: the device is not there.
    """

    privileged = False

    def __init__(self, weights: Path, device: str = "cpu", name: str = "onnx") -> None:
        self.name = name
        self.weights_path = weights
        self._sha256 = _sha256_with_companions(weights)
        self._session = _session(weights, device)
        self._settings = read_settings(weights, self._session.get_modelmeta().custom_metadata_map)
        self._input, self._nchw, self._preprocessing = _input_of(weights, self._session, self._settings)
        outputs = [output.name for output in self._session.get_outputs()]
        self._output = self._settings.output or outputs[0]
        if self._output not in outputs:
            raise WeightsError(f"{weights}: no output {self._output!r}; it has {', '.join(outputs)}")

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the file and of what belongs to it (settings, tensors stored apart)."""
        return self._sha256

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode; the network has no memory."""

    def act(self, observation: Observation) -> AgentOutput:
        """Steer by the picture.

        Raises:
            AgentError: the picture is not uint8 RGB, or the network's answer is not one finite number.
        """
        try:
            swa_deg = self.swa_deg(observation.frame)
        except ValueError as error:
            raise AgentError(f"agent {self.name!r} cannot read the picture: {error}") from error
        if not math.isfinite(swa_deg):
            raise AgentError(f"agent {self.name!r} answered {swa_deg} at tick {observation.state.tick}")
        return AgentOutput(swa_deg=swa_deg, seen_rows=self._preprocessing.seen_rows)

    def swa_deg(self, frame: Frame) -> float:
        """Steering wheel angle for a camera picture, degrees, left positive.

        Raises:
            ValueError: not a uint8 RGB picture.
            AgentError: the answer is not one number.
        """
        answer = np.asarray(self._session.run([self._output], {self._input: self.network_input(frame)})[0])
        if answer.size != 1:
            raise AgentError(
                f"agent {self.name!r} answered {answer.size} numbers of shape {answer.shape}; one is expected"
            )
        return float(answer.reshape(-1)[0]) * self._settings.output_scale_deg

    def network_input(self, frame: Frame) -> npt.NDArray[np.float32]:
        """One camera picture uint8 RGB (H, W, 3) as the network wants it, float32 with a batch axis in front."""
        picture = self._preprocessing.network_input(frame).numpy()
        wanted = (1, -1, 1, 1)
        scale, offset = (np.asarray(v, np.float32).reshape(-1) for v in (self._settings.scale, self._settings.offset))
        picture = picture * scale.reshape(wanted) + offset.reshape(wanted)
        return np.ascontiguousarray(picture if self._nchw else picture.transpose(0, 2, 3, 1), dtype=np.float32)


def _session(path: Path, device: str) -> onnxruntime.InferenceSession:
    try:
        import onnxruntime
    except ImportError:
        raise WeightsError(
            f"{path}: ONNX networks need a package that is not installed: pip install {ONNXRUNTIME}"
        ) from None
    if device not in ("auto", "cpu", "cuda"):
        raise AgentError(f"unknown device {device!r}: use auto, cpu or cuda")
    has_gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device == "cuda" and not has_gpu:
        raise AgentError("device 'cuda' was asked for but onnxruntime sees no GPU here: install onnxruntime-gpu")
    use_gpu = has_gpu and device != "cpu"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    providers = ["CUDAExecutionProvider"] if use_gpu else ["CPUExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # the runtime's own exceptions share no base class
        raise WeightsError(f"{path}: damaged or not an ONNX network ({error})") from error


def _input_of(
    path: Path, session: onnxruntime.InferenceSession, settings: OnnxSettings
) -> tuple[str, bool, Preprocessing]:
    """(name of the input, whether channels come first, how pictures are cut to it)."""
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
        found = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
        raise WeightsError(f"{path}: one float input (batch, channels, height, width) is expected, found {found}")
    shape, channels = inputs[0].shape, CHANNELS[settings.colour]
    if isinstance(shape[0], int) and shape[0] != 1:
        raise WeightsError(f"{path}: the input takes batches of {shape[0]} pictures; one at a time is expected")
    first = settings.layout == "nchw" if settings.layout else shape[3] != channels or shape[1] == channels
    said_channels, height, width = (shape[1], shape[2], shape[3]) if first else (shape[3], shape[1], shape[2])
    if isinstance(said_channels, int) and said_channels != channels:
        raise WeightsError(
            f"{path}: the input has {said_channels} channels, but colour {settings.colour!r} has {channels}"
        )
    for name, value in (("scale", settings.scale), ("offset", settings.offset)):
        if isinstance(value, list) and len(value) not in (1, channels):
            raise WeightsError(f"{path}: {name} has {len(value)} numbers for {channels} channels")
    size = {
        "height": _size(path, "height", height, settings.height),
        "width": _size(path, "width", width, settings.width),
    }
    try:
        preprocessing = Preprocessing(
            lower_share=settings.lower_share,
            cut_bottom_share=settings.cut_bottom_share,
            colour=settings.colour,
            **size,
        )
    except ValueError as error:
        raise WeightsError(f"{path}: {error}") from error
    return inputs[0].name, first, preprocessing


def _size(path: Path, name: str, in_graph: Any, said: int | None) -> int:
    if not isinstance(in_graph, int):
        if said is None:
            raise WeightsError(f"{path}: the graph leaves the input's {name} open: say `{name}:` in the settings")
        return said
    if said not in (None, in_graph):
        raise WeightsError(f"{path}: the settings say {name} {said}, the graph {in_graph}")
    return in_graph


def _sha256_with_companions(path: Path) -> str:
    beside = companions(path)
    own = sha256_of(path)
    if not beside:
        return own
    return hashlib.sha256("".join([own, *map(sha256_of, beside)]).encode()).hexdigest()
