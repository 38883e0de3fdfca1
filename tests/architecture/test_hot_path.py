"""What a command may not have imported by the time it ends, since every import is paid on every start."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]

# None of the commands below needs them: no configuration file, nothing drawn, no server, no container, plain inputs.
HEAVY = {
    "adlfs", "aiohttp", "azure", "boto3", "botocore", "concurrent.futures.process", "docker", "email", "flyteidl2",
    "fsspec", "gcsfs", "google.protobuf", "grpc", "http.client", "importlib.metadata", "isal", "kubernetes",
    "multiprocessing", "pathspec", "pydantic", "pydantic_core", "pygments", "requests", "rich", "s3fs", "sqlite3",
    "tarfile", "tomllib", "unittest", "urllib.request", "yaml", "yarl", "zipfile",
    "flytectl_py.builders", "flytectl_py.cache_store", "flytectl_py.compat", "flytectl_py.controlplane",
    "flytectl_py.machine", "flytectl_py.runtime", "flytectl_py.storage", "flytectl_py.wire",
    "flytectl_py.data", "flytectl_py.report", "flytectl_py.model.files", "flytectl_py.model.report",
    "flytectl_py.model.tables", "pandas", "polars", "pyarrow",
}  # fmt: skip

# A run of coroutines has an event loop, and with it asyncio's own imports; help has none.
LOOP = {"asyncio", "concurrent.futures", "logging", "socket", "ssl"}
DOCSTRINGS = {"docstring_parser"}  # only the help of a task shows what they say

APP = """
import flyte

env = flyte.TaskEnvironment(name="app")


@env.task
async def child(x: int) -> int:
    return x + 1


@env.task
async def main(x: int) -> int:
    return await child(x)


@env.task
def plain(x: int) -> int:
    return x + 1
"""


def modules_in(profile: str) -> set[str]:
    """Return the modules that `profile`, what ``-X importtime`` writes, names."""
    lines = [line.split("|") for line in profile.splitlines() if line.startswith("import time:")]
    return {fields[2].strip() for fields in lines[1:] if len(fields) == 3}


def imported_by(project: Project, *args: str) -> set[str]:
    """Run ``flyte`` with `args` and return the names of all modules that it imported, dropped ones included."""
    # Warnings are not errors here, and the network is not watched: both would add imports of their own.
    measuring = {"PYTHONPROFILEIMPORTTIME": "1", "PYTHONWARNINGS": None, "PYTHONPATH": None}
    names = modules_in(project.flyte(*args, env=measuring).expect().err)
    assert "flytectl_py" in names
    return names


def unwanted(names: set[str], forbidden: set[str]) -> list[str]:
    """Return which of `forbidden`, with what is inside them, are among `names`."""
    return sorted(name for name in names if any(name == bad or name.startswith(f"{bad}.") for bad in forbidden))


@pytest.mark.e2e
@pytest.mark.parametrize("command", ["--help", "--version", "run --help"])
def test_a_command_without_a_file_imports_nothing_heavy(project: MakeProject, command: str) -> None:
    assert unwanted(imported_by(project(), *command.split()), HEAVY | LOOP | DOCSTRINGS) == []


@pytest.mark.e2e
@pytest.mark.parametrize("command", ["run app.py --help", "run app.py main --help"])
def test_help_for_a_file_imports_nothing_heavy(project: MakeProject, command: str) -> None:
    assert unwanted(imported_by(project({"app.py": APP}), *command.split()), HEAVY | LOOP) == []


@pytest.mark.e2e
@pytest.mark.parametrize("command", ["run app.py main --x 1", "run app.py plain --x 1", "run --json app.py main --x 1"])
def test_a_run_imports_nothing_heavy(project: MakeProject, command: str) -> None:
    assert unwanted(imported_by(project({"app.py": APP}), *command.split()), HEAVY | DOCSTRINGS) == []


@pytest.mark.e2e
@pytest.mark.parametrize("line", ["flyte ", "flyte run app.py ", "flyte run app.py main --"])
def test_completion_imports_no_parser_of_the_command_line(project: MakeProject, line: str) -> None:
    names = imported_by(project({"app.py": APP}), "_complete", "bash", line, ":=")
    assert unwanted(names, HEAVY | LOOP | DOCSTRINGS | {"typer", "subprocess"}) == []


def test_a_heavy_import_is_seen_late_or_dropped(project: MakeProject) -> None:
    text = """
    def late():
        import tomllib, xml.dom.minidom, sys
        del sys.modules["tomllib"]

    late()
    """
    made = project({"late.py": text})
    profile = made.python("late.py", env={"PYTHONPROFILEIMPORTTIME": "1"}).expect().err
    assert unwanted(modules_in(profile), {"tomllib", "xml.dom", "yaml"})[0] == "tomllib"
    assert "xml.dom.minidom" in unwanted(modules_in(profile), {"tomllib", "xml.dom", "yaml"})
    assert unwanted({"richer", "ab.rich"}, {"rich"}) == []
