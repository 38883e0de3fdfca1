"""Planning to deploy a folder of many modules, and what ten times as many cost."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.finding import Finding
from benchmarks.measure import interleave

MODULES = 500
TASKS = 4  # In each module.
TIMES = 10
MOST_SECONDS = 3
MOST_GROWTH = 1.5
_PER_PACKAGE = 50
_CHAIN = 10  # Modules of which each one's environment depends on the one before.

_HEAD = """import flyte
from dataclasses import dataclass
{imported}
env = flyte.TaskEnvironment("env-{number}"{depends})


@dataclass
class Config{number}:
    name: str
    rate: float = 0.1
"""
_TASK = '''

@env.task
async def task_{task}(x: int, names: list[str], config: Config{number}, y: float = 1.0) -> dict[str, int]:
    """Count.

    Args:
        x: how many.
    """
    return {{name: x for name in names}}
'''


def measure(bench: Bench) -> list[Finding]:
    """Plan the whole folder in processes of their own: loading, one bundle, every image, every specification.

    The peer is not asked: of such a folder it makes a bundle for each environment, for minutes.
    """
    folder = bench.folder("deploy")
    small, large = folder / "small", folder / "large"
    write_modules(small, MODULES)
    write_modules(large, MODULES * TIMES)
    words = ("deploy", "--dry-run", "--recursive", "--all", ".")
    one = bench.command(bench.flyte, *words, cwd=small, expects=f"env-{MODULES - 1}")
    ten = bench.command(bench.flyte, *words, cwd=large, expects=f"env-{MODULES * TIMES - 1}")
    many, few = interleave(ten, one, rounds=max(1, bench.rounds // 3), warm_up=1)
    # What a busy machine adds to the longer of the two is no growth, so that is judged by the processor's time.
    each, alone = [s.cpu_seconds / TIMES for s in many], [s.cpu_seconds for s in few]
    return [
        Finding(
            f"deploy --dry-run, {MODULES} modules of {TASKS} tasks",
            "s",
            [sample.seconds for sample in few],
            [sample.seconds / TIMES for sample in many],
            f"a tenth of {MODULES * TIMES} modules",
            judged="ours",
            limit=MOST_SECONDS,
        ),
        Finding(
            f"deploy --dry-run, {MODULES * TIMES} modules, for each {MODULES} (CPU)",
            "s",
            each,
            alone,
            f"{MODULES} modules alone",
            limit=MOST_GROWTH,
        ),
    ]


def write_modules(root: Path, modules: int) -> None:
    """Write packages of modules, each with an environment of its own."""
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "many"\nversion = "0"\n')
    for number in range(modules):
        package = root / f"package_{number // _PER_PACKAGE:03}"
        if number % _PER_PACKAGE == 0:
            package.mkdir()
            (package / "__init__.py").touch()
        before = number % _CHAIN != 0
        head = _HEAD.format(
            number=number,
            imported=f"from {package.name}.module_{number - 1:05} import env as before\n" if before else "",
            depends=", depends_on=[before]" if before else "",
        )
        tasks = "".join(_TASK.format(task=task, number=number) for task in range(TASKS))
        (package / f"module_{number:05}.py").write_text(head + tasks)
