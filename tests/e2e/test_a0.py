"""What a container of ours leaves behind: the outputs of its task, or one error that says whose fault it was."""

from __future__ import annotations

import gzip
import io
import signal
import tarfile
from pathlib import Path

import pytest
from flyteidl2.core.execution_pb2 import ContainerError, ExecutionError
from flyteidl2.task.common_pb2 import Outputs

from tests.support.container import Container

APP = """
import asyncio, os, subprocess, sys, time
import flyte

env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1")

@env.task
async def main(x: int) -> int:
    return x + 1

@env.task
def plain(x: int, by: int = 3) -> int:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    return x * by

@env.task
def nothing(x: int) -> None:
    pass

@env.task
def several(x: int) -> tuple[int, str]:
    return x, str(x)

@env.task
async def fails(x: int) -> int:
    return await deeper(x)

async def deeper(x: int) -> int:
    raise ValueError(f"no {x}")

@env.task
def exits(x: int) -> int:
    sys.exit(3)

@env.task
def wrong(x: int) -> int:
    return "text"

@env.task
def hungry(x: int) -> int:
    raise MemoryError("16 GiB wanted")

@env.task
def lazy(x: int) -> int:
    import helpers_of_mine
    return x

@env.task
def where(x: int) -> str:
    found = flyte.ctx()
    return "|".join([*found.action, found.task, found.version, found.mode, str(found.attempt), found.output_path])
"""


@pytest.fixture
def container(tmp_path: Path) -> Container:
    made = Container(tmp_path, {"app.py": APP})
    made.take(x=4)
    return made


def test_outputs(container: Container) -> None:
    assert container.run().expect().value == 5
    assert container.run("plain").expect().value == 12
    assert container.run("nothing").expect().outputs == Outputs()
    outputs = container.run("several").expect().outputs
    assert outputs is not None
    assert [each.name for each in outputs.literals] == ["o0", "o1"]


def test_what_user_code_prints_is_untouched(container: Container) -> None:
    result = container.run("plain").expect().result
    assert (result.out, result.err) == ("to stdout\n", "to stderr\n")


def test_the_context(container: Container) -> None:
    said = container.run("where", attempt=3).expect().value.split("|")
    assert said[:5] == ["a0", "r1", "flytesnacks", "development", "acme"]
    assert said[5:] == ["app.where", "v1", "remote", "3", f"{container.store}/a0/3"]


def test_an_error_of_the_users_shows_their_frames_only(container: Container) -> None:
    ended = container.run("fails")
    error = ended.failed()
    assert (error.code, error.kind, error.origin) == ("ValueError", ContainerError.RECOVERABLE, ExecutionError.USER)
    said, _, trace = error.message.partition("\n\n")
    assert said == "no 4"
    assert trace.count("  File ") == 2
    assert "in fails" in trace
    assert "in deeper" in trace
    assert "ValueError: no 4" in ended.result.err


@pytest.mark.parametrize(
    ("task", "code", "said"),
    [
        ("exits", "SystemExit", "sys.exit(3)"),
        ("hungry", "MemoryError", "16 GiB wanted"),
        ("wrong", "DataValidationError", "o0: got 'text' of type str; takes an integer"),
    ],
)
def test_other_ends_of_user_code(container: Container, task: str, code: str, said: str) -> None:
    error = container.run(task).failed()
    assert (error.code, error.origin) == (code, ExecutionError.USER)
    assert said in error.message


def test_a_huge_message_is_cut(container: Container) -> None:
    container.project.write({"app.py": APP.replace('f"no {x}"', '"é" * 3_000_000')})
    message = container.run("fails").failed().message
    said, _, trace = message.partition("\n\n")
    assert said == f"{'é' * 100_000}… (2900000 more characters)"
    assert "in deeper" in trace
    assert len(trace) < 101_000


def test_an_error_that_no_attempt_mends(container: Container) -> None:
    container.project.write(
        {"app.py": APP + "@env.task\ndef last(x: int) -> int:\n    raise errors.NonRecoverableError('give up')\n"}
    )
    container.project.write({"app.py": "from flyte import errors\n" + container.project.read("app.py")})
    error = container.run("last").failed()
    assert (error.code, error.kind) == ("NonRecoverableError", ContainerError.NON_RECOVERABLE)


# -- inputs and outputs


def test_wrong_inputs(container: Container) -> None:
    container.take(x="four")
    error = container.run().failed(1)
    assert (error.code, error.kind) == ("DataValidationError", ContainerError.NON_RECOVERABLE)
    assert "inputs of app.main: x: " in error.message
    container.take()
    assert "the input is missing" in container.run(attempt=2).failed(1).message
    (container.store / "inputs.pb").write_bytes(b"\xff\xff")
    assert "not a flyteidl2.task.Inputs" in container.run(attempt=3).failed(1).message


def test_inputs_that_are_not_there(container: Container) -> None:
    (container.store / "inputs.pb").unlink()
    error = container.run().failed(1)
    assert (error.code, error.origin) == ("ObjectMissingError", ExecutionError.SYSTEM)
    assert "inputs.pb" in error.message


def test_values_that_are_too_large_to_travel_inline(tmp_path: Path) -> None:
    app = """
    import flyte
    env = flyte.TaskEnvironment("app")

    @env.task(max_inline_io_bytes=1000)
    def main(x: str, times: int) -> str:
        return x * times
    """
    container = Container(tmp_path, {"app.py": app})
    container.take(x="a" * 2000, times=1)
    error = container.run().failed(1)
    assert error.code == "InlineIOMaxBytesBreached"
    assert "the inputs of app.main take 2,0" in error.message
    assert error.message.count("max_inline_io_bytes allows 1,000") == 1
    container.take(x="a" * 500, times=10)
    error = container.run(attempt=2).failed()
    assert "the outputs of app.main take 5,0" in error.message


# -- finding the task


def test_a_module_that_is_not_there(container: Container) -> None:
    error = container.run(module="ap").failed(1)
    assert (error.code, error.kind) == ("ModuleNotFoundError", ContainerError.NON_RECOVERABLE)
    for said in (
        "No module named 'ap'",
        "did you mean 'app'?",
        "\n  app.py\n",
        "--root-dir",
        "--copy-style all",
        "include=",
    ):
        assert said in error.message


def test_a_module_that_is_missed_only_when_the_task_runs(container: Container) -> None:
    error = container.run("lazy").failed()
    assert (error.code, error.origin) == ("ModuleNotFoundError", ExecutionError.USER)
    for said in ("No module named 'helpers_of_mine'", "not inside a function", "--copy-style all", "\n  app.py\n"):
        assert said in error.message


def test_a_task_that_is_not_there(container: Container) -> None:
    error = container.run("mian").failed(1)
    assert error.code == "UnknownNameError"
    assert "did you mean 'main'?" in error.message


def test_a_module_that_cannot_be_loaded(container: Container) -> None:
    container.project.write({"app.py": "import os\nraise RuntimeError('not today')\n"})
    error = container.run().failed(1)
    assert error.code == "RuntimeError"
    assert "app.py:2: cannot load app: RuntimeError: not today" in error.message


def test_a_resolver_of_the_users(container: Container) -> None:
    finder = """
    import app

    class Finder:
        def load_task(self, loader_args):
            return getattr(app, loader_args[1])
    """
    container.project.write({"finder.py": finder})
    assert container.run(resolver=("finder.Finder", "task", "plain")).expect().value == 12


# -- bundles


def _bundle(container: Container, files: dict[str, str], name: str = "code.tar.gz") -> str:
    """Write a bundle as other clients make it, without a digest, and return its address."""
    target = container.store / name
    with tarfile.open(target, "w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return str(target)


def test_a_bundle_of_another_client(tmp_path: Path) -> None:
    container = Container(tmp_path, {"app.py": "raise RuntimeError('the old code of the image')"})
    container.take(x=4)
    address = _bundle(container, {"./app.py": APP})
    assert container.run(code=("--tgz", address)).expect().value == 5


def test_a_bundle_is_unpacked_once_for_each_container(tmp_path: Path) -> None:
    container = Container(tmp_path)
    container.take(x=4)
    address = _bundle(container, {"app.py": APP})
    container.run(code=("--tgz", address)).expect()
    Path(address).unlink()
    assert container.run("plain", code=("--tgz", address), attempt=2).expect().value == 12


def test_folders_of_the_bundle_that_modules_are_found_in(tmp_path: Path) -> None:
    container = Container(tmp_path)
    container.take(x=4)
    address = _bundle(container, {"src/app.py": APP})
    missing = container.run(code=("--tgz", address)).failed(1)
    assert "\n  src/app.py\n" in missing.message
    found = container.run(code=("--tgz", address), attempt=2, env={"_F_SYS_PATH": "./.:./src:./."})
    assert found.expect().value == 5


def test_our_own_bundle_with_a_digest(container: Container, tmp_path: Path) -> None:
    made = container.project.flyte(
        "bundle", "build", "app.py", "-o", str(container.store / "b") + "/", "--json"
    ).expect()
    (archive,) = (container.store / "b").iterdir()
    assert made.json["digest"] in archive.name
    elsewhere = Container(tmp_path / "elsewhere")
    elsewhere.take(x=4)
    assert elsewhere.run(code=("--tgz", str(archive))).expect().value == 5

    other = archive.with_name(archive.name.translate(str.maketrans("0123456789abcdef", "123456789abcdef0")))
    archive.rename(other)
    error = Container(tmp_path / "third").run(code=("--tgz", str(other))).failed(1)
    assert (error.code, error.kind) == ("BundleError", ContainerError.NON_RECOVERABLE)
    assert made.json["digest"] in error.message


@pytest.mark.parametrize("content", [b"not an archive", b""])
def test_a_damaged_bundle(tmp_path: Path, content: bytes) -> None:
    container = Container(tmp_path)
    container.take(x=4)
    (container.store / "code.tar.gz").write_bytes(content)
    error = container.run(code=("--tgz", str(container.store / "code.tar.gz"))).failed(1)
    assert (error.code, error.origin) == ("BundleError", ExecutionError.SYSTEM)


def test_a_bundle_that_leaves_its_folder(tmp_path: Path) -> None:
    container = Container(tmp_path)
    container.take(x=4)
    (tmp_path / "outside").mkdir()
    (container.project.path / "lib").symlink_to(tmp_path / "outside")
    error = container.run(code=("--tgz", _bundle(container, {"lib/app.py": APP}))).failed(1)
    assert error.code == "BundleError"
    assert list((tmp_path / "outside").iterdir()) == []
    assert container.run(code=("--tgz", _bundle(container, {"../app.py": APP}, "b.tgz")), attempt=2).failed(1)


NOTEBOOK = """
import gzip, io, sys, tarfile
import flyte
from flytectl_py.engines.pickled import FILE_NAME, pack_task

env = flyte.TaskEnvironment("notebook")
STEP = 10

def step(x):
    return x + STEP

@env.task
async def main(x: int) -> int:
    return step(x)

data = pack_task(main, {})
open(f"{sys.argv[1]}/task.pkl", "wb").write(data)
with tarfile.open(f"{sys.argv[1]}/bundle.tar.gz", "w:gz") as archive:
    member = tarfile.TarInfo(FILE_NAME)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
"""


@pytest.mark.parametrize("name", ["task.pkl", "bundle.tar.gz"])
def test_a_task_of_a_notebook(tmp_path: Path, name: str) -> None:
    container = Container(tmp_path)
    container.take(x=4)
    container.project.python("-c", NOTEBOOK, container.store).expect()
    assert container.run(code=("--pkl", f"{container.store}/{name}")).expect().value == 14


def test_a_pickle_of_another_client(tmp_path: Path) -> None:
    container = Container(tmp_path)
    container.take(x=4)
    (container.store / "task.pkl.gz").write_bytes(gzip.compress(b"\x80\x04N."))
    error = container.run(code=("--pkl", f"{container.store}/task.pkl.gz")).failed(1)
    assert error.code == "BundleError"
    assert "not packed by this project's client" in error.message


# -- ends from outside


SLOW = """
import asyncio, ctypes, os, signal, sys, time
import flyte

env = flyte.TaskEnvironment("app")

@env.task
async def main(x: int) -> int:
    print("running", flush=True)
    await asyncio.sleep(60)
    return x

@env.task
def plain(x: int) -> int:
    print("running", flush=True)
    time.sleep(60)
    return x

@env.task
def in_c(x: int) -> int:
    print("running", flush=True)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        ctypes.CDLL(None).usleep(500_000)
        signal.pthread_sigmask(signal.SIG_BLOCK, set())
    return x

@env.task
def prepared(x: int) -> int:
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    print("running", flush=True)
    while not ended:
        time.sleep(0.05)
    return x + 100

@env.task(timeout=1)
async def too_long(x: int) -> int:
    await asyncio.sleep(60)
    return x

@env.task(timeout=1)
async def too_long_and_blocking(x: int) -> int:
    time.sleep(60)
    return x

@env.task(timeout=1)
def too_long_plain(x: int) -> int:
    time.sleep(60)
    return x

@env.task(timeout=60)
def in_time(x: int) -> int:
    return x
"""


@pytest.fixture
def slow(tmp_path: Path) -> Container:
    made = Container(tmp_path, {"app.py": SLOW})
    made.take(x=4)
    return made


@pytest.mark.parametrize("task", ["main", "plain", "in_c"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_user_code(slow: Container, task: str, number: signal.Signals) -> None:
    with slow.started(task) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(number)
        error = slow.end(process).failed(128 + number)
    assert (error.code, error.kind, error.origin) == (
        "TaskInterrupted",
        ContainerError.RECOVERABLE,
        ExecutionError.SYSTEM,
    )
    assert number.name in error.message


def test_a_signal_that_user_code_answers_itself(slow: Container) -> None:
    with slow.started("prepared") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGTERM)
        assert slow.end(process).expect().value == 104


@pytest.mark.parametrize("task", ["too_long", "too_long_and_blocking", "too_long_plain"])
def test_a_timeout(slow: Container, task: str) -> None:
    error = slow.run(task, timeout=20).failed()
    assert (error.code, error.kind, error.origin) == (
        "TaskTimeoutError",
        ContainerError.RECOVERABLE,
        ExecutionError.USER,
    )
    assert "ran for longer than its timeout of 1 s" in error.message


def test_a_timeout_that_is_not_reached(slow: Container) -> None:
    assert slow.run("in_time").expect().value == 4


# -- the command line


def test_help_and_wrong_arguments(container: Container) -> None:
    command = [*container.arguments(), "--surprise", "x"]
    from tests.support.container import A0
    from tests.support.process import run_process

    env, cwd = container.project.environment(container.environment), container.project.path
    result = run_process([A0, *command], cwd=cwd, env=env)
    error = container.left(result).failed(2)
    assert "a0 has no option --surprise" in error.message
    assert "--outputs-path" in run_process([A0, "--help"], cwd=cwd, env=env).expect().out
    assert "--outputs-path is missing" in run_process([A0], cwd=cwd, env=env).expect(2).err


def test_a_small_container_loads_nothing_that_it_does_not_need(container: Container) -> None:
    """Start-up is part of the design: what belongs to the network, to tables and to people stays out."""
    container.project.write(
        {
            "light.py": """
            import sys
            import flyte
            env = flyte.TaskEnvironment("light")

            @env.task
            def main(x: int) -> str:
                return " ".join(sorted(sys.modules))
            """
        }
    )
    loaded = set(container.run(module="light").expect().value.split())
    assert "flyteidl2.task.common_pb2" in loaded
    unwanted = {"asyncio", "typer", "rich", "yaml", "pydantic", "connectrpc", "protovalidate", "fsspec", "subprocess"}
    assert loaded & unwanted == set()


def test_modules_know_their_project_and_domain_while_they_are_loaded(tmp_path: Path) -> None:
    source = """
import flyte

DECLARED = f"{flyte.current_project()} {flyte.current_domain()}"
env = flyte.TaskEnvironment("app")


@env.task
def main() -> str:
    return DECLARED
"""
    container = Container(tmp_path, {"app.py": source})
    container.take()
    container.environment["FLYTE_INTERNAL_EXECUTION_DOMAIN"] = "production"
    assert container.run().expect().value == "flytesnacks production"
