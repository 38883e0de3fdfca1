"""Loading a project of many modules, against importing the same files with decorators that do nothing."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import interleave

PACKAGES = 20
MODULES = 25  # In each package.
TASKS = 4  # In each module.
LIMIT = 2

_TASK = '''

@env.task
async def task_{number}(x: int, name: str = "{number}", scale: float = 1.0) -> float:
    """Scale a number.

    Args:
        x: the number.
        name: of what is scaled.
        scale: what it is multiplied by.
    """
    return x * scale + len(name)
'''


def measure(bench: Bench) -> list[Finding]:
    """Load and import in fresh processes, which say themselves how long that took: start-up is not in it."""
    project = bench.folder("loading")
    write_project(project)
    plain = {"PYTHONPATH": str(PROGRAMS / "plain")}
    words = (project, str(PACKAGES * MODULES * TASKS))
    load = bench.command(bench.python, PROGRAMS / "load_project.py", *words, cwd=project)
    bare = bench.command(bench.python, PROGRAMS / "import_project.py", *words, cwd=project, variables=plain)
    mine, theirs = interleave(load, bare, rounds=bench.rounds)
    return [
        Finding(
            f"load {PACKAGES * MODULES} modules of {TASKS} tasks",
            "ms",
            [float(sample.stdout) for sample in mine],
            [float(sample.stdout) for sample in theirs],
            "plain import",
            limit=LIMIT,
        )
    ]


def write_project(folder: Path) -> None:
    """Write the packages of modules of tasks."""
    for package in range(PACKAGES):
        inside = folder / f"package_{package:02}"
        inside.mkdir()
        (inside / "__init__.py").write_text("")
        for module in range(MODULES):
            head = f'import flyte\n\nenv = flyte.TaskEnvironment(name="env-{package:02}-{module:02}")\n'
            tasks = "".join(_TASK.format(number=number) for number in range(TASKS))
            (inside / f"module_{module:02}.py").write_text(head + tasks)
