"""Children on one machine: what each costs as a process of its own, in a container, and in processes that stay."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import Command, interleave

CHILDREN = 10
AT_ONCE = 1000
MOST_MS_OF_A_PROCESS = 250
MOST_MS_OF_A_CONTAINER = 700
MOST_MS_OF_A_WARM_ONE = 10
"""100 children a second."""

# A run starts a control plane, and has a thousand children.
_MOST_ROUNDS = 3
_IMAGE = "flyte.Image.from_debian_base()"
_GIVEN = "'python:3.12'"
"""Instead of that image, one that nothing is made of: its tasks run in the Python that runs the benchmarks."""


def measure(bench: Bench) -> list[Finding]:
    """Run parents that say how long their children took, in turns with what is the least for the same."""
    folder = bench.folder("machine")
    program = (PROGRAMS / "children.py").read_text(encoding="utf-8")
    (folder / "children.py").write_text(program, encoding="utf-8")
    (folder / "plain.py").write_text(program.replace(_IMAGE, _GIVEN), encoding="utf-8")
    rounds = min(bench.rounds, _MOST_ROUNDS)
    bare = bench.command(bench.python, "-c", "import flyte", cwd=folder)

    def parent(engine: str, file: str, task: str, children: int, variables: dict[str, str] | None = None) -> Command:
        words = ("run", "--engine", engine, file, task, "--children", str(children))
        return bench.command(bench.flyte, *words, cwd=folder, variables=variables)

    alone = parent("process", "plain.py", "one_after_the_other", CHILDREN)
    cold, starts = interleave(alone, bare, rounds=rounds, warm_up=1)
    warm, _ = interleave(parent("process", "plain.py", "at_once", AT_ONCE), bare, rounds=rounds, warm_up=0)
    start = [1e3 * sample.seconds for sample in starts]
    against = "python -c 'import flyte'"
    found = [
        Finding(
            "child as a process", "ms", [_last(each.stdout) for each in cold], start, against,
            judged="ours", limit=MOST_MS_OF_A_PROCESS,
        ),
        Finding(
            f"{AT_ONCE} children in processes that stay, each", "ms", [_last(each.stdout) for each in warm], start,
            against, judged="ours", limit=MOST_MS_OF_A_WARM_ONE,
        ),
    ]  # fmt: skip
    around = _docker()
    if around is None:
        return found
    contained, _ = interleave(
        parent("docker", "children.py", "one_after_the_other", CHILDREN, around), bare, rounds=rounds, warm_up=1
    )
    least = [_docker_run(around) for _ in contained]
    beyond = [_last(each.stdout) - run for each, run in zip(contained, least, strict=True)]
    name = "child in a container, beyond docker run"
    return [
        *found,
        Finding(name, "ms", beyond, least, "docker run", judged="ours", limit=MOST_MS_OF_A_CONTAINER),
    ]


def _last(printed: str) -> float:
    return float(printed.rsplit(maxsplit=1)[-1])


def _docker() -> dict[str, str] | None:
    """Return what leads to a Docker daemon; None where none answers."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "version"], capture_output=True, check=False).returncode:
        return None
    return {name: value for name, value in os.environ.items() if name.startswith(("DOCKER_", "FLYTE_IMAGE_"))}


def _docker_run(around: dict[str, str]) -> float:
    """Return the milliseconds of a container that does nothing, of the newest image of this project."""
    environment = {**os.environ, **around}
    listed = subprocess.run(
        ["docker", "images", "--quiet", "flyte"], env=environment, capture_output=True, text=True, check=True
    )
    command = ["docker", "run", "--rm", "--network=host", listed.stdout.split()[0], "python", "-c", "pass"]
    began = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=True)
    return (time.perf_counter() - began) * 1e3
