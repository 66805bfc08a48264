"""The KubeRay examples use only fields that KubeRay has, carry the token everywhere, and run commands that exist.

No cluster here: the fields below are those of KubeRay's API (ray.io/v1, version 1.6) that a campaign may need.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import run_campaign
from harness.campaign.loader import load_campaign

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
REPOSITORY = DEPLOY.parent


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    """An object that must have some keys and may have no others."""
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


TEXT, COUNT, FLAG = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
AMOUNTS = closed(
    ["cpu", "memory"], **{"cpu": TEXT, "memory": {"pattern": r"^\d+Gi$"}, "nvidia.com/gpu": {"pattern": r"^\d+$"}}
)
CONTAINER = closed(
    ["name", "image", "resources"],
    name=TEXT,
    image={"type": "string", "pattern": r"^[^:]+/[^:]+:[^:]+$"},
    resources=closed(["requests", "limits"], requests=AMOUNTS, limits=AMOUNTS),
    volumeMounts={"type": "array", "items": closed(["name", "mountPath"], name=TEXT, mountPath=TEXT)},
)
VOLUME = closed(
    ["name", "persistentVolumeClaim"], name=TEXT, persistentVolumeClaim=closed(["claimName"], claimName=TEXT)
)
POD = closed(
    ["spec"],
    spec=closed(
        ["containers"],
        containers={"type": "array", "items": CONTAINER, "minItems": 1, "maxItems": 1},
        volumes={"type": "array", "items": VOLUME},
        securityContext=closed(["fsGroup"], fsGroup=COUNT),
    ),
)
START = {"type": "object", "additionalProperties": {"type": "string"}}  # KubeRay takes texts only, numbers in quotes
GROUP = closed(
    ["groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"],
    groupName=TEXT, replicas=COUNT, minReplicas=COUNT, maxReplicas=COUNT, rayStartParams=START, template=POD,
)  # fmt: skip
CLUSTER = closed(
    ["rayVersion", "authOptions", "headGroupSpec", "workerGroupSpecs"],
    rayVersion=TEXT,
    authOptions=closed(["mode"], mode={"const": "token"}),
    headGroupSpec=closed(["rayStartParams", "template"], rayStartParams=START, template=POD),
    workerGroupSpecs={"type": "array", "items": GROUP, "minItems": 1},
)
JOB = closed(
    ["entrypoint", "rayClusterSpec"],
    entrypoint=TEXT, rayClusterSpec=CLUSTER, backoffLimit=COUNT,
    shutdownAfterJobFinishes=FLAG, ttlSecondsAfterFinished=COUNT,
)  # fmt: skip
NAMED = closed(["name"], name={"type": "string", "pattern": "^[a-z0-9-]{1,40}$"})


def custom(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return closed(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": "ray.io/v1"}, kind={"const": kind}, metadata=NAMED, spec=spec,
    )  # fmt: skip


SCHEDULE = {"type": "string", "pattern": r"^(\S+ ){4}\S+$"}
SCHEMAS = {
    "RayJob": custom("RayJob", JOB),
    "RayCronJob": custom("RayCronJob", closed(["schedule", "jobTemplate"], schedule=SCHEDULE, jobTemplate=JOB)),
}


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((DEPLOY / "kuberay").glob("*.yaml")):
        for manifest in yaml.safe_load_all(path.read_text()):
            if manifest["apiVersion"].startswith("ray.io/"):
                yield path.name, manifest


MANIFESTS = dict(manifests())


def job_of(manifest: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = manifest["spec"]
    return spec.get("jobTemplate", spec)  # type: ignore[no-any-return]


def containers(job: dict[str, Any]) -> list[dict[str, Any]]:
    cluster = job["rayClusterSpec"]
    pods = [cluster["headGroupSpec"]["template"], *(group["template"] for group in cluster["workerGroupSpecs"])]
    return [container for pod in pods for container in pod["spec"]["containers"]]


def test_there_is_a_job_and_a_nightly_one() -> None:
    assert sorted(manifest["kind"] for manifest in MANIFESTS.values()) == ["RayCronJob", "RayJob"]


@pytest.mark.parametrize("name", MANIFESTS)
def test_every_field_is_one_of_kuberays_and_every_node_asks_for_the_token(name: str) -> None:
    manifest = MANIFESTS[name]
    jsonschema.validate(manifest, SCHEMAS[manifest["kind"]])


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_command_is_one_that_run_campaign_takes(name: str) -> None:
    job = job_of(MANIFESTS[name])
    _bash, _c, script = shlex.split(re.sub(r"\$\([^)]*\)", "2025-01-31", job["entrypoint"]))
    _folder, command = script.split(" && ")
    program, out, scenario, *rest = shlex.split(command)
    assert (REPOSITORY / program).is_file() and out.startswith("results/")
    options = run_campaign.parse_arguments([scenario, *rest, "--out", out])
    assert options.ray_address == "auto" and options.disk_budget > 0
    load_campaign(REPOSITORY / scenario, options.overrides)


@pytest.mark.parametrize("name", MANIFESTS)
def test_pods_run_the_pinned_ray_and_the_driver_has_the_results_to_itself(name: str) -> None:
    job = job_of(MANIFESTS[name])
    (pinned,) = re.findall(r"^ray(?:\[\w+\])?==(\S+)$", (REPOSITORY / "requirements.txt").read_text(), re.MULTILINE)
    cluster = job["rayClusterSpec"]
    assert cluster["rayVersion"] == pinned
    assert f"FROM rayproject/ray:{pinned}-py311" in (DEPLOY / "kuberay/Dockerfile").read_text()
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0", "no worker beside the driver"
    every = containers(job)
    assert len({container["image"] for container in every}) == 1
    assert [container["name"] for container in every if "volumeMounts" in container] == ["ray-head"]
    for container in every:
        resources = container["resources"]
        assert resources["requests"] == resources["limits"], "nothing is evicted for using what it asked for"
