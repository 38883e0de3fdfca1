"""A run whose first task is here and whose other tasks are on a cluster, over real servers for calls and data."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import FAILED, SUCCEEDED, Cluster
from tests.support.container import A0, Container
from tests.support.control_plane import serving
from tests.support.process import FLYTE
from tests.support.project import Project
from tests.support.servers import s3

pytestmark = pytest.mark.store

APP = """
import asyncio, os, pathlib
import flyte
from it import steps
from flyte.io import File

leafs = flyte.TaskEnvironment("leafs", image="ghcr.io/acme/leaf:1", env_vars={"OWN": "1"})
env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1", depends_on=[leafs])

@leafs.task
async def double(x: int) -> int:
    return steps.double(x)

@leafs.task
async def surroundings() -> str:
    return f"{os.environ['LEVEL']} {os.environ['OWN']} {flyte.ctx().mode}"

@leafs.task
async def fails(x: int) -> int:
    raise ValueError(f"no {x}")

@leafs.task
async def length(file: File) -> int:
    async with file.open("rb") as opened:
        return len(bytes(await opened.read()))

@env.task
async def main(x: int) -> int:
    print(f"here in {os.getcwd()}")
    return sum(await asyncio.gather(*[double(n) for n in range(x)]))

@env.task
async def says() -> tuple[str, str]:
    return f"{os.environ['LEVEL']} {flyte.ctx().mode}", await surroundings()

@env.task
async def measures(text: str) -> int:
    pathlib.Path("made.txt").write_text(text)
    return await length(File("made.txt"))

@env.task
async def lets_fail(x: int) -> int:
    return await fails(x)

@env.task(retries=1)
async def second_time(x: int) -> int:
    found = await double(x)
    if flyte.ctx().attempt == 1:
        raise RuntimeError("the first attempt fails")
    return found

@env.task
def dies() -> None:
    os._exit(7)
"""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
BASE = "s3://bucket/runs"


class Remote(Cluster):
    """Runs what is enqueued in empty folders, with nothing but the bucket and what the task's specification says."""

    def __init__(self, parent: Container, client: Any) -> None:
        super().__init__(parent)
        self.client = client

    async def _execute(self, action: Any) -> None:
        for key, content in self.blobs.items():
            self.client.put_object(Bucket="bucket", Key=key, Body=content)
        name = action.action_id.name
        folder = self.parent.project.path.parent / name
        folder.mkdir()
        self.started.append(action.task.id.name)
        uri = f"{action.input_uri.rpartition('/')[0]}/1"
        filled = {
            "{{.input}}": action.input_uri, "{{.outputPrefix}}": uri, "{{.rawOutputDataPrefix}}": "s3://bucket/raw",
            "{{.checkpointOutputPrefix}}": f"{uri}/ck", "{{.prevCheckpointPrefix}}": "", "{{.runName}}": "r1",
            "{{.actionName}}": name, "{{.runStartTime}}": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        container = action.task.spec.task_template.container
        own = {
            **self.parent.environment,
            **{each.key: each.value for each in container.env},
            "_U_EP_OVERRIDE": self.endpoint,
            "ACTION_NAME": name,
        }
        process = await asyncio.create_subprocess_exec(
            A0,
            *[filled.get(each, each) for each in container.args][1:],
            cwd=folder,
            env=self.parent.project.environment(own),
        )
        await process.wait()
        key = f"{uri.removeprefix('s3://bucket/')}/outputs.pb"
        found = self.client.list_objects_v2(Bucket="bucket", Prefix=key).get("Contents", [])
        self._publish(action, SUCCEEDED if found else FAILED, uri)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3.s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def remote(tmp_path: Path, store: str) -> Iterator[Remote]:
    import boto3

    client = boto3.client(
        "s3", endpoint_url=store, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket="bucket")
    container = Container(tmp_path / "cluster")
    container.environment |= {"FLYTE_AWS_ENDPOINT": store, "AWS_ENDPOINT_URL": store, **CREDENTIALS}
    container.environment["PYTHONWARNINGS"] = None
    with serving(Remote(container, client)) as server:
        yield server
    for each in client.list_objects_v2(Bucket="bucket").get("Contents", []):
        client.delete_object(Bucket="bucket", Key=each["Key"])
    client.close()


class Here:
    """The project of the person, with its code below src/."""

    def __init__(self, project: Project, remote: Remote, store: str) -> None:
        self.project = project
        self.environment: dict[str, str | None] = {"AWS_ENDPOINT_URL": store, "PYTHONWARNINGS": None, **CREDENTIALS}
        self.environment["FLYTE_AWS_ENDPOINT"] = store
        project.write(
            {
                ".flyte/config.yaml": remote.config,
                "pyproject.toml": "[project]\nname = 'it'\nversion = '1'\n",
                "src/it/app.py": APP,
                "src/it/__init__.py": "",
                "src/it/steps.py": "def double(x):\n    return 2 * x\n",
            }
        )

    def run(self, *words: str, base: str = BASE) -> Any:
        given = ["--run-base-dir", base] if base else []
        return self.project.flyte(
            "run", "--mode", "hybrid", "--name", "r1", *given, *words, env=self.environment, timeout=20
        )


@pytest.fixture
def here(project: Callable[..., Project], remote: Remote, store: str) -> Here:
    return Here(project(), remote, store)


def test_the_task_runs_here_and_its_children_there(here: Here, remote: Remote) -> None:
    result = here.run("src/it/app.py", "main", "--x", "3").expect()
    assert result.out == f"here in {here.project.path}/src\n6\n"
    assert remote.started == ["leafs.double"] * 3
    assert not remote.asked("RunService.CreateRun")
    for call in remote.asked("QueueService.EnqueueAction"):
        assert call.json["input_uri"].startswith(f"{BASE}/r1/")
        assert call.json["action_id"]["run"]["name"] == "r1"


def test_one_json_document(here: Here) -> None:
    result = here.run("--json", "src/it/app.py", "main", "--x", "2").expect()
    assert result.json["outputs"] == {"o0": 2}
    assert result.json["phase"] == "succeeded"
    assert "here in" in result.err


def test_variables_reach_both(here: Here) -> None:
    result = here.run("-e", "LEVEL=debug", "--json", "src/it/app.py", "says").expect()
    assert result.json["outputs"] == {"o0": "debug hybrid", "o1": "debug 1 remote"}


def test_a_file_that_the_task_hands_on(here: Here) -> None:
    assert here.run("src/it/app.py", "measures", "--text", "twelve bytes").expect().out == "12\n"


def test_a_child_that_fails(here: Here) -> None:
    result = here.run("--json", "src/it/app.py", "lets_fail", "--x", "3").expect(1)
    assert result.json["error"]["code"] == "ValueError"
    assert "no 3" in result.json["error"]["message"]
    assert "src/it/app.py:" in result.json["error"]["where"]


def test_a_retry_finds_the_children_of_the_attempt_before(here: Here, remote: Remote) -> None:
    result = here.run("src/it/app.py", "second_time", "--x", "4").expect()
    assert result.out == "8\n"
    assert "attempt 1 of 2" in result.err
    assert remote.started == ["leafs.double"]


def test_a_process_that_leaves_no_outcome(here: Here) -> None:
    assert "exit code 7" in here.run("src/it/app.py", "dies").expect(1).err


@pytest.mark.parametrize(
    ("base", "words", "said"),
    [
        ("", (), "needs run_base_dir"),
        ("/tmp/runs", (), "the cluster does not reach /tmp/runs"),
        ("file:///tmp/runs", (), "the cluster does not reach"),
        (BASE, ("--raw-data-path", "raw"), "raw_data_path: the cluster does not reach raw"),
        (BASE, ("--label", "a=b", "--queue", "q"), "takes no labels, queue"),
        (BASE, ("--local",), "--local and --mode hybrid"),
    ],
)
def test_what_cannot_be(here: Here, remote: Remote, base: str, words: tuple[str, ...], said: str) -> None:
    result = here.run(*words, "src/it/app.py", "main", "--x", "3", base=base).expect(2)
    assert said in " ".join(result.err.split())
    assert remote.calls == []


def test_from_python(here: Here, remote: Remote) -> None:
    program = f"""
        import asyncio
        import flyte
        from it import app

        flyte.init_from_config()

        async def program():
            run = await flyte.with_runcontext(mode="hybrid", run_base_dir="{BASE}").run.aio(app.main, x=3)
            return run.phase, run.outputs().o0

        print(*asyncio.run(program()))
        again = flyte.with_runcontext("hybrid", run_base_dir="{BASE}").run(app.main, 2)
        print(again.outputs().o0)
    """
    here.project.write({"src/program.py": program})
    out = here.project.python("src/program.py", env=here.environment).expect().out
    assert [line for line in out.splitlines() if not line.startswith("here in")] == ["succeeded 6", "2"]


def test_an_interrupt_gives_the_children_up(here: Here, remote: Remote) -> None:
    remote.never.add("leafs.double")
    words = [FLYTE, "run", "--mode", "hybrid", "--run-base-dir", BASE, "src/it/app.py", "main", "--x", "3"]
    with subprocess.Popen(
        words,
        cwd=here.project.path,
        env=here.project.environment(here.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        deadline = time.monotonic() + 30
        while remote.methods().count("QueueService.EnqueueAction") < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert len(set(remote.aborted)) == 3


def test_without_an_endpoint(project: Callable[..., Project]) -> None:
    made = project({"app.py": APP.replace("from it import steps\n", "")})
    result = made.flyte("run", "--mode", "hybrid", "--run-base-dir", BASE, "app.py", "main", "--x", "1").expect(3)
    assert "no endpoint" in result.err
    assert "--mode hybrid" in result.err
