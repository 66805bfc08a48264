"""Join a Ray cluster that already runs, and send it our source, so that its nodes need no checkout."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from harness.cluster.interruption import interruptible
from harness.cluster.local_ray import THREAD_VARIABLES, ClusterError
from harness.simulation.server import REPOSITORY

# What a worker needs of the source tree; data, results and tests stay here.
SHIPPED = ("agents", "embedded_carla", "harness", "scenarios", "sensor_sim")
NOT_SHIPPED = ["__pycache__", "*.nbi", "*.nbc", "*.pyc"]
CLEAN_UP_TIMEOUT_S = 20.0


@contextlib.contextmanager
def remote_cluster(address: str, plug_ins: Iterable[str] = ()) -> Iterator[str]:
    """Connect to a Ray cluster, ship the source, and tidy up on every node at the end.

    Args:
        address: ``auto`` (a node of the cluster runs here), ``HOST:PORT``, or ``ray://HOST:PORT``.
        plug_ins: names of agents and monitors; modules that a person named (``package.module:Class``) are shipped.

    Yields:
        A folder, not made yet, that workers may use on their own node.

    Raises:
        ClusterError: nothing answers there, or it does not let us in.
    """
    if address.startswith("ray://") and importlib.util.find_spec("grpc") is None:
        raise ClusterError(
            f"--ray-address {address} needs Ray's client: pip install 'ray[client]=={ray.__version__}'; "
            "or run on a node of the cluster with --ray-address auto"
        )
    folder = str(Path(tempfile.gettempdir()) / f"clh-run-{secrets.token_hex(6)}")
    with tempfile.TemporaryDirectory(prefix="clh-ship-") as staging, interruptible() as catch_signals:
        environment = {
            "working_dir": str(_staged(Path(staging), plug_ins)),
            "env_vars": {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", **dict.fromkeys(THREAD_VARIABLES, "1")},
        }
        try:
            ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RayError, RuntimeError, ValueError) as error:
            raise ClusterError(
                f"cannot join the Ray cluster at {address}: {str(error).strip().splitlines()[0]}. Is it running, and "
                "does this process have its token (RAY_AUTH_MODE=token with RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH)?"
            ) from error
        catch_signals()
        try:
            yield folder
        finally:
            _clean_up(folder)
            ray.shutdown()


def _staged(staging: Path, plug_ins: Iterable[str]) -> Path:
    """A copy of our packages, and of the modules that a person named."""
    ignore = shutil.ignore_patterns(*NOT_SHIPPED)
    for package in SHIPPED:
        shutil.copytree(REPOSITORY / package, staging / package, ignore=ignore)
    for name in {plug_in.partition(":")[0].partition(".")[0] for plug_in in plug_ins if ":" in plug_in}:
        _stage_module(staging, name, ignore)
    return staging


def _stage_module(staging: Path, name: str, ignore: Any) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None or (staging / name).exists() or "site-packages" in spec.origin:
        return  # ours already, or installed: the nodes must have the same packages anyway
    origin = Path(spec.origin)
    if spec.submodule_search_locations:
        shutil.copytree(origin.parent, staging / name, ignore=ignore)
    else:
        shutil.copy2(origin, staging / origin.name)


def _clean_up(folder: str) -> None:
    """Remove the workers' folders on every node that still lives."""
    with contextlib.suppress(RayError):
        nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
        remove: Any = ray.remote(num_cpus=0)(shutil.rmtree)
        done = [
            remove.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=True)).remote(folder, True)
            for node in nodes
        ]
        ray.wait(done, num_returns=len(done), timeout=CLEAN_UP_TIMEOUT_S)
