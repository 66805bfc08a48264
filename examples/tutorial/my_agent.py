"""An agent of one's own: steers towards the brighter half of the road ahead. Not clever, but a beginning."""

from agents.protocol import AgentOutput, EpisodeContext, Observation


class BrightSide:
    """Compares the left and the right half of the lower picture."""

    name = "bright_side"
    privileged = False
    weights_sha256 = None

    def reset(self, context: EpisodeContext) -> None:
        """Nothing is kept between ticks."""

    def act(self, observation: Observation) -> AgentOutput:
        """One tick: uint8 RGB frame (H, W, 3) in, steering wheel angle out (degrees, left positive)."""
        lower = observation.frame[observation.frame.shape[0] // 2 :].mean(axis=(0, 2))
        middle = len(lower) // 2
        return AgentOutput(swa_deg=0.5 * float(lower[:middle].mean() - lower[middle:].mean()))
