"""Quality of every saliency method on a network: ``python -m agents.training.saliency_gate FRAMES --json F --page F``.

FRAMES is a folder of labelled pictures (``python -m agents.training.label_frames``). What is measured, and how, is said
in docs/saliency.md; each test is a file of ``agents/saliency/quality``. Nothing is tuned on the outcome: a method that
fails is flagged and stays in the table. A run that was broken off goes on where its JSON file ends.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.network_file import LoadedNetwork, load_network
from agents.preprocessing import to_network_input
from agents.saliency.gradsum import labels_of_crop
from agents.saliency.labelled_frames import LabelledFrames, load_labelled_frames
from agents.saliency.maps import normalised
from agents.saliency.method import SaliencyMethod, explain_in_parts
from agents.saliency.methods import METHODS, find_method
from agents.saliency.quality.deletion import SUBSTRATES, Deletion, Substrate, deletion, random_maps, sobel_maps
from agents.saliency.quality.interval import mean_over_pictures
from agents.saliency.quality.label_randomisation import LabelTwins, label_randomisation
from agents.saliency.quality.likeness import Maps, rank_correlation
from agents.saliency.quality.localisation import TARGETS, localisation
from agents.saliency.quality.randomisation import blind_to_head, randomisation
from agents.saliency.quality.stability import stability
from agents.saliency.quality.validity import validity
from agents.training.checkpoints import SHUFFLED, TRUE
from agents.training.degraded_frames import degraded_frames, single_frame_effects
from agents.training.saliency_page import render_page
from agents.weights_io import WEIGHTS_FOLDER, load_json, save_json

SCHEMA_VERSION = 2
TIMED_CALLS = 15


@dataclass(frozen=True)
class GateSettings:
    """How much is measured.

    Attributes:
        sanity_pictures: pictures for randomisation and artifacts, which need dozens of maps of each.
        severity: of every artifact, 1 to 5. seed: of random weights, orders and noise.
    """

    sanity_pictures: int = 8
    severity: int = 3
    seed: int = 0


class _Bench:
    """One network with everything its methods are judged on; what takes long is made when it is first asked for."""

    def __init__(
        self, loaded: LoadedNetwork, frames: LabelledFrames, settings: GateSettings, twins: LabelTwins | None
    ) -> None:
        self.network: Any = loaded.network
        self.inputs = network_inputs(frames.pictures, loaded)
        self.labels = np.stack([labels_of_crop(labels, loaded.preprocessing) for labels in frames.labels])
        self.some = np.unique(np.linspace(0, len(frames) - 1, min(settings.sanity_pictures, len(frames))).astype(int))
        self.twins, self.settings = twins, settings
        self._loaded, self._frames = loaded, frames

    @cached_property
    def degraded(self) -> Mapping[str, torch.Tensor]:
        """``some`` of the pictures behind each artifact, as network inputs."""
        pictures, settings = self._frames.pictures[self.some], self.settings
        return {
            name: network_inputs(degraded_frames(pictures, name, settings.severity, settings.seed), self._loaded)
            for name in single_frame_effects()
        }

    @cached_property
    def by_chance(self) -> Mapping[Substrate, Deletion]:
        """Deletion in a random order."""
        chance = random_maps(self.labels.shape, self.settings.seed)
        return {substrate: deletion(self.network, self.inputs, chance, substrate) for substrate in SUBSTRATES}

    @cached_property
    def references(self) -> dict[str, Any]:
        """Figures of a random order and of Sobel edges."""
        return {
            "random_order": _located_and_deleted(random_maps(self.labels.shape, self.settings.seed), self),
            "sobel_edges": _located_and_deleted(sobel_maps(self.inputs), self),
        }


def gate(
    loaded: LoadedNetwork,
    frames: LabelledFrames,
    methods: Sequence[SaliencyMethod],
    settings: GateSettings = GateSettings(),
    twins: LabelTwins | None = None,
    known: Mapping[str, Any] | None = None,
    report: Callable[[str], None] = print,
) -> Iterator[dict[str, Any]]:
    """Every test of every method on one network.

    Args:
        loaded: the network and how it wants its pictures. twins: of the same shape, for label randomisation; None
            leaves it out. known: what an earlier call with the same network, pictures and settings yielded; only what
            it lacks is measured.

    Yields:
        What is known so far, after each method, as JSON values: ``methods`` (name -> figures, see docs/saliency.md) and
        ``references`` (random order, Sobel edges).
    """
    torch.set_num_threads(1)
    bench = _Bench(loaded, frames, settings, twins)
    references = known["references"] if known else bench.references
    found: dict[str, Any] = dict(known["methods"] if known else {})
    for method in methods:
        started = time.process_time()
        figures = found.get(method.name) or _judge(method, bench)
        if bench.twins is not None and figures["labels"] is None:
            figures["labels"] = _labels(method, bench, bench.twins)
        figures["flags"] = flags(figures)
        found[method.name] = figures
        spent_s = time.process_time() - started
        report(f"  {method.name}: {', '.join(figures['flags']) or 'no flag'} ({spent_s:.0f} s of CPU time)")
        yield {"sha256": loaded.sha256, "methods": found, "references": references}


def network_inputs(pictures: npt.NDArray[np.uint8], loaded: LoadedNetwork) -> torch.Tensor:
    """Camera pictures uint8 RGB (N, H, W, 3) as the network wants them."""
    crops = np.stack([loaded.preprocessing.crop(picture) for picture in pictures])
    return to_network_input(crops, loaded.preprocessing.colour)


def _judge(method: SaliencyMethod, bench: _Bench) -> dict[str, Any]:
    raw = explain_in_parts(method, bench.network, bench.inputs)
    maps = _shown(method, raw)
    some = torch.from_numpy(bench.some)
    cascade = randomisation(method, bench.network, bench.inputs[some], "cascading", bench.settings.seed)
    independent = randomisation(method, bench.network, bench.inputs[some], "independent", bench.settings.seed)
    return {
        "reads_head": method.reads_head,
        "cpu_ms": _cpu_ms(method, bench),
        "validity": asdict(validity(raw, method.signed)),
        "blind_to_head": blind_to_head(cascade),
        "unrelated_pictures": _mean(rank_correlation(maps, np.roll(maps, len(maps) // 2, axis=0))),
        "cascading": [{"layer": step.layer, **_mean(step.rank_correlation)} for step in cascade],
        "independent": [{"layer": step.layer, **_mean(step.rank_correlation)} for step in independent],
        "labels": None,
        "stability": _stabilities(method, bench, maps),
        **_located_and_deleted(maps, bench),
    }


def _shown(method: SaliencyMethod, raw: torch.Tensor) -> Maps:
    return np.asarray(normalised(raw.abs() if method.signed else raw).maps[:, 0].detach().cpu().numpy())


def _labels(method: SaliencyMethod, bench: _Bench, twins: LabelTwins) -> dict[str, Any]:
    maps = _shown(method, explain_in_parts(method, bench.network, bench.inputs))
    found = label_randomisation(method, maps, twins, bench.inputs)
    return {name: _mean(getattr(found, name)) for name in ("true", "shuffled", "twins", "nearer_true")}


def _stabilities(method: SaliencyMethod, bench: _Bench, maps: Maps) -> dict[str, Any]:
    clean, clean_maps = bench.inputs[torch.from_numpy(bench.some)], maps[bench.some]
    found = {}
    for name, degraded in bench.degraded.items():
        one = stability(method, bench.network, clean_maps, clean, degraded)
        found[name] = {
            "rank_correlation": _mean(one.rank_correlation),
            "answer_change_deg": _mean(one.answer_change_deg),
        }
    return found


def _located_and_deleted(maps: Maps, bench: _Bench) -> dict[str, Any]:
    located, deleted = {}, {}
    for name, target in TARGETS.items():
        found = localisation(maps, target.masks(bench.labels))
        located[name] = {
            "mass": _mean(found.mass),
            "area": _mean(found.area),
            "concentration": _mean(found.concentration),
            "pointing_game": _mean(found.hit),
        }
    for substrate in SUBSTRATES:
        one, chance = deletion(bench.network, bench.inputs, maps, substrate), bench.by_chance[substrate]
        deleted[substrate] = {
            "deletion_deg": _mean(one.deletion_deg),
            "insertion_deg": _mean(one.insertion_deg),
            "deletion_above_random_deg": _mean(one.deletion_deg - chance.deletion_deg),
            "insertion_below_random_deg": _mean(chance.insertion_deg - one.insertion_deg),
        }
    return {"localisation": located, "deletion": deleted}


def flags(figures: Mapping[str, Any]) -> list[str]:
    """What speaks against a method, in words; empty where nothing does."""
    found = []
    if figures["blind_to_head"]:
        found.append("blind to the head")
    last, chance = figures["cascading"][-1], figures["unrelated_pictures"]
    if last["low"] is not None and chance["high"] is not None and last["low"] > max(chance["high"], 0.5):
        found.append("keeps its map with random weights")
    if figures["labels"] is not None and (figures["labels"]["nearer_true"]["low"] or 0.0) <= 0.0:
        found.append("no nearer to true than to shuffled labels")
    for substrate, one in figures["deletion"].items():
        if (one["deletion_above_random_deg"]["low"] or 0.0) <= 0.0:
            found.append(f"deletion ({substrate}) no better than random")
        if (one["insertion_below_random_deg"]["low"] or 0.0) <= 0.0:
            found.append(f"insertion ({substrate}) no better than random")
    for target, one in figures["localisation"].items():
        if (one["concentration"]["low"] or 0.0) <= 1.0:
            found.append(f"no more on {target} than its area")
    if figures["validity"]["zero"]:
        found.append(f"{figures['validity']['zero']} of {figures['validity']['n']} maps empty")
    if figures["validity"]["not_finite"]:
        found.append(f"{figures['validity']['not_finite']} of {figures['validity']['n']} maps not finite")
    return found


def _cpu_ms(method: SaliencyMethod, bench: _Bench) -> float:
    """Median CPU time of one map with its own forward pass, ms: on an idle core the same as wall time."""
    times = []
    for _ in range(TIMED_CALLS):
        started = time.thread_time()
        method.explain(bench.network, bench.inputs[:1])
        times.append((time.thread_time() - started) * 1e3)
    return round(float(np.median(times)), 3)


def _mean(values: npt.NDArray[np.floating]) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(mean_over_pictures(values)).items()}


def _started(
    path: Path, frames: LabelledFrames, settings: GateSettings, twins_sha256: Mapping[str, str] | None
) -> dict[str, Any]:
    """Head of the result; with the figures that an earlier run left in the file, if it measured the same."""
    head = {
        "schema_version": SCHEMA_VERSION,
        "settings": asdict(settings),
        "frames": {"n": len(frames), "data_hash": frames.data_hash, "source": dict(frames.source)},
    }
    earlier = load_json(path) if path.exists() else {}
    if not all(earlier.get(key) == value for key, value in head.items()):
        return {**head, "twins_sha256": twins_sha256, "networks": {}}
    if twins_sha256 not in (None, earlier["twins_sha256"]):
        for network in earlier["networks"].values():
            for figures in network["methods"].values():
                figures["labels"] = None
    return {**earlier, "twins_sha256": twins_sha256 or earlier["twins_sha256"]}


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    """Judge networks, write JSON and page."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.training.saliency_gate", description=__doc__.splitlines()[0]
    )
    parser.add_argument("frames", type=Path, help="folder of labelled pictures")
    shipped = [WEIGHTS_FOLDER / "pilotnet.safetensors", WEIGHTS_FOLDER / "pilotnet_weak_teacher.safetensors"]
    parser.add_argument("--networks", type=Path, nargs="+", default=shipped, help="weights of drivers (default: ours)")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), help="default: all")
    parser.add_argument("--twins", type=Path, help="folder of agents.training.checkpoints, for label randomisation")
    parser.add_argument("--every", type=int, default=1, help="use every n-th picture (default 1)")
    parser.add_argument("--sanity-pictures", type=int, default=GateSettings.sanity_pictures, help="default 8")
    parser.add_argument("--json", type=Path, required=True, help="result")
    parser.add_argument("--page", type=Path, help="also write this page")
    options = parser.parse_args()
    frames = load_labelled_frames(options.frames)
    frames = frames.take(range(0, len(frames), options.every))
    twins = {} if options.twins is None else {name: _twin(options.twins, name) for name in (TRUE, SHUFFLED)}
    settings = GateSettings(sanity_pictures=options.sanity_pictures)
    methods = [find_method(name) for name in options.methods]
    hashes = {name: twin.sha256 for name, twin in twins.items()} or None
    result = _started(options.json, frames, settings, hashes)
    if twins:
        result["twins"] = {name: _training_of(twin) for name, twin in twins.items()}
    for path in options.networks:
        print(path.stem, flush=True)
        loaded = load_network(path, "driver")
        comparable = bool(twins) and twins[TRUE].network.config == loaded.network.config
        pair = LabelTwins(twins[TRUE].network, twins[SHUFFLED].network) if comparable else None
        earlier = result["networks"].get(path.stem, {})
        known = earlier if earlier.get("sha256") == loaded.sha256 else None
        for figures in gate(loaded, frames, methods, settings, pair, known, _say):
            result["networks"][path.stem] = figures
            save_json(options.json, result)
    if options.page is not None:
        options.page.write_text(render_page(result, frames, options.networks, methods), encoding="utf-8")
        print(f"page: {options.page}")


def _training_of(twin: LoadedNetwork) -> dict[str, Any]:
    card = load_json(twin.path.with_suffix(".json"))
    return {**{name: card[name] for name in ("epochs", "frames", "labels", "seed", "cpu_s")}, **card["scores"]}


def _twin(folder: Path, name: str) -> LoadedNetwork:
    return load_network(folder / f"{name}.safetensors", "driver")


if __name__ == "__main__":
    main()
