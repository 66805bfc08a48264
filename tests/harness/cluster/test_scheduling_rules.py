"""The rules of scheduling without a cluster: sizes, drained nodes, stragglers, budgets, what is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cluster.attempt import AttemptResult
from harness.cluster.campaign_plan import ResumeError
from harness.cluster.episode_sink import EpisodeSink
from harness.cluster.failed_tries import ATTEMPT_BUDGET, NODE_LOSS_BUDGET, FailedTries
from harness.cluster.node_health import NodeHealth
from harness.cluster.progress import CampaignProgress
from harness.cluster.shipping import files_to_ship, unpack
from harness.cluster.sizing import GIB, SIMULATOR_SLOT, NodeOffer, NoRoomError, offers, size_workers
from harness.cluster.stragglers import Stragglers
from harness.cluster.worker import Place
from harness.results.schema import check_record, with_standard_columns
from harness.results.store import CampaignStore
from harness.simulation.simulator import EMBEDDED, parse_simulator
from tests.harness.cluster.executors import Task
from tests.harness.results.records import record
from tests.harness.simulation.episodes import episode

CARLA = parse_simulator("docker:carlasim/carla:0.9.16")
HERE, THERE = Place("a" * 8, "here"), Place("b" * 8, "there")


def test_workers_follow_cores_and_memory_and_a_wish_overrides() -> None:
    assert size_workers([NodeOffer(8, 64 * GIB)], EMBEDDED, None, "cpu").workers == 8
    assert size_workers([NodeOffer(8, 3 * GIB)], EMBEDDED, None, "cpu").workers == 2
    assert size_workers([NodeOffer(8, 64 * GIB), NodeOffer(4, 64 * GIB)], EMBEDDED, None, "cpu").workers == 12
    assert size_workers([NodeOffer(8, 64 * GIB)], EMBEDDED, 3, "cpu").workers == 3
    with pytest.raises(NoRoomError, match=r"1\.5 GiB of memory"):
        size_workers([NodeOffer(8, 1 * GIB)], EMBEDDED, None, "cpu")


def test_workers_book_their_memory_unless_more_were_wished_for_than_there_is_room_for() -> None:
    host = NodeOffer(8, 6 * GIB)
    assert size_workers([host], EMBEDDED, None, "cpu").resources.memory_bytes == 1.5 * GIB
    assert size_workers([host], EMBEDDED, 4, "cpu").resources.memory_bytes == 1.5 * GIB
    assert size_workers([host], EMBEDDED, 5, "cpu").resources.memory_bytes == 0
    assert size_workers([NodeOffer(8, 64 * GIB)], CARLA, None, "auto").resources.memory_bytes == 8 * GIB


def test_an_attached_simulator_serves_one_worker_per_endpoint() -> None:
    attached = parse_simulator("attach:gpu1:2000,gpu2:2000")
    assert size_workers([NodeOffer(8, 64 * GIB)], attached, None, "cpu").workers == 2
    assert size_workers([NodeOffer(8, 64 * GIB)], attached, 9, "cpu").workers == 2


def test_gpus_are_shared_and_slots_limit_carla() -> None:
    two_gpus = [NodeOffer(16, 256 * GIB, gpus=2, slots=6)]
    size = size_workers(two_gpus, CARLA, None, "auto")
    assert size.workers == 6 and size.resources.gpus == 0.33
    assert size.resources.custom == {SIMULATOR_SLOT: 1.0}
    assert size_workers(two_gpus, EMBEDDED, None, "cpu").resources.gpus == 0.0
    assert size_workers(two_gpus, EMBEDDED, None, "auto").resources.gpus == 0.12
    assert size_workers(two_gpus, CARLA, 1, "auto").resources.gpus == 1.0


def test_dead_nodes_offer_nothing() -> None:
    has = {"CPU": 4.0, "memory": 8.0 * GIB, "GPU": 1.0}
    nodes = [{"Alive": True, "Resources": has}, {"Alive": False, "Resources": has}]
    assert offers(nodes) == [NodeOffer(4.0, 8.0 * GIB, 1.0, None)]


def test_a_node_is_drained_after_three_different_episodes_unless_it_is_the_last() -> None:
    health = NodeHealth()
    health.placed(HERE)
    assert not any(health.failed(HERE, f"e{number}") for number in range(5)), "nowhere else to go"
    health = NodeHealth()
    health.placed(HERE), health.placed(THERE)
    assert not any(health.failed(HERE, "e1") for _ in range(5)), "one bad episode says nothing about a node"
    assert not health.failed(HERE, "e2")
    health.succeeded(HERE)
    assert not health.failed(HERE, "e3") and not health.failed(HERE, "e4")
    assert health.failed(HERE, "e5") and health.drained == {HERE.node_id: HERE}
    assert not any(health.failed(THERE, f"e{number}") for number in range(9)), "the last one left"
    assert health.failed_on("e1") == {HERE.node_id, THERE.node_id}


def test_stragglers_are_given_out_once_and_longest_first() -> None:
    rule = Stragglers(factor=3.0, floor_s=10.0)
    for _ in range(5):
        rule.note(5.0)
    running = [(Task("young"), 14.0), (Task("old"), 60.0), (Task("late"), 16.0), (Task("done"), 99.0)]
    assert [task.episode_id for task in rule.among(running, {"done"}, most=1)] == ["old"]
    assert [task.episode_id for task in rule.among(running, {"done"}, most=2)] == ["late"]
    assert rule.among(running, {"done"}, most=2) == []
    assert [t.episode_id for t in Stragglers(floor_s=10.0).among([(Task("a"), 9.9), (Task("b"), 11)], (), 2)] == ["b"]


def test_the_loss_of_nodes_has_a_budget_of_its_own() -> None:
    tries, task = FailedTries(), Task("e1")
    for _ in range(NODE_LOSS_BUDGET - 1):
        tries.add_node_loss(task, "its node left the cluster")
    for _ in range(ATTEMPT_BUDGET - 1):
        tries.add(task, AttemptResult(None, "no image", ""))
    assert tries.may_try_again(task)
    tries.add(task, AttemptResult(None, "no image", ""))
    assert not tries.may_try_again(task)
    assert tries.lost_record(task).outcome == "infrastructure_error"


def test_an_agent_that_never_answers_fails_itself_only_if_it_was_the_agent_every_time() -> None:
    hung = AttemptResult(None, "no progress while the agent was to answer", "", blame="agent")
    for others, outcome in ((hung, "agent_error"), (AttemptResult(None, "no image", ""), "infrastructure_error")):
        tries, task = FailedTries(), Task("e1")
        for result in (hung, hung, others):
            tries.add(task, result)
        lost = with_standard_columns(tries.lost_record(task))
        assert lost.outcome == outcome
        check_record(lost)


def test_named_files_travel_and_cannot_land_elsewhere(tmp_path: Path) -> None:
    weights = tmp_path / "deep" / "mine.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    weights.with_suffix(".json").write_bytes(b"{}")
    spec = episode()
    assert spec.agent is not None
    named = spec.model_copy(update={"agent": spec.agent.model_copy(update={"name": str(weights)})})
    files = files_to_ship([spec, named])
    assert files == {str(weights): b"weights", str(weights.with_suffix(".json")): b"{}"}
    places = unpack({**files, "../../../evil.safetensors": b"x"}, tmp_path / "node")
    assert places[str(weights)].read_bytes() == b"weights" and places[str(weights)].name == "mine.safetensors"
    assert places[str(weights)].with_suffix(".json").read_bytes() == b"{}", "the card lies beside"
    assert all(place.resolve().is_relative_to(tmp_path / "node") for place in places.values())


def test_records_of_other_pictures_are_not_mixed_in(tmp_path: Path) -> None:
    def seen(name: str, version: int | None) -> object:
        return record(name, events={"departures": [], "simulator": {"version": "0.9.16", "scene_version": version}})

    with CampaignStore.create(tmp_path / "results") as store:
        sink = EpisodeSink(store, CampaignProgress(3), {"version": None, "scene_version": None})
        sink.finished(seen("e1", 3), "0.9.16")  # type: ignore[arg-type]
        resumed = EpisodeSink(store, CampaignProgress(3), {"version": "0.9.16", "scene_version": 3})
        with pytest.raises(ResumeError, match=r"pictures of version 3, .* pictures of version 4.*never\s+pooled"):
            resumed.finished(seen("e2", 4), "0.9.16")  # type: ignore[arg-type]
        with pytest.raises(ResumeError, match="pictures of version None"):
            resumed.finished(seen("e2", None), "0.9.16")  # type: ignore[arg-type]
        assert list(store.finished()) == ["e1"]
