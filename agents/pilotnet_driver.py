"""A trained network at the wheel: camera picture in, steering wheel angle out."""

from __future__ import annotations

import math
from pathlib import Path

import torch

from agents.errors import AgentError
from agents.network_file import load_network
from agents.protocol import AgentOutput, EpisodeContext, Observation
from agents.weights_io import WEIGHTS_FOLDER


class PilotNetDriver:
    """PilotNet, or the network of another weights file.

    The angle goes out as the network gave it: nothing is clipped or smoothed.

    Args:
        weights: weights file; the shipped driver by default.
        device: "cpu", "cuda" or "auto". On the CPU inference takes one thread, so that workers side by side
            do not fight for cores and results do not depend on how many there are.
        name: how tables call it, if not by the name of its class.
    """

    name = "pilotnet"
    privileged = False

    def __init__(self, weights: Path | None = None, device: str = "cpu", name: str | None = None) -> None:
        self.name = name or self.name
        self._loaded = load_network(weights or WEIGHTS_FOLDER / "pilotnet.safetensors", "driver", device)
        self.weights_path = self._loaded.path
        if self._loaded.device.type == "cpu":
            torch.set_num_threads(1)

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the weights file."""
        return self._loaded.sha256

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode; the network has no memory."""

    def act(self, observation: Observation) -> AgentOutput:
        """Steer by the picture.

        Returns:
            SWA, the activation maps and the network input, all from one forward pass.

        Raises:
            AgentError: the picture is not uint8 RGB, or the network's answer is not finite.
        """
        loaded = self._loaded
        try:
            x = loaded.preprocessing.network_input(observation.frame, loaded.device)
        except ValueError as error:
            raise AgentError(f"agent {self.name!r} cannot read the picture: {error}") from error
        with torch.inference_mode():
            swa, activations = loaded.network.forward_with_activations(x)
        swa_deg = float(swa[0])
        if not math.isfinite(swa_deg):
            raise AgentError(
                f"agent {self.name!r} answered {swa_deg} at tick {observation.state.tick}: "
                f"the weights {loaded.path.name} are broken; retrain them"
            )
        return AgentOutput(
            swa_deg=swa_deg,
            activations=activations,
            network_input=x,
            layers=loaded.network.layers,
            seen_rows=loaded.preprocessing.seen_rows,
        )
