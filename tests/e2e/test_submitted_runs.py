"""What `flyte run` submits is all that a container needs: given to `a0`, it makes the outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.container import A0, Container, Ended
from tests.support.control_plane import ControlPlaneServer
from tests.support.plane.state import Running
from tests.support.process import run_process
from tests.support.project import Project

FILES = {
    "app.py": """
        import dataclasses
        import flyte
        import helper

        env = flyte.TaskEnvironment(name="app", image="ghcr.io/acme/base:1", env_vars={"OWN": "1"})

        @dataclasses.dataclass
        class Config:
            name: str
            factor: int = 3

        @env.task
        async def main(x: int, config: Config, names: list[str] | None = None) -> int:
            import os
            assert (os.environ["LEVEL"], os.environ["OWN"]) == ("debug", "1")
            return helper.times(x, config.factor) + len(names or [])
        """,
    "helper.py": "def times(x, y):\n    return x * y\n",
}

PICKLED = """
import flyte
text = '''
import flyte
FACTOR = 7
env = flyte.TaskEnvironment("typed", image="ghcr.io/acme/base:1")

@env.task
def main(x: int) -> int:
    return x * FACTOR
'''
import __main__
exec(compile(text, "<stdin>", "exec"), vars(__main__))
flyte.init_from_config()
print(flyte.with_runcontext(name="r1").run(main, x=6).name)
"""


def carried_out(plane: ControlPlaneServer, run: Running, folder: Path) -> Ended:
    """Do what the cluster does with a run: fill in its arguments, and start them over a store that is a folder."""
    container = Container(folder / "cluster")
    container.take_message(run.inputs)
    template = run.spec.task_template
    args = list(template.container.args)
    bundle = args[args.index("--pkl" if "--pkl" in args else "--tgz") + 1]
    archive = container.store / Path(bundle).name
    archive.write_bytes(plane.blobs[bundle.removeprefix("s3://bucket/")])
    filled = {
        "{{.input}}": f"{container.store}/inputs.pb",
        "{{.outputPrefix}}": f"{container.store}/a0/1",
        "{{.rawOutputDataPrefix}}": f"{container.store}/raw",
        "{{.checkpointOutputPrefix}}": f"{container.store}/ck",
        "{{.prevCheckpointPrefix}}": "",
        "{{.runName}}": run.id.name,
        "{{.actionName}}": "a0",
        "{{.runStartTime}}": "2026-01-01T00:00:00Z",
        bundle: str(archive),
    }
    variables: dict[str, Any] = {each.key: each.value for each in template.container.env}
    variables |= {each.key: each.value for each in run.run_spec.envs.values}
    command = [filled.get(each, each) for each in args]
    assert command[0] == "a0"
    environment = container.project.environment({**container.environment, **variables})
    return container.left(run_process([A0, *command[1:]], cwd=container.project.path, env=environment))


@pytest.mark.parametrize("words", [[], ["--copy-style", "all"]])
def test_a_task_of_a_file(
    project: Callable[..., Project], plane: ControlPlaneServer, tmp_path: Path, words: list[str]
) -> None:
    made = project({**FILES, ".flyte/config.yaml": plane.config})
    inputs = ["--x", "5", "--config", '{"name": "n"}', "--names", '["a", "b"]']
    made.flyte("run", "--name", "r1", "-e", "LEVEL=debug", *words, "app.py", "main", *inputs).expect()
    assert carried_out(plane, plane.runs["r1"], tmp_path).expect().value == 17


def test_a_task_that_lives_in_no_file(
    project: Callable[..., Project], plane: ControlPlaneServer, tmp_path: Path
) -> None:
    made = project({"session.py": PICKLED, ".flyte/config.yaml": plane.config})
    assert made.python("session.py").expect().out == "r1\n"
    assert "--pkl" in plane.runs["r1"].spec.task_template.container.args
    assert carried_out(plane, plane.runs["r1"], tmp_path).expect().value == 42
