"""The table of what works is complete, true where that can be checked at once, and printed in the documentation."""

from __future__ import annotations

import json
import socket

import pytest

from embedded_carla.compatibility import Support, as_json, calls, put_into
from embedded_carla.options import ServerOptions
from embedded_carla.server import Server
from embedded_carla.wire.rpc import CallFailedError
from tests.embedded_carla.conftest import REPOSITORY


@pytest.fixture(scope="module")
def served() -> dict[str, object]:
    """Every call that a server answers, by name."""
    with socket.socket() as rpc, socket.socket() as streams:
        for sock in (rpc, streams):
            sock.bind(("127.0.0.1", 0))
        return dict(Server(rpc, streams, ServerOptions()).calls)


def test_every_call_is_in_the_table_once_and_nothing_else(served: dict[str, object]) -> None:
    names = [row.call for row in calls()]
    assert len(names) == len(set(names))
    assert set(names) == set(served)


def test_whatever_does_not_work_says_why() -> None:
    for row in calls():
        assert bool(row.note) == (row.support is not Support.WORKS), row


def test_unsupported_calls_are_refused_with_the_reason_of_the_table(served: dict[str, object]) -> None:
    for row in calls():
        if row.support is Support.UNSUPPORTED:
            with pytest.raises(CallFailedError) as refused:
                served[row.call].function(1)  # type: ignore[attr-defined]
            assert row.call in str(refused.value) and row.note in str(refused.value)


def test_the_documentation_is_current() -> None:
    page = (REPOSITORY / "docs/embedded_carla.md").read_text(encoding="utf-8")
    assert page == put_into(page), "run: python -m embedded_carla.compatibility --write docs/embedded_carla.md"


def test_programs_read_the_same() -> None:
    table = json.loads(as_json())
    assert {row["call"]: row["support"] for row in table["calls"]} == {row.call: row.support.value for row in calls()}
    camera = table["blueprints"]["sensor.camera.rgb"]["attributes"]["fov"]
    assert camera == {"type": "float", "default": "90.0", "recommended": [], "modifiable": True}
    assert table["blueprints"]["vehicle.tesla.model3"]["size_m"] == pytest.approx([4.792, 2.164, 1.488])
