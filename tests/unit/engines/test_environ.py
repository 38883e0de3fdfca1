"""Variables and secrets of one task among others in one process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import flyte
from flytectl_py.errors import NotReadyError

red = flyte.TaskEnvironment("red", env_vars={"COLOUR": "red", "ONLY_RED": "1"})
blue = flyte.TaskEnvironment("blue", env_vars={"COLOUR": "blue"})


def test_tasks_that_run_at_once_each_see_their_own_variables() -> None:
    both_inside = threading.Barrier(2, timeout=20)

    def look() -> list[str | None]:
        both_inside.wait()
        seen = [os.environ["COLOUR"], os.getenv("ONLY_RED"), dict(os.environ)["COLOUR"]]
        both_inside.wait()
        return seen

    @red.task
    def in_red() -> list[str | None]:
        return look()

    @blue.task
    def in_blue() -> list[str | None]:
        return look()

    @red.task
    async def parent() -> list[list[str | None]]:
        return list(await asyncio.gather(in_red.aio(), in_blue.aio()))

    assert flyte.run(parent).outputs().o0 == [["red", "1", "red"], ["blue", "1", "blue"]]
    assert "COLOUR" not in os.environ


def test_a_task_without_variables_does_not_see_those_of_another_task_that_runs_at_once() -> None:
    both_inside = threading.Barrier(2, timeout=20)
    plain = flyte.TaskEnvironment("plain")

    @red.task
    def in_red() -> None:
        both_inside.wait()
        both_inside.wait()

    @plain.task
    def in_plain() -> str | None:
        both_inside.wait()
        seen = os.environ.get("COLOUR")
        both_inside.wait()
        return seen

    @plain.task
    async def parent() -> str | None:
        _, seen = await asyncio.gather(in_red.aio(), in_plain.aio())
        return seen

    assert flyte.run(parent).outputs().o0 is None


def test_child_processes_see_the_variables_of_the_task() -> None:
    @blue.task
    def starts() -> str:
        program = "import os; print(os.environ.get('COLOUR'))"
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert flyte.run(starts).outputs().o0 == "blue\n"
    after = subprocess.run(["/bin/sh", "-c", "echo ${COLOUR-unset}"], capture_output=True, text=True, check=True)
    assert after.stdout == "unset\n"


def test_variables_of_the_run_win_over_those_of_the_environment() -> None:
    @red.task
    def look() -> tuple[str, str]:
        return os.environ["COLOUR"], os.environ["ONLY_RED"]

    run = flyte.with_runcontext(env_vars={"COLOUR": "green"}).run(look)
    assert run.outputs() == ("green", "1")


def test_what_a_task_sets_or_deletes_stays_in_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTER", "kept")

    @red.task
    def changes() -> list[str | None]:
        os.environ["COLOUR"] = "pink"
        os.environ["NEW"] = "x"
        del os.environ["OUTER"]
        with pytest.raises(KeyError):
            del os.environ["NEVER_SET"]
        with pytest.raises(TypeError):
            os.environ["NUMBER"] = 1  # type: ignore[assignment]
        names = set(os.environ)
        assert len(os.environ) == len(names)
        assert "NEW" in names
        assert "OUTER" not in names
        return [os.environ["COLOUR"], os.environ.get("NEW"), os.environ.get("OUTER")]

    assert flyte.run(changes).outputs().o0 == ["pink", "x", None]
    assert (os.environ.get("COLOUR"), os.environ.get("NEW"), os.environ["OUTER"]) == (None, None, "kept")


def secret_env(*secrets: flyte.Secret | str) -> flyte.TaskEnvironment:
    return flyte.TaskEnvironment("with-secrets", secrets=list(secrets))


def test_a_secret_comes_from_the_variable_named_after_group_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_MAIN_PASS_WORD", "hunter2")
    env = secret_env(flyte.Secret("pass-word", group="db-main", as_env_var="PGPASSWORD"))

    @env.task
    def look() -> str:
        return os.environ["PGPASSWORD"]

    assert flyte.run(look).outputs().o0 == "hunter2"
    assert "PGPASSWORD" not in os.environ


def test_a_secret_may_be_a_file_in_the_projects_secrets_folder(tmp_path: Path) -> None:
    folder = tmp_path / ".flyte" / "secrets" / "db"
    folder.mkdir(parents=True)
    (folder / "pw").write_text("from a file\n")
    flyte.init(root_dir=tmp_path)
    env = secret_env(flyte.Secret("pw", group="db"))

    @env.task
    def look() -> str:
        return os.environ["DB_PW"]

    assert flyte.run(look).outputs().o0 == "from a file"


def test_missing_secrets_are_named_all_at_once_before_the_task_runs() -> None:
    ran: list[int] = []
    env = secret_env("one", flyte.Secret("two", group="g"), flyte.Secret("three", mount=Path("/etc/flyte/secrets")))

    @env.task
    def look() -> None:
        ran.append(1)

    with pytest.raises(NotReadyError) as caught:
        flyte.run(look)
    said = str(caught.value)
    assert "'one': set ONE, or write it to" in said
    assert "'g/two': set G_TWO, or write it to" in said
    assert "'three': the task reads it from /etc/flyte/secrets" in said
    assert caught.value.exit_code == 3
    assert ran == []


def test_the_value_of_a_secret_that_cannot_be_read_is_never_shown(tmp_path: Path) -> None:
    folder = tmp_path / ".flyte" / "secrets"
    folder.mkdir(parents=True)
    (folder / "bin").write_bytes(b"\xff\xfesecret")
    flyte.init(root_dir=tmp_path)
    env = secret_env("bin")

    @env.task
    def look() -> None: ...

    with pytest.raises(NotReadyError, match="'bin' cannot be read") as caught:
        flyte.run(look)
    assert "secret" not in str(caught.value).replace("the secret 'bin'", "")


def test_child_processes_of_tasks_that_run_at_once_each_see_their_own_variables() -> None:
    both_inside = threading.Barrier(2, timeout=20)

    def ask() -> str:
        both_inside.wait()
        said = subprocess.run(["/bin/sh", "-c", "echo $COLOUR"], capture_output=True, text=True, check=True).stdout
        both_inside.wait()
        return said.strip()

    @red.task
    def in_red() -> str:
        return ask()

    @blue.task
    def in_blue() -> str:
        return ask()

    @red.task
    async def parent() -> list[str]:
        return list(await asyncio.gather(in_red.aio(), in_blue.aio()))

    assert flyte.run(parent).outputs().o0 == ["red", "blue"]


def test_a_child_process_with_an_environment_of_its_own_keeps_it() -> None:
    @red.task
    def starts() -> str:
        shell = ["/bin/sh", "-c", "echo ${COLOUR-unset}"]
        return subprocess.run(shell, env={}, capture_output=True, text=True, check=True).stdout.strip()

    assert flyte.run(starts).outputs().o0 == "unset"


def test_threads_that_a_task_starts_see_its_variables() -> None:
    @red.task
    def starts() -> list[str | None]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda _: os.environ.get("COLOUR"), range(2)))

    assert flyte.run(starts).outputs().o0 == ["red", "red"]
    assert "COLOUR" not in os.environ
