"""The base chain on batches of pictures, on any device of PyTorch.

For training and offline scoring, where many pictures wait at once. The same parameters, tables and order as the chain
of the loop (``base_chain``): without noise every code is within one grey level of it. Noise has the same distribution
but other draws, which belong to (seed, tick) of each picture, whatever else is in its batch; on one kind of device they
repeat.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from sensor_sim import kernel
from sensor_sim.base_chain import pointwise_table
from sensor_sim.effects import blur, chromatic_aberration, exposure, gamma
from sensor_sim.effects.effect import effect_seed
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.frame_settings import FrameSettings, settings_at
from sensor_sim.ranges import checked_number, checked_whole
from sensor_sim.schedule import SensorSchedule
from sensor_sim.transfer_curve import decode_table

BATCHED_EFFECTS = ("blur", "chromatic_aberration", "noise", "gain", "exposure", "gamma")
"""What this chain knows: all of the base chain but the exposure's memory."""


class TorchChain:
    """Applies a schedule of base effects to batches of one camera's pictures.

    Args:
        schedule: effects of ``BATCHED_EFFECTS`` only.
        width, height: picture size, px.
        fov_deg: horizontal field of view, degrees, 1..179.
        tick_s: simulation time between ticks, s.
        device: where batches are.

    Raises:
        SensorSpecError: another effect, or an impossible camera.
    """

    def __init__(
        self,
        schedule: SensorSchedule,
        width: int,
        height: int,
        fov_deg: float,
        tick_s: float,
        device: torch.device | str = "cpu",
    ) -> None:
        for entry in schedule.effects:
            if entry.effect not in BATCHED_EFFECTS:
                raise SensorSpecError(
                    f"effect '{entry.effect}' does not run on batches; give some of {', '.join(BATCHED_EFFECTS)}, "
                    "or use SensorChain"
                )
        self._width = checked_whole("camera, field 'width'", width, 2, 16384)
        self._height = checked_whole("camera, field 'height'", height, 2, 16384)
        self._focal_px = chromatic_aberration.focal_px(width, fov_deg)
        self._tick_s = checked_number("camera, field 'tick_s'", tick_s, 1e-6, 10, "s")
        for entry in schedule.effects:
            if entry.effect == "chromatic_aberration":
                chromatic_aberration.check_k1(float(entry.parameters["k1"]), width, height, self._focal_px)
        self.schedule = schedule
        self.device = torch.device(device)
        self._decode = torch.from_numpy(decode_table().copy()).to(self.device)
        self._grids: dict[float, torch.Tensor] = {}

    @torch.inference_mode()
    def apply(self, frames: torch.Tensor, seeds: Sequence[int], tick: int = 0) -> torch.Tensor:
        """Degrade a batch.

        Args:
            frames: uint8 RGB (N, H, W, 3) on this chain's device, sRGB-encoded; not modified.
            seeds: one per picture, 0 .. 2^64 − 1.
            tick: of all pictures; decides the level of the schedule's ramps, and with the seed the noise.

        Returns:
            uint8 (N, H, W, 3): ``frames`` itself if nothing is active at this tick.

        Raises:
            SensorFrameError: another type, shape or device, or not one seed per picture.
        """
        self._check(frames, seeds)
        settings = settings_at(self.schedule, self.schedule.levels_at(tick * self._tick_s))
        if settings.changes_nothing or len(frames) == 0:
            return frames
        ranges = [self._range(frame, settings) for frame in frames]
        codes = frames.permute(0, 3, 1, 2).int()
        if settings.blur_width_px == 1.0 and settings.k1 == 0.0:
            tables = [pointwise_table(settings, lo, hi) for lo, hi in ranges]
            found = torch.stack([self._looked_up(table, own) for table, own in zip(tables, codes, strict=True)])
        else:
            exposed = self._exposed(self._focused(self._decode[codes], settings), ranges)
            found = self._looked_up(_linear_table(settings), exposed)
        if settings.noise_sigma_dn > 0.0:
            noisy = self._with_noise(found.int(), settings.noise_sigma_dn, seeds, tick)
            found = self._looked_up(gamma.output_table(settings.gamma, settings.quantise), noisy)
        return found.permute(0, 2, 3, 1).contiguous()

    def _check(self, frames: torch.Tensor, seeds: Sequence[int]) -> None:
        wanted = (self._height, self._width, 3)
        if not isinstance(frames, torch.Tensor) or frames.dtype != torch.uint8 or frames.shape[1:] != wanted:
            found = (
                f"{frames.dtype} {tuple(frames.shape)}" if isinstance(frames, torch.Tensor) else type(frames).__name__
            )
            raise SensorFrameError(
                f"batch is {found}; this chain takes torch.uint8 RGB (N, {', '.join(map(str, wanted))})"
            )
        if frames.device.type != self.device.type:
            raise SensorFrameError(f"batch is on {frames.device}; this chain works on {self.device}")
        if len(seeds) != len(frames):
            raise SensorFrameError(f"{len(seeds)} seeds for {len(frames)} pictures; give one each")
        for seed in seeds:
            checked_whole("seed", seed, 0, (1 << 64) - 1)

    def _range(self, frame: torch.Tensor, settings: FrameSettings) -> tuple[float, float]:
        """Range of linear light that becomes 0..255."""
        measured = None
        if settings.auto_exposure_level > 0.0:
            counts = torch.bincount(frame.reshape(-1), minlength=256).cpu().numpy()
            measured = exposure.measure_range(counts, decode_table(), settings.saturation_percent)
        return exposure.range_at(measured, settings.auto_exposure_level, settings.gain)

    def _focused(self, light: torch.Tensor, settings: FrameSettings) -> torch.Tensor:
        """Blur and chromatic aberration of linear light, float32 (N, 3, H, W)."""
        if settings.blur_width_px > 1.0:
            light = _blurred(light, settings.blur_width_px)
        for channel, k1 in ((0, settings.k1), (2, -settings.k1)):
            if k1 != 0.0:
                light[:, channel : channel + 1] = self._shifted(light[:, channel : channel + 1], k1)
        return light

    def _exposed(self, light: torch.Tensor, ranges: Sequence[tuple[float, float]]) -> torch.Tensor:
        """Linear light 0..1 of each picture's range in 1/64 grey levels, int32 (N, 3, H, W)."""
        bounds = torch.tensor(ranges, dtype=torch.float64).reshape(-1, 2, 1, 1, 1)
        factor = (kernel.FINE_TOP / (bounds[:, 1] - bounds[:, 0])).to(light)
        return ((light - bounds[:, 0].to(light)) * factor).clamp_(0.0, kernel.FINE_TOP).add_(0.5).int()

    def _shifted(self, plane: torch.Tensor, k1: float) -> torch.Tensor:
        """One channel (N, 1, H, W) resampled at the inverse of its radial map."""
        if k1 not in self._grids:
            upper = chromatic_aberration.radial_map(k1, self._width, self._height, self._focal_px).scale
            scale = np.concatenate([upper, upper[: self._height // 2][::-1]])
            # Places from −1 to 1 between the middles of the outermost pixels, as grid_sample counts them.
            x, y = np.linspace(-1.0, 1.0, self._width), np.linspace(-1.0, 1.0, self._height)[:, None]
            grid = np.stack([scale * x, scale * y], axis=-1).astype(np.float32)
            # Those of an earlier tick of a ramp would fill the device.
            self._grids = {k: g for k, g in self._grids.items() if abs(k) == abs(k1)}
            self._grids[k1] = torch.from_numpy(grid).to(self.device)
        places = self._grids[k1].expand(len(plane), -1, -1, -1)
        return F.grid_sample(plane, places, mode="bilinear", padding_mode="border", align_corners=True)

    def _with_noise(self, fine: torch.Tensor, sigma_dn: float, seeds: Sequence[int], tick: int) -> torch.Tensor:
        """Display values in 1/64 grey levels, int32 (N, 3, H, W), with noise and clipped."""
        for picture, seed in zip(fine, seeds, strict=True):
            # Torch's seeds have 63 bits.
            generator = torch.Generator(self.device).manual_seed(effect_seed(seed, f"noise/{tick}") >> 1)
            noise = torch.randn(picture.shape, generator=generator, device=self.device)
            picture += noise.mul_(sigma_dn * kernel.FINE_STEPS).round_().int()
        return fine.clamp_(0, kernel.FINE_TOP)

    def _looked_up(self, table: np.ndarray, places: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(table.copy()).to(self.device)[places]


def _linear_table(settings: FrameSettings) -> np.ndarray:
    """From exposed light in 1/64 grey levels to output codes, or to display values where noise is still to come."""
    book_level = settings.book_curve_level
    if settings.noise_sigma_dn == 0.0:
        return gamma.linear_output_table(book_level, settings.gamma, settings.quantise)
    return gamma.encode_table(book_level)


def _blurred(light: torch.Tensor, width_px: float) -> torch.Tensor:
    """The symmetric box of fractional width, rows and columns in turn, borders repeated: (N, 3, H, W)."""
    reach = blur.box_reach(width_px)
    pixels = torch.arange(-reach, reach + 1, dtype=torch.float64)
    overlap = (pixels + 0.5).clamp(max=width_px / 2) - (pixels - 0.5).clamp(min=-width_px / 2)
    weights = (overlap.clamp(min=0.0) / width_px).to(light)
    channels = light.shape[1]
    padded = F.pad(light, (reach, reach, reach, reach), mode="replicate")
    across = F.conv2d(padded, weights.expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(across, weights[:, None].expand(channels, 1, -1, 1), groups=channels)
