"""`a0`: the whole of a small container, and what a thousand children cost the task that calls them."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import CannotMeasureError, Command, Sample, run

LIMIT = 0.25
CHILDREN = 1000
MOST_MS = 5.0
_ROUNDS = 3
_RESOLVER = "flyte._internal.resolvers.default.DefaultTaskResolver"
_APP = """
import asyncio
import flyte

env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1")

@env.task
async def double(x: int) -> int:
    return 2 * x

@env.task
async def main(x: int) -> int:
    print("ran", flush=True)
    return x + 1

@env.task
async def many(x: int) -> int:
    found = await asyncio.gather(*[double(n) for n in range(x)])
    print(f"{len(found)} children", flush=True)
    return len(found)
"""


def measure(bench: Bench) -> list[Finding]:
    """Compare whole processes in new folders, over a store that is a folder; then count the time of each child."""
    folder = bench.folder("a0")
    (folder / "app.py").write_text(_APP)
    _do(bench.command(bench.flyte, "bundle", "build", "app.py", "-o", "code.tar.gz", cwd=folder))
    _write_inputs(folder / "inputs.pb", 1)
    ours = _container(bench, folder, bench.flyte.with_name("a0"), "main", "ran\n")
    peer = _container(bench, folder, bench.peer.flyte.with_name("a0"), "main", "ran\n")
    return [*bench.compare_processes("a0 with a small bundle", ours, peer, limit=LIMIT), _children(bench, folder)]


def _children(bench: Bench, folder: Path) -> Finding:
    """Return what each child takes of its parent's processor time: of many, less one that has a single child."""
    numbers = itertools.count()
    with _plane(bench, folder) as endpoint:

        def sample(children: int) -> Sample:
            _write_inputs(folder / "inputs.pb", children)
            variables = {"_U_EP_OVERRIDE": endpoint, "_U_RUN_BASE": str(folder / f"run-{next(numbers)}")}
            a0 = bench.flyte.with_name("a0")
            return run(_container(bench, folder, a0, "many", f"{children} children\n", variables))

        sample(1)
        pairs = [(sample(CHILDREN), sample(1)) for _ in range(_ROUNDS)]
    each = [1e3 * (many.cpu_seconds - one.cpu_seconds) / CHILDREN for many, one in pairs]
    wall = [1e3 * (many.seconds - one.seconds) / CHILDREN for many, one in pairs]
    return Finding(
        f"each of {CHILDREN} children of one parent (CPU)", "ms", each, wall, "wall time", judged="ours", limit=MOST_MS
    )


def _container(
    bench: Bench, folder: Path, program: Path, task: str, expects: str, variables: dict[str, str] | None = None
) -> Command:
    """Return a command that starts `program` in a folder that is new each time, as a container's is."""
    arguments = (
        f"--inputs {folder}/inputs.pb --outputs-path {folder}/out --version v1 --raw-data-path {folder}/raw"
        f" --run-name r1 --name a0 --run-start-time 2026-01-01T00:00:00Z --tgz {folder}/code.tar.gz --dest ."
        f" --resolver {_RESOLVER} mod app instance {task}"
    )
    script = f"cd {folder}; rm -rf work out; mkdir work out; cd work; exec timeout 120 {program} {arguments}"
    known = {
        "ACTION_NAME": "a0",
        "RUN_NAME": "r1",
        "FLYTE_INTERNAL_EXECUTION_PROJECT": "p",
        "FLYTE_INTERNAL_EXECUTION_DOMAIN": "d",
        "_U_ORG_NAME": "o",
        "_U_RUN_BASE": str(folder / "run"),
        # The peer makes its connection before it knows whether the task needs one; nothing has to answer.
        "_U_EP_OVERRIDE": "dns:///127.0.0.1:9",
        "_U_INSECURE": "true",
    }
    return bench.command("/bin/sh", "-c", script, cwd=folder, expects=expects, variables={**known, **(variables or {})})


@contextlib.contextmanager
def _plane(bench: Bench, folder: Path) -> Iterator[str]:
    """Yield the endpoint of a control plane on which each child has succeeded as soon as it is enqueued."""
    process = subprocess.Popen(
        [bench.python, PROGRAMS / "instant_plane.py", folder / "given"], stdout=subprocess.PIPE, text=True
    )
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        if not port:
            raise CannotMeasureError("the control plane did not start: pip install -e '.[test-servers]'")
        yield f"dns:///127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def _write_inputs(file: Path, x: int) -> None:
    from flyteidl2.core.literals_pb2 import Literal, Primitive, Scalar
    from flyteidl2.task.common_pb2 import Inputs, NamedLiteral

    value = Literal(scalar=Scalar(primitive=Primitive(integer=x)))
    file.write_bytes(Inputs(literals=[NamedLiteral(name="x", value=value)]).SerializeToString())


def _do(command: Command) -> None:
    run(command)
