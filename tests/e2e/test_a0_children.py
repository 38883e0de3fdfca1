"""A task in a container that calls others: what it asks of the cluster, and what it makes of the answers."""

from __future__ import annotations

import base64
import gzip
import json
import signal
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from connectrpc.code import Code
from flyteidl2.core.execution_pb2 import ExecutionError

from tests.support.cluster import Cluster, cluster
from tests.support.container import Container
from tests.support.plane.faults import UNAVAILABLE, DoneThenLost, Refuse, Reset

TESTS = Path(__file__).parents[1]
RECORDED = TESTS / "golden" / "wire" / "parent"
OUTPUTS = RECORDED.with_name("outputs")
PARENTS = TESTS / "fixtures" / "wire_apps" / "parents.py"
VERSION = "0cf4442909a8360486ce730ebd56654c"

APP = """
import asyncio, os, pathlib, sys, time
import flyte

leafs = flyte.TaskEnvironment("leafs", image="ghcr.io/acme/leaf:1")
env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1", depends_on=[leafs])

@leafs.task
async def double(x: int) -> int:
    return 2 * x

@leafs.task
def plain(x: int) -> int:
    return x + 100

@leafs.task
async def fails(x: int) -> int:
    raise ValueError(f"no {x}")

@leafs.task(max_inline_io_bytes=100)
async def small(text: str) -> int:
    return len(text)

@flyte.trace
async def traced(x: int) -> int:
    with open(os.environ["TRACES"], "a") as out:
        out.write(f"traced {x}\\n")
    return x * 10

@flyte.trace
def traced_plain(x: int) -> int:
    return x * 10

@env.task
async def main(x: int) -> int:
    return sum(await asyncio.gather(*[double(n) for n in range(x)]))

@env.task
def blocking(x: int) -> int:
    return plain(x) + sum(flyte.map(plain, range(x)))

@env.task
async def plain_awaited(x: int) -> int:
    return await plain.aio(x)

@env.task
async def lets_fail(x: int) -> int:
    return await fails(x)

@env.task
async def too_large(x: int) -> int:
    return await small("x" * 200)

@env.task
async def wrong(x: int) -> int:
    return await double("three")

@env.task
async def traces(x: int) -> int:
    found = await traced(x) + traced_plain(x)
    flag = pathlib.Path(os.environ["TRACES"]).with_name("flag")
    if not flag.exists():
        flag.touch()
        raise RuntimeError("the first attempt fails")
    return found + await double(x)

@env.task
async def gives_up(x: int) -> int:
    try:
        await asyncio.wait_for(double(x), 1)
    except TimeoutError:
        return -1
    return 0
"""


@pytest.fixture
def container(tmp_path: Path) -> Container:
    made = Container(tmp_path, {"app.py": APP})
    made.environment["TRACES"] = str(tmp_path / "traces")
    made.take(x=3)
    return made


@pytest.fixture
def running(container: Container) -> Iterator[Cluster]:
    with cluster(container) as server:
        container.environment.update(server.environment())
        yield server


# -- what is sent


@pytest.mark.parametrize("form", ["queue", "actions"])
@pytest.mark.parametrize("task", ["tree", "catches", "same_twice"])
def test_requests_are_those_of_the_reference_runtime(tmp_path: Path, task: str, form: str) -> None:
    container = Container(tmp_path)
    container.take(x=3)
    code = container.store / "code.tar.gz"
    with tarfile.open(code, "w:gz") as archive:
        archive.add(PARENTS, "parents.py")
    container.environment.update({"_U_ORG_NAME": "127"})
    with cluster(container) as server:
        own = {**server.environment(), "_U_USE_ACTIONS": "1" if form == "actions" else None}
        arguments = ("--tgz", str(code), "--version", VERSION)
        container.environment.update(server.environment())
        ended = container.run(task, module="parents", code=arguments, env=own).expect()
        sent = [{"method": call.method, "request": call.json} for call in server.calls]
        assert [call.violations for call in server.calls] == [""] * len(server.calls)
    assert ended.outputs is not None
    assert ended.outputs.SerializeToString() == (OUTPUTS / f"{task.removeprefix('same_')}.pb").read_bytes()
    recorded = json.loads((RECORDED / f"{task.removeprefix('same_')}-{form}.json").read_text("utf-8"))["calls"]
    assert sent[0]["method"] == recorded[0]["method"]
    for ours, theirs in zip(_masked(sent), _masked(recorded), strict=True):
        assert ours.splitlines() == theirs.splitlines()


def _masked(calls: list[dict[str, Any]]) -> list[str]:
    """Return the calls without what may differ: the names of actions and runs, times, addresses, hash recipes."""
    names = {"a0": "a0"}
    for call in calls:
        request = call["request"].get("action", call["request"])
        task = request.get("task", {}).get("id", {}).get("name") or request.get("trace", {}).get("name")
        if task:
            number = sum(name.startswith(task) for name in names.values())
            names[request["action_id"]["name"]] = f"{task} {number}"
    return sorted(json.dumps(_mask(call, names), sort_keys=True, indent=1) for call in calls)


def _mask(value: Any, names: dict[str, str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _mask(each, names, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_mask(each, names, value[index - 1] if index else key) for index, each in enumerate(value)]
    if not isinstance(value, str):
        return value
    if key in ("start_time", "end_time", "discovery_version") and value != "c1":
        return f"some {key}"
    if key in ("--tgz", "code_bundle_uri"):
        return "some bundle"
    if key == "--image-cache":
        return json.loads(gzip.decompress(base64.b64decode(value)))
    if key == "version":
        return "some version" if value != VERSION else value
    if key in ("input_uri", "output_uri"):
        return "/".join(names.get(part, part) for part in value.rsplit("/", 2)[1:])
    if key == "run_output_base":
        return "the run's base"
    if key == "name" and value.endswith(("-queue", "-actions", "r1")):
        return "some run"
    return names.get(value, value)


# -- results


def test_children_of_coroutines_and_of_plain_functions(container: Container, running: Cluster) -> None:
    assert container.run("main").expect().value == 6
    assert container.run("blocking", attempt=2).expect().value == 103 + 100 + 101 + 102
    assert container.run("plain_awaited", attempt=3).expect().value == 103
    assert sorted(running.started) == ["leafs.double"] * 3 + ["leafs.plain"] * 4


def test_a_child_that_fails(container: Container, running: Cluster) -> None:
    ended = container.run("lets_fail")
    error = ended.failed()
    assert (error.code, error.origin) == ("ValueError", ExecutionError.USER)
    said, _, traces = error.message.partition("\n\n")
    assert said == "no 3"
    assert "in lets_fail" in traces
    assert "Where it ran:" in traces
    assert "in fails" in traces


@pytest.mark.parametrize(
    ("task", "said"), [("too_large", "the inputs of leafs.small take 2"), ("wrong", "x: got 'three' of type str")]
)
def test_a_call_that_cannot_be_made(container: Container, running: Cluster, task: str, said: str) -> None:
    assert said in container.run(task).failed().message
    assert running.started == []


def test_a_retried_parent_finds_its_children(container: Container, running: Cluster) -> None:
    first = container.run("main").expect()
    again = container.run("main", attempt=2).expect()
    assert again.outputs == first.outputs
    assert running.started == ["leafs.double"] * 3


def test_a_traced_call_is_not_made_again_by_a_retry(container: Container, running: Cluster, tmp_path: Path) -> None:
    assert "the first attempt fails" in container.run("traces").failed().message
    assert container.run("traces", attempt=2).expect().value == 66
    assert (tmp_path / "traces").read_text() == "traced 3\n"
    recorded = [call.json["trace"] for call in running.calls if "trace" in call.json]
    assert sorted(each["name"] for each in recorded) == ["traced", "traced_plain"]


def test_a_container_without_a_control_plane(container: Container) -> None:
    assert "_U_EP_OVERRIDE" in container.run("main").failed(0).message


# -- trouble on the way


def test_a_watch_that_breaks_and_comes_back(container: Container, running: Cluster) -> None:
    running.fail("StateService.Watch", UNAVAILABLE, Reset(messages=2), Reset(messages=3))
    assert container.run("main").expect().value == 6
    assert running.methods().count("StateService.Watch") >= 3
    assert running.started == ["leafs.double"] * 3


def test_calls_that_have_to_be_repeated(container: Container, running: Cluster) -> None:
    running.fail("QueueService.EnqueueAction", UNAVAILABLE, DoneThenLost())
    assert container.run("main").expect().value == 6
    assert running.started == ["leafs.double"] * 3


def test_a_control_plane_that_refuses(container: Container, running: Cluster) -> None:
    running.fail("QueueService.EnqueueAction", *[Refuse(Code.PERMISSION_DENIED, "not yours")] * 3)
    error = container.run("main").failed(1)
    assert "not yours" in error.message
    assert error.origin == ExecutionError.SYSTEM


def test_a_child_that_nobody_waits_for_any_more(container: Container, running: Cluster) -> None:
    running.never.add("leafs.double")
    assert container.run("gives_up").expect().value == -1
    assert len(running.aborted) == 1


def test_a_signal_while_children_run(container: Container, running: Cluster) -> None:
    running.never.add("leafs.double")
    with container.started("main") as process:
        deadline = time.monotonic() + 20
        while running.methods().count("QueueService.EnqueueAction") < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert container.end(process).failed(128 + signal.SIGTERM).code == "TaskInterrupted"
