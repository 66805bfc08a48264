"""The figures of the failure prediction paper beside ours: ``python -m agents.training.evaluate --paper …``.

Driver MAE (its Fig. 2), predictor MAE (Fig. 4) and safety gained (Table 1) by |reference SWA|; frames of a reference
driving (log-based) and states that the network visited itself (on-policy) in columns of their own.

  --configuration paper_cpu            networks of `agents.training.paper`, on frames that none of them was fitted on
  --configuration paper --data DIR     the same, trained and judged on a folder of real driving
  --results DIR                        the shipped (tuned) networks: a campaign with shadow and log runs
  --data DIR                           the shipped networks on a folder of real driving
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.errors import WeightsError
from agents.network_file import LoadedNetwork, load_network
from agents.training.dataset import NoDataError
from agents.training.fit import BatchMaker, predict
from agents.training.paper_configuration import Arm, PaperConfiguration, WhichNetwork, load_configuration
from agents.training.paper_data import FILES, PaperData, folder_data, own_data
from agents.training.paper_inputs import PredictorInputs
from agents.training.paper_table import paper_table
from agents.training.real_driving import STEERING_UNITS, Driving, read_crops, read_driving
from agents.weights_io import WEIGHTS_FOLDER, card_path, load_json, save_json
from harness.evaluation.paper_parity import PAPER_TPR_PERCENT, ParityRun, parity_figures, parity_of
from harness.results.offline_scores import OfflineScores

TUNED = "tuned"
TUNED_ARMS = (
    Arm(name="saliency_student", maps="weak", errors="trained"),
    Arm(name="camera_student", maps=None, errors="trained"),
)
TUNED_FILES: dict[WhichNetwork, str] = {"weak": "pilotnet_weak_teacher.safetensors", "trained": "pilotnet.safetensors"}
SAME_NETWORK_DEG = 0.5
SEED = 0

Figures = dict[str, Any]


class OtherNetworkError(RuntimeError):
    """On-policy frames were driven by another network than the one that is judged."""


def judge(
    arms: tuple[Arm, ...],
    files: Mapping[WhichNetwork, str],
    folder: Path,
    test: Mapping[str, Driving],
    device: str,
    cache: Path | None = None,
) -> dict[str, dict[str, Figures] | None]:
    """Figures of every arm on every set of frames: column -> which network -> `parity_figures`.

    Args:
        arms: failure predictors; the file of each has its name. files: of the two drivers. folder: of all of them.
        test: "log_based", "on_policy" -> frames; on-policy judges only the network that drove, the trained one.

    Raises:
        WeightsError: a network is missing. OtherNetworkError: another network drove the on-policy frames.
    """
    drivers = {which: load_network(folder / name, "driver", device) for which, name in files.items()}
    students = {arm.name: _student(folder, arm, device) for arm in arms}
    columns: dict[str, dict[str, Figures] | None] = {"log_based": None, "on_policy": None}
    for column, driving in test.items():
        inputs = PredictorInputs(
            drivers, read_crops(driving, drivers["trained"].preprocessing, cache), driving.swa_deg, device
        )
        judged: tuple[WhichNetwork, ...] = ("weak", "trained")
        if column == "on_policy":
            judged = ("trained",)
            _require_same(inputs.answers_deg("trained"), driving.agent_swa_deg)
        figures: dict[str, Figures] = {}
        for which in judged:
            predicted = {
                arm.name: predicted_error_deg(students[arm.name], inputs.pictures(arm.maps), device)
                for arm in arms
                if arm.errors == which
            }
            figures[which] = figures_of(driving, inputs.answers_deg(which), predicted)
        columns[column] = figures
    return columns


def _student(folder: Path, arm: Arm, device: str) -> LoadedNetwork:
    return load_network(
        folder / f"{arm.name}.safetensors", "camera_student" if arm.maps is None else "saliency_student", device
    )


def predicted_error_deg(
    student: LoadedNetwork, pictures: npt.NDArray[np.uint8], device: str
) -> npt.NDArray[np.float32]:
    """What a failure predictor makes of maps or grey pictures (N, H, W), degrees, (N,)."""
    batch: BatchMaker = lambda rows: torch.from_numpy(pictures[rows]).unsqueeze(1).to(torch.float32)  # noqa: E731
    return predict(student.network, batch, len(pictures), device)


def figures_of(
    driving: Driving, answers: npt.NDArray[np.float32], predicted: Mapping[str, npt.NDArray[np.float32]]
) -> Figures:
    """`parity_figures` over the minutes of a driving.

    Args:
        answers: SWA of a driver, degrees, (N,). predicted: name -> predicted signed error, degrees, (N,).
    """
    runs: list[ParityRun] = []
    for block in np.unique(driving.block):
        rows = np.flatnonzero(driving.block == block)
        runs.append(
            parity_of(
                driving.swa_deg[rows].astype(np.float64),
                answers[rows].astype(np.float64),
                {name: values[rows].astype(np.float64) for name, values in predicted.items()},
                np.ones(len(rows), dtype=bool),
            )
        )
    figures = parity_figures(runs, ["all"] * len(runs), SEED)
    assert figures is not None  # a set of frames has at least one block
    return figures


def _require_same(answers: npt.NDArray[np.float32], recorded: npt.NDArray[np.float32]) -> None:
    difference = float(np.nanmedian(np.abs(answers - recorded))) if np.isfinite(recorded).any() else float("inf")
    if difference > SAME_NETWORK_DEG:
        raise OtherNetworkError(
            f"the on-policy frames were not driven by this network (its answers differ by {difference:.2f} deg): "
            "collect them again with it"
        )


def _cards(folder: Path, names: list[str]) -> dict[str, Any]:
    cards = {}
    for name in names:
        card = load_json(card_path(folder / name))
        cards[name] = training_of(card)
    return cards


def training_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """What of a model card stands beside figures; the shipped networks' cards do not say epochs reached."""
    return {
        "sha256": card["sha256"],
        "frames": card.get("data", {}).get("frames"),
        "epochs": card.get("epochs_reached"),
        "seconds": card.get("history", {}).get("seconds"),
        "validation": card.get("scores"),
    }


def main() -> None:
    """Judge, print, save."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.training.evaluate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--paper", action="store_true", required=True, help="the failure prediction paper's figures")
    parser.add_argument("--configuration", default=TUNED, help="default: tuned, the shipped networks")
    parser.add_argument("--data", type=Path, help="folder of real driving: driving_log.csv and pictures")
    parser.add_argument("--results", type=Path, help="campaign of the shipped networks")
    parser.add_argument("--own", type=Path, default=Path("data"), help="frames of our own loop (default: data)")
    parser.add_argument("--networks", type=Path, help="default: data/<configuration>")
    parser.add_argument("--steering", choices=sorted(STEERING_UNITS), default="simulator", help="unit of --data's logs")
    parser.add_argument("--fps", type=float, help="frames a second, for logs without a clock")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, help="JSON, with a table of the same name beside it")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        result = _evaluate(options)
    except (NoDataError, WeightsError, OtherNetworkError, FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    out = options.out or (options.networks or Path("data") / options.configuration) / "paper_figures.json"
    save_json(out, result)
    table = paper_table(result)
    out.with_suffix(".md").write_text(table, encoding="utf-8")
    print(f"{table}\n{out}")


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    if options.configuration == TUNED:
        return _evaluate_tuned(options)
    configuration = load_configuration(options.configuration)
    folder = options.networks or Path("data") / configuration.name
    data = _data(options, configuration, folder)
    columns = judge(configuration.arms, FILES, folder, data.test, options.device, folder / "cache")
    names = [*FILES.values(), *(f"{arm.name}.safetensors" for arm in configuration.arms)]
    return _result(configuration.name, configuration.arms, columns, _cards(folder, names))


def _data(options: argparse.Namespace, configuration: PaperConfiguration, networks: Path) -> PaperData:
    if options.data is None:
        return own_data(options.own, configuration, networks)
    return folder_data(options.data, configuration, STEERING_UNITS[options.steering], options.fps)


def _evaluate_tuned(options: argparse.Namespace) -> dict[str, Any]:
    if options.data is not None:
        driving = read_driving(options.data, STEERING_UNITS[options.steering], options.fps)
        folder = options.networks or WEIGHTS_FOLDER
        columns = judge(TUNED_ARMS, TUNED_FILES, folder, {"log_based": driving}, options.device)
        names = [*TUNED_FILES.values(), *(f"{arm.name}.safetensors" for arm in TUNED_ARMS)]
        return _result(TUNED, TUNED_ARMS, columns, _cards(folder, names))
    if options.results is None:
        raise NoDataError("the shipped networks are judged on --results (a campaign) or --data (a folder of driving)")
    summary = load_json(options.results / "summary.json")
    found = summary["paper_parity"]
    columns = {
        column: None if found[column] is None else {"trained": found[column]} for column in ("log_based", "on_policy")
    }
    arms = {arm.name for arm in TUNED_ARMS}
    campaign = OfflineScores.read(options.results).join(load_json(options.results / "campaign.json"))
    parts = [campaign["agent"], *(monitor for monitor in campaign["monitors"] if monitor["name"] in arms)]
    hashes = {part["name"]: {"sha256": part["weights_sha256"]} for part in parts}
    return _result(TUNED, TUNED_ARMS, columns, {"campaign": campaign["campaign_id"], **hashes})


def _result(
    name: str, arms: tuple[Arm, ...], columns: dict[str, dict[str, Figures] | None], networks: dict[str, Any]
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "configuration": name,
        "arms": [arm.model_dump() for arm in arms],
        "columns": columns,
        "networks": networks,
        "paper": {"tpr_percent": PAPER_TPR_PERCENT},
    }


if __name__ == "__main__":
    main()
