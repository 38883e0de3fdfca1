"""What a task asks for: its container, with all templates filled in, and the resources that it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from flyteidl2.core.tasks_pb2 import Resources, ReusePolicy
from google.protobuf.json_format import MessageToDict

from flytectl_py.errors import DeclarationError
from flytectl_py.machine.executors.api import CannotStartError, Launch, Warm
from flytectl_py.machine.secrets import secrets_for
from flytectl_py.model.quantity import cpu_millicores, memory_bytes

DEFAULT_CPU = 1.0
_NAMES = Resources.ResourceName
_OF_PODS = {"cpu": _NAMES.CPU, "memory": _NAMES.MEMORY, "nvidia.com/gpu": _NAMES.GPU}


class Container(NamedTuple):
    """The container of a task, or the main one of its pod. Quantities are as Kubernetes writes them, by name.

    :param has_entrypoint: the command begins with what replaces the image's own entrypoint.
    """

    image: str
    command: tuple[str, ...]
    environment: dict[str, str]
    quantities: dict[int, str]
    has_entrypoint: bool


class Needs(NamedTuple):
    """What an action takes of the machine: cores, bytes, and whole GPUs."""

    cpu: float
    memory: int
    gpu: int


class Surroundings(NamedTuple):
    """What the control plane says to every container about itself, and where it keeps secrets and logs."""

    endpoint: str
    logs: Path
    secrets: Path


def container_of(spec: Any) -> Container | None:
    """Return the container of a TaskSpec; None for a task that has none."""
    template = spec.task_template
    target = template.WhichOneof("target")
    if target == "container":
        made = template.container
        quantities = {each.name: each.value for each in (*made.resources.requests, *made.resources.limits)}
        environment = {each.key: each.value for each in made.env}
        return Container(made.image, (*made.command, *made.args), environment, quantities, bool(made.command))
    if target == "k8s_pod":
        return _of_pod(template.k8s_pod)
    return None


def needs_of(spec: Any) -> Needs:
    """Return what a task takes of the machine; one that does not say takes one core."""
    container = container_of(spec)
    quantities = container.quantities if container is not None else {}
    try:
        cpu = cpu_millicores("cpu", quantities[_NAMES.CPU]) / 1000 if _NAMES.CPU in quantities else DEFAULT_CPU
        memory = memory_bytes("memory", quantities[_NAMES.MEMORY]) if _NAMES.MEMORY in quantities else 0
        gpu = int(quantities.get(_NAMES.GPU, "0"))
    except (DeclarationError, ValueError) as error:
        raise CannotStartError(f"the resources of the task cannot be read: {error}") from error
    return Needs(cpu, memory, gpu)


def run_folder(row: Any) -> str:
    """Return where the action of a row keeps its data, each attempt in a folder of its own below."""
    return f"{row['base']}/{row['name']}"


def launch_of(row: Any, number: int, token: str, spec: Any, run_spec: Any, around: Surroundings) -> Launch:
    """Return how one attempt of an action runs.

    :param row: of the action. :param number: of the attempt, from 1. :param run_spec: how its run should go.
    :raises CannotStartError: the task has no container, or a secret of it is not here.
    """
    container = container_of(spec)
    if container is None or not container.command:
        raise CannotStartError(f"the task {spec.task_template.id.name} has no container to run")
    output = f"{run_folder(row)}/{number}"
    raw = run_spec.raw_data_storage.raw_data_prefix or f"{output}/raw"
    filled = {
        "{{.input}}": row["input_uri"],
        "{{.inputPrefix}}": row["input_uri"].rpartition("/")[0],
        "{{.outputPrefix}}": output,
        "{{.rawOutputDataPrefix}}": raw.rstrip("/"),
        "{{.checkpointOutputPrefix}}": f"{output}/checkpoint",
        "{{.prevCheckpointPrefix}}": f"{run_folder(row)}/{number - 1}/checkpoint" if number > 1 else '""',
        "{{.runName}}": row["run_name"],
        "{{.actionName}}": row["name"],
        "{{.runStartTime}}": datetime.fromtimestamp(row["created"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    needs = needs_of(spec)
    variables, files = secrets_for(spec, around.secrets)
    return Launch(
        token=token,
        image=container.image,
        command=tuple(_filled(container.command, filled)),
        environment={
            "ACTION_NAME": row["name"],
            "RUN_NAME": row["run_name"],
            "FLYTE_INTERNAL_EXECUTION_PROJECT": row["project"],
            "FLYTE_INTERNAL_EXECUTION_DOMAIN": row["domain"],
            "FLYTE_ATTEMPT_NUMBER": str(number - 1),
            "_U_ORG_NAME": row["org"],
            "_U_RUN_BASE": row["base"],
            "_U_EP_OVERRIDE": around.endpoint,
            "_U_INSECURE": "true",
            "_U_USE_ACTIONS": "1",
            # Other runtimes write by fsspec, which makes no folders in a store that is one unless it is told to.
            "FSSPEC_FILE_AUTO_MKDIR": "true",
            **container.environment,
            **{each.key: each.value for each in run_spec.envs.values},
        },
        cpu=needs.cpu,
        memory=needs.memory,
        gpu=needs.gpu,
        log=log_file(around.logs, row, number),
        entrypoint=container.has_entrypoint,
        secrets=variables,
        files=files,
        warm=_warm(row, spec),
    )


def _warm(row: Any, spec: Any) -> Warm | None:
    """Return which warm processes may take a task: those of the same description, in its project or run."""
    template = spec.task_template
    if not template.HasField("reuse_policy") or template.WhichOneof("target") != "container":
        return None
    policy = template.reuse_policy
    described = dict(template.custom)
    scope = row["run_name"] if policy.scope == ReusePolicy.RUN else ""
    key = "/".join((row["project"], row["domain"], scope, str(described.get("name")), str(described.get("version"))))
    most = max(1, policy.max_replicas) * max(1, policy.concurrency)
    return Warm(key, most, policy.scaledown_ttl.ToTimedelta().total_seconds())


def log_file(logs: Path, row: Any, number: int) -> Path:
    """Return the file with what an attempt prints."""
    return run_logs(logs, row) / _part(row["name"]) / f"{number}.log"


def run_logs(logs: Path, row: Any) -> Path:
    """Return the folder with what a run prints."""
    return logs.joinpath(*(_part(row[name]) for name in ("project", "domain", "run_name")))


def _part(name: str) -> str:
    """Return a name as one part of a path, whatever a client has put into it."""
    return quote(name, safe="").replace(".", "%2E")


def _filled(words: Iterable[str], values: Mapping[str, str]) -> Iterator[str]:
    for word in words:
        for template, value in values.items():
            if template in word:
                word = word.replace(template, value)  # noqa: PLW2901
        yield word


def _of_pod(pod: Any) -> Container | None:
    containers = MessageToDict(pod.pod_spec).get("containers", [])
    main = next((each for each in containers if each.get("name") == pod.primary_container_name), None)
    if main is None:
        return None
    asked = main.get("resources", {})
    quantities: dict[int, str] = {}
    for kind in ("requests", "limits"):
        for name, value in asked.get(kind, {}).items():
            if name in _OF_PODS:
                quantities[_OF_PODS[name]] = str(value)
    environment = {each["name"]: str(each.get("value", "")) for each in main.get("env", [])}
    return Container(
        main.get("image", ""), (*main.get("command", []), *main.get("args", [])), environment, quantities,
        bool(main.get("command")),
    )  # fmt: skip
