"""Tasks that live in no file: typed into a real Jupyter kernel, packed there, loaded by another process."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.engines.pickled import unpack_task
from flytectl_py.errors import BundleError
from tests.support.project import Project

MakeProject = Callable[..., Project]

CELLS = [
    "import flyte, sys\nimport helper\nsys.path",
    "env = flyte.TaskEnvironment('notebook')\nSCALE = 10",
    "def scaled(x):\n    return x * SCALE",
    "@env.task\ndef main(x: int) -> int:\n    return scaled(x) + helper.one()",
    "run = flyte.with_runcontext(dry_run=True, copy_bundle_to='out').run(main, x=1)",
    "print(run.phase, run.bundle.archive, [each.path for each in run.bundle.files])",
    "SCALE = 20\nprint(flyte.with_runcontext(dry_run=True).run(main, x=1).bundle.digest != run.bundle.digest)",
    "print(flyte.run(main, x=2).outputs()[0])",
]

LOAD = """
import sys
from pathlib import Path
from flytectl_py.engines.pickled import unpack_task
task = unpack_task(Path(sys.argv[1]).read_bytes())
print(task.name, task(3), "helper" in sys.modules)
"""


class Kernel:
    """A running notebook kernel."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, cell: str) -> str:
        """Run a cell and return what it printed.

        :raises AssertionError: it raised.
        """
        said: list[str] = []

        def heard(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                said.append(message["content"]["text"])

        reply = self.client.execute_interactive(cell, output_hook=heard, timeout=60)
        assert reply["content"]["status"] == "ok", "\n".join(reply["content"].get("traceback", []))
        return "".join(said)


@pytest.fixture
def kernel(project: MakeProject) -> Iterator[tuple[Kernel, Project]]:
    from jupyter_client.manager import KernelManager

    made = project({"helper.py": "def one():\n    return 1\n"})
    manager = KernelManager(transport="ipc", connection_file=str(made.home / "kernel.json"), ip=str(made.home / "k"))
    manager.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    env = made.environment({"PYTHONWARNINGS": None, "IPYTHONDIR": str(made.home), "PYTHONPATH": None})
    manager.start_kernel(cwd=str(made.path), env=env)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(client), made
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_task_of_a_notebook_is_packed_and_loads_elsewhere(kernel: tuple[Kernel, Project]) -> None:
    running, made = kernel
    outputs = [running.run(cell) for cell in CELLS]
    said = re.fullmatch(r"planned (out/[0-9a-f]{64}\.tar\.gz) \['task\.pkl'\]\n", outputs[5])
    assert said
    assert outputs[6:] == ["True\n", "41\n"]
    made.flyte("bundle", "extract", said[1], "../unpacked").expect()
    made.write({"../load.py": LOAD})
    loaded = made.python("load.py", "unpacked/task.pkl", cwd="..").expect()
    assert loaded.out == "notebook.main 31 False\n"


def packed(project: Project) -> bytes:
    text = """
        import flyte

        @flyte.task
        def main(x: int) -> int:
            return x

        flyte.with_runcontext(dry_run=True, copy_bundle_to="out").run(main, x=1)
        """
    import textwrap

    project.python("-c", textwrap.dedent(text)).expect()
    (archive,) = (project.path / "out").iterdir()
    project.flyte("bundle", "extract", archive, "unpacked").expect()
    return (project.path / "unpacked/task.pkl").read_bytes()


def test_another_python_is_told_before_anything_is_loaded(project: MakeProject) -> None:
    data = packed(project())
    assert unpack_task(data).name == "default.main"
    here = f'"{sys.version_info[0]}.{sys.version_info[1]}"'.encode()
    with pytest.raises(BundleError, match=r"packed by Python 3\.9"):
        unpack_task(data.replace(here, b'"3.9"', 1))
    for wrong in (b"", b"\x80\x04N.", data[:30]):
        with pytest.raises(BundleError, match="not a packed task"):
            unpack_task(wrong)


def test_what_cannot_be_packed_is_said(project: MakeProject) -> None:
    text = "import flyte, threading\nlock = threading.Lock()\n@flyte.task\ndef main() -> int:\n    lock\n    return 1\n"
    run = "flyte.with_runcontext(dry_run=True).run(main)\n"
    error = project().python("-c", text + run).expect(1).err
    assert "the task default.main cannot be packed: TypeError" in error


def test_the_same_task_from_a_file_is_never_pickled(project: MakeProject) -> None:
    text = """
        import flyte

        @flyte.task
        def main(x: int) -> int:
            return x

        if __name__ == "__main__":
            print([each.path for each in flyte.with_runcontext(dry_run=True).run(main, x=1).bundle.files])
        """
    assert project({"app.py": text}).python("app.py").expect().out == "['app.py']\n"


def test_interactive_mode_insists(project: MakeProject) -> None:
    text = """
        import flyte, sys

        @flyte.task
        def main() -> int:
            return 1

        mode = {"True": True, "False": False}[sys.argv[1]]
        print(flyte.with_runcontext(dry_run=True, interactive_mode=mode).run(main).bundle.files[0].path)
        """
    made = project({"app.py": text})
    assert made.python("app.py", "False").expect().out == "app.py\n"
    assert "lives in" in made.python("app.py", "True").expect(1).err
    code = made.read("app.py")
    assert made.python("-c", code, "True").expect().out == "task.pkl\n"
    assert "was typed into a notebook or a REPL" in made.python("-c", code, "False").expect(1).err


def test_state_of_packed_tasks_is_not_in_the_folder(project: MakeProject) -> None:
    made = project()
    packed(made)
    assert {each.name for each in Path(made.path).iterdir()} == {".flyte", "out", "unpacked"}
