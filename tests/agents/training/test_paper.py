"""The paper's procedure from a folder of driving to its table, small enough for a test."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.network_file import load_network
from agents.training import evaluate, paper
from agents.training.evaluate import OtherNetworkError, judge
from agents.training.fitted_network import OtherFitError
from agents.training.paper import PaperTraining
from agents.training.paper_configuration import (
    ConfigurationError,
    PaperConfiguration,
    load_configuration,
)
from agents.training.paper_data import FILES, PaperData, on_policy_set, own_data
from agents.training.paper_inputs import driver_answers
from agents.training.real_driving import read_crops, read_driving
from tests.agents.training.folder_of_driving import write_folder

QUICK = {"epochs": 6, "learning_rate": 2e-3, "optimiser": "adam", "loss": "mse", "batch_size": 16}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def quick(**changes: Any) -> PaperConfiguration:
    small = {
        "name": "quick",
        "network": {"height": 61, "width": 61, "channels": 1, "dropout": 0.1},
        "picture": {"lower_share": 1.0, "cut_bottom_share": 0.0},
        "driver": QUICK,
        "student": {**QUICK, "epochs": 2},
        "student_trains": "head",
        "arms": [
            {"name": "saliency_a", "maps": "weak", "errors": "trained"},
            {"name": "camera_a", "maps": None, "errors": "trained"},
        ],
    }
    return PaperConfiguration.model_validate({**load_configuration("paper").model_dump(), **small, **changes})


def command(monkeypatch: pytest.MonkeyPatch, module: Any, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["program", *arguments])
    module.main()


def test_the_declared_configuration_is_the_papers() -> None:
    declared = load_configuration("paper")
    assert (declared.network.height, declared.network.width, declared.network.channels) == (102, 364, 1)
    assert declared.network.dropout > 0.0 and declared.driver.optimiser == "adam"
    student = declared.student
    assert (student.epochs, student.batch_size, student.learning_rate, student.optimiser) == (30, 128, 1e-5, "adam")
    assert declared.preprocessing().seen_rows == (0.38, 1.0)  # the lower part
    assert {(arm.maps, arm.errors) for arm in declared.arms} == {
        (maps, errors) for maps in ("weak", "trained", None) for errors in ("weak", "trained")
    }
    assert load_configuration("paper_top_half").preprocessing().seen_rows == (0.0, 0.5)
    short = load_configuration("paper_cpu")
    assert short.network == declared.network and short.student_trains == "head" and short.time_limit_s is not None
    with pytest.raises(ConfigurationError, match="known: paper, paper_cpu, paper_top_half"):
        load_configuration("papre")


def test_a_configuration_of_ones_own_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text("extends: paper_cpu\nname: short\ntime_limit_s: 60\n")
    short, base = load_configuration(str(file)), load_configuration("paper_cpu")
    assert short == base.model_copy(update={"name": "short", "time_limit_s": 60.0})
    file.write_text("extends: paper_cpu\nweek_epochs: 1\n")
    with pytest.raises(ConfigurationError, match="week_epochs"):
        load_configuration(str(file))


def test_from_a_folder_of_driving_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(tmp_path / "drive", blocks=10)
    file = tmp_path / "quick.yaml"
    file.write_text(json.dumps(quick().model_dump(mode="json")))
    out = tmp_path / "networks"
    command(
        monkeypatch, paper, "--configuration", str(file), "--data", str(tmp_path / "drive"), "--out", str(out),
        "--device", "cpu",
    )  # fmt: skip
    files = {path.name for path in out.glob("*.safetensors")}
    assert files == {*FILES.values(), "saliency_a.safetensors", "camera_a.safetensors"}
    assert not list(out.glob("*.checkpoint"))
    card = json.loads((out / "camera_a.json").read_text())
    assert card["epochs_reached"] == 2 and card["configuration"]["student_trains"] == "head"
    capsys.readouterr()
    command(
        monkeypatch, evaluate, "--paper", "--configuration", str(file), "--data", str(tmp_path / "drive"),
        "--networks", str(out), "--device", "cpu",
    )  # fmt: skip
    printed = capsys.readouterr().out
    assert "| Table 1, safety gained (TPR at 5°) of `saliency_a` | 0-30° | 42 %, no FPR |" in printed
    assert "| Fig. 2, MAE of the trained driver | all | graph only |" in printed
    saved = json.loads((out / "paper_figures.json").read_text())
    assert saved["columns"]["on_policy"] is None and (out / "paper_figures.md").read_text() in printed
    # The same figures by hand, on the last fifth of the minutes.
    driving = read_driving(tmp_path / "drive")
    test = driving.take(driving.split(0.5, 0.3, 0.2)[2])
    trained = load_network(out / FILES["trained"], "driver")
    answers = driver_answers(trained, read_crops(test, quick().preprocessing()), "cpu")
    mae = saved["columns"]["log_based"]["trained"]["driver_mae_deg"][-1]["mae"]
    assert mae["n"] == 24 and mae["value"] == pytest.approx(float(np.abs(answers - test.swa_deg).mean()), abs=1e-4)
    failed = int((np.abs(answers - test.swa_deg) > 5.0).sum())
    ranges = saved["columns"]["log_based"]["trained"]["monitors"]["camera_a"]["ranges"]
    assert ranges[-1]["tpr"]["n"] == failed and ranges[-1]["fpr"]["n"] == 24 - failed


def data_of(folder: Path) -> PaperData:
    frames = read_driving(folder)
    driver, predictor = frames.split(0.6, 0.4)
    return PaperData(frames.take(driver), frames.take(predictor), {})


def test_a_killed_study_goes_on_and_what_is_done_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "drive", blocks=5)
    configuration = quick(driver={**QUICK, "epochs": 2}, student_trains="all")
    data, out = data_of(tmp_path / "drive"), tmp_path / "networks"
    PaperTraining(configuration, data, out, "cpu", seed=0).drivers()
    before = {path.name: path.read_bytes() for path in out.glob("*.safetensors")}
    fitted: list[str] = []
    real_fit = paper.fit

    def counted(*arguments: Any, **more: Any) -> Any:
        fitted.append(Path(more["checkpoint"]).stem)
        return real_fit(*arguments, **more)

    def not_again(*_: Any, **__: Any) -> Any:
        raise AssertionError("a driver was fitted again")

    monkeypatch.setattr(paper, "fit", counted)
    monkeypatch.setattr(paper, "fit_on_pictures", not_again)
    PaperTraining(configuration, data, out, "cpu", seed=0).run()
    assert fitted == ["saliency_a", "camera_a"]
    assert all((out / name).read_bytes() == content for name, content in before.items())


def test_what_other_data_or_settings_gave_is_not_taken_for_this_study(tmp_path: Path) -> None:
    write_folder(tmp_path / "drive", blocks=5)
    configuration = quick(driver={**QUICK, "epochs": 1}, student={**QUICK, "epochs": 1})
    data, out = data_of(tmp_path / "drive"), tmp_path / "networks"
    PaperTraining(configuration, data, out, "cpu", seed=0).run()
    with pytest.raises(OtherFitError, match=r"driver_weak.safetensors was fitted with other settings: begin --fresh"):
        PaperTraining(configuration, data, out, "cpu", seed=1).run()
    write_folder(tmp_path / "more", blocks=5, seed=1)
    with pytest.raises(OtherFitError, match="fitted with other data"):
        PaperTraining(configuration, data_of(tmp_path / "more"), out, "cpu", seed=0).run()
    with pytest.raises(OtherFitError, match=r"saliency_a.safetensors was fitted with other configuration"):
        whole = configuration.model_copy(update={"student_trains": "all"})
        PaperTraining(whole, data, out, "cpu", seed=0).run()
    # Killed between weights and card: that network is fitted again, to the same bytes.
    (out / "driver_trained.json").unlink()
    before = (out / "driver_trained.safetensors").read_bytes()
    PaperTraining(configuration, data, out, "cpu", seed=0).run()
    assert (out / "driver_trained.json").exists() and (out / "driver_trained.safetensors").read_bytes() == before


def test_a_call_that_cannot_begin_costs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    network = tmp_path / "networks" / "driver_weak.safetensors"
    network.parent.mkdir()
    network.write_bytes(b"hours of training")
    out, nowhere = ("--out", str(network.parent)), str(tmp_path / "nowhere")
    for arguments, said in (
        (("--data", nowhere, "--fresh"), "holds no driving_log.csv, nor does any folder below it\n"),
        (("--own", nowhere, "--fresh"), "--collect drives for them"),
        (("--data", nowhere, "--fresh", "--on-policy"), "leave out one or the other"),
        (("--configuration", "papre", "--fresh"), "no configuration 'papre'"),
    ):
        with pytest.raises(SystemExit):
            command(monkeypatch, paper, *arguments, *out)
        assert said in capsys.readouterr().err and network.exists()


def test_on_policy_frames_judge_the_network_that_drove_and_no_other(tmp_path: Path) -> None:
    write_folder(tmp_path / "drive", blocks=5)
    configuration, out = quick(arms=[]), tmp_path / "networks"
    PaperTraining(configuration, data_of(tmp_path / "drive"), out, "cpu", seed=0).drivers()
    write_folder(tmp_path / "plain", blocks=2, seed=3)
    frames = read_driving(tmp_path / "plain")
    answers = driver_answers(
        load_network(out / FILES["trained"], "driver"), read_crops(frames, configuration.preprocessing()), "cpu"
    )
    write_folder(tmp_path / "own", blocks=2, seed=3, agent=answers)
    columns = judge((), FILES, out, {"on_policy": read_driving(tmp_path / "own")}, "cpu")
    assert (
        columns["on_policy"] is not None and set(columns["on_policy"]) == {"trained"} and columns["log_based"] is None
    )
    write_folder(tmp_path / "other", blocks=2, seed=3, agent=answers + 20)
    with pytest.raises(OtherNetworkError, match="not driven by this network"):
        judge((), FILES, out, {"on_policy": read_driving(tmp_path / "other")}, "cpu")


def test_the_shipped_networks_are_judged_on_a_campaign_and_on_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rate = {"value": 0.5, "k": 20.0, "n": 40.0, "low": 0.4, "high": 0.6, "method": "m"}
    row = {"range_deg": "0-30", "tpr": rate, "fpr": {**rate, "value": None}, "predictor_mae_deg": rate}
    figures = {
        "runs": 3,
        "driver_mae_deg": [{"range_deg": "0-30", "mae": rate}],
        "monitors": {"saliency_student": {"ranges": [row]}},
    }
    parts = [{"name": name, "weights_sha256": name[::-1]} for name in ("pilotnet", "saliency_student", "random")]
    campaign = {"campaign_id": "c", "agent": parts[0], "monitors": parts[1:]}
    (tmp_path / "campaign.json").write_text(json.dumps(campaign))
    summary = {"paper_parity": {"on_policy": figures, "log_based": None}}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    out = str(tmp_path / "t.json")
    command(monkeypatch, evaluate, "--paper", "--results", str(tmp_path), "--out", out)
    assert "`saliency_student` | 0-30° | 42 %, no FPR | – | 50 % [40, 60], n 40; FPR – |" in capsys.readouterr().out
    named = json.loads(Path(out).read_text())["networks"]
    assert set(named) == {"campaign", "pilotnet", "saliency_student"} and named["pilotnet"] == {"sha256": "tentolip"}
    write_folder(tmp_path / "drive", blocks=1)
    command(monkeypatch, evaluate, "--paper", "--data", str(tmp_path / "drive"), "--out", out, "--device", "cpu")
    saved = json.loads(Path(out).read_text())
    assert set(saved["columns"]["log_based"]["trained"]["monitors"]) == {"saliency_student", "camera_student"}
    with pytest.raises(SystemExit):
        command(monkeypatch, evaluate, "--paper", "--out", out)
    assert "--results (a campaign) or --data" in capsys.readouterr().err


def test_frames_of_our_own_loop_are_found_by_their_sets(tmp_path: Path) -> None:
    configuration = quick()
    for name, blocks, seed in (("paper_fit", 5, 0), ("paper_log", 2, 1)):
        write_folder(tmp_path / name / "run", blocks=blocks, seed=seed)
    networks = tmp_path / "networks"
    data = own_data(tmp_path, configuration, networks)
    assert (len(data.driver), len(data.predictor)) == (36, 24) and set(data.test) == {"log_based"}
    assert not set(data.driver.pictures) & set(data.predictor.pictures)
    (networks / FILES["trained"]).parent.mkdir()
    (networks / FILES["trained"]).write_bytes(b"one")
    driven = on_policy_set(configuration, networks)
    assert driven.agent == str(networks / "driver_trained.safetensors") and driven.pictures
    (tmp_path / driven.name).mkdir()  # the first run was killed
    assert set(own_data(tmp_path, configuration, networks).test) == {"log_based"}
    write_folder(tmp_path / driven.name / "run", blocks=1, seed=2, agent=np.zeros(12, dtype=np.float32))
    assert set(own_data(tmp_path, configuration, networks).test) == {"log_based", "on_policy"}
    (networks / FILES["trained"]).write_bytes(b"trained anew: what the one before drove is not its own")
    assert set(own_data(tmp_path, configuration, networks).test) == {"log_based"}
