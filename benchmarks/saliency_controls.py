"""`python -m benchmarks.saliency_controls --data DIR --cache DIR`: is it the saliency, or would any edges do?

The failure predictor's question, asked of eight pictures of the same frames at the same budget: VisualBackProp, LRP,
Grad-CAM and SmoothGrad maps of the weak teacher, Sobel edges, VisualBackProp of an untrained network, VisualBackProp of
another frame (of the same set, drawn at random), and the grey camera picture. Each is read by four kinds of one-channel
PilotNet (`control_students`): convolutions transferred from the teacher or drawn at random that stay as they are, with
small heads on them; and the whole network fitted, from scratch or from the transferred convolutions on. All are fitted
to the driver's signed error, with several seeds, on the same frames of monitor-fit episodes.

They are asked of held-out episodes, and with `--reference RESULTS` of every n-th tick of that campaign's shadow runs,
on roads and textures of their own (`control_figures`). Writes `benchmarks/results/saliency_controls.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.network_file import LoadedNetwork, load_network
from agents.training.dataset import Frames, Rows, load_frames
from agents.training.stretches import cached, thinned
from agents.weights_io import WEIGHTS_FOLDER
from benchmarks.comparison_page import controls_tables
from benchmarks.control_figures import Answers, judged
from benchmarks.control_pictures import SALIENCY, sources
from benchmarks.control_students import HEAD, KINDS, NETWORK, Seen, StudentKind, Tensors, answers, fit_student
from benchmarks.driver_errors import MATCHED_FPR
from benchmarks.shadow_frames import Floats, Pictures, ShadowFrames, campaign_frames, collected_frames
from harness.results.store import read_campaign_json

RESULT = Path(__file__).parent / "results" / "saliency_controls.json"
TEACHER = "pilotnet_weak_teacher.safetensors"
HELD_OUT_SHARE, HELD_OUT_SEED = 0.3, 0
HELD_OUT, REFERENCE = "held_out", "reference"
SEEDS = (0, 1, 2)
BY_NAME = {kind.name: kind for kind in KINDS}
WHOLE_NETWORKS = (SALIENCY, "sobel_edges", "camera")
"""Pictures that networks whose convolutions are fitted too are made for: each takes as long as ten heads."""


@dataclass(frozen=True)
class Question:
    """What is fitted, and what is asked.

    Attributes:
        frames: collected, thinned. error_deg: of the driver in them, (N,). train, held: rows to fit on, and held out.
        asked: name -> frames that the students judge, the held-out rows among them.
        teacher: whose maps and convolutions are used.
    """

    frames: Frames
    error_deg: Floats
    train: Rows
    held: Rows
    asked: Mapping[str, ShadowFrames]
    teacher: LoadedNetwork


def main() -> None:
    """Parse, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saliency_controls", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of collected monitor-fit shards")
    parser.add_argument("--cache", type=Path, required=True, help="folder of pictures and students that are kept")
    parser.add_argument("--every", type=int, default=20, help="keep every n-th stored frame (10 Hz) of an episode")
    parser.add_argument("--reference", type=Path, help="campaign whose shadow runs kept what monitors look at")
    parser.add_argument("--reference-every", type=int, default=20, help="keep every n-th of its ticks (20 Hz)")
    parser.add_argument("--kinds", default=",".join(BY_NAME), help="of students, comma-separated")
    parser.add_argument("--json", type=Path, default=RESULT, help="where the result goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.cache.mkdir(parents=True, exist_ok=True)
    question = _question(options.data, options.every, options.reference, options.reference_every)
    said = ask(question, [BY_NAME[name] for name in options.kinds.split(",")], options.cache)
    described: dict[str, dict[str, Any]] = {HELD_OUT: {"every": options.every}}
    if options.reference is not None:
        campaign = read_campaign_json(options.reference)
        known = {key: campaign.get(key) for key in ("name", "campaign_id")}
        described[REFERENCE] = {"every": options.reference_every, "campaign": known}
    frames, train = question.frames, question.train
    result: dict[str, Any] = {
        "schema_version": 2,
        "data": {"sha256": frames.data_hash, "every": options.every, "scene_version": frames.scene_version},
        "fitted_on": {"frames": len(train), "episodes": len(np.unique(frames.episode[train]))},
        "budget": {"kept": {**vars(HEAD), "hidden": list(HEAD.hidden)}, "fitted": vars(NETWORK), "seeds": SEEDS},
        "teacher_sha256": question.teacher.sha256,
        "matched_fpr": MATCHED_FPR,
        **{name: {**one, **judged(said[name], question.asked[name], SALIENCY)} for name, one in described.items()},
    }
    options.json.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    for name, table in controls_tables(result).items():
        print(name, table, sep="\n\n", end="\n\n")
    print(options.json)


def _question(data: Path, every: int, reference: Path | None, reference_every: int) -> Question:
    frames = thinned(load_frames(sorted(data.glob("[!.]*.npz"))), every)
    error_deg = (frames.columns["swa_agent_deg"] - frames.columns["swa_label_deg"]).astype(np.float64)
    usable = frames.before_departure & np.isfinite(error_deg)
    train, held = frames.holdout(usable, HELD_OUT_SHARE, HELD_OUT_SEED)
    asked = {HELD_OUT: collected_frames(frames, held)}
    if reference is not None:
        asked[REFERENCE] = campaign_frames(reference, reference_every)
    return Question(frames, error_deg, train, held, asked, load_network(WEIGHTS_FOLDER / TEACHER, "driver"))


def ask(question: Question, kinds: Sequence[StudentKind], folder: Path) -> dict[str, Answers]:
    """What every student of every picture answers, by the name of the frames.

    Pictures and what students learned are kept in ``folder``.
    """
    found: dict[str, dict[tuple[str, str], Floats]] = {name: {} for name in question.asked}
    teacher = question.teacher.network
    for picture, make in sources(teacher).items():
        started, mine = time.process_time(), [one for one in kinds if not one.fitted or picture in WHOLE_NETWORKS]
        if not mine:
            continue
        shown = {HELD_OUT: _pictures(question, folder / f"{picture}_collected.npz", question.frames.crops, make)}
        for other, frames in question.asked.items():
            if other != HELD_OUT:
                shown[other] = _pictures(question, folder / f"{picture}_{other}.npz", frames.crops, make)
        for kind in mine:
            for other, said in _said(question, kind, picture, shown, folder).items():
                found[other][picture, kind.name] = said
        print(f"{picture}: {time.process_time() - started:.0f} s of processor", flush=True)
    return dict(found)


def _said(
    question: Question, kind: StudentKind, picture: str, shown: Mapping[str, Pictures], folder: Path
) -> dict[str, Floats]:
    """What the students of one kind answer, (seeds, N); the held-out frames are shown among all that were collected."""
    teacher, seen = question.teacher.network, dict[str, Seen]()
    said: dict[str, list[Floats]] = {name: [] for name in shown}
    for seed in SEEDS:
        if not seen or not kind.reads_alike:
            seen = {name: kind.read(seed, pictures, teacher) for name, pictures in shown.items()}
        learned = _learned(question, kind, picture, seed, shown[HELD_OUT], seen[HELD_OUT], folder)
        for name, one in seen.items():
            said[name].append(answers(kind, seed, learned, one[question.held] if name == HELD_OUT else one, teacher))
    return {name: np.stack(by_seed) for name, by_seed in said.items()}


def _pictures(question: Question, path: Path, crops: Pictures, make: Callable[[Pictures], Pictures]) -> Pictures:
    rests_on = [hashlib.sha256(crops.tobytes()).hexdigest(), question.teacher.sha256]
    stored: dict[str, npt.NDArray[Any]] = cached(path, rests_on, lambda: {"pictures": make(crops)})
    return stored["pictures"]


def _learned(
    question: Question, kind: StudentKind, picture: str, seed: int, collected: Pictures, seen: Seen, folder: Path
) -> Tensors:
    data = hashlib.sha256(collected.tobytes() + question.train.tobytes() + question.error_deg.tobytes()).hexdigest()
    rests_on = [data, question.teacher.sha256, str(vars(NETWORK) if kind.fitted else vars(HEAD))]
    teacher = question.teacher.network
    return cached(
        folder / f"{picture}_{kind.name}_{seed}.npz",
        rests_on,
        lambda: fit_student(kind, seed, seen, question.error_deg, question.train, teacher),
    )


if __name__ == "__main__":
    main()
