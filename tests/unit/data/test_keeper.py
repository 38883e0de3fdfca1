"""Where data goes: what stays where it is, what is copied, and what other processes find."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import flyte
from flyte.io import Dir, File
from flytectl_py.errors import NotInTaskContextError, UsageError
from tests.support.servers.running import fresh_name

env = flyte.TaskEnvironment("keeper")


@pytest.fixture
def lasting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that does not count as temporary."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "lasting").mkdir()
    return tmp_path / "lasting"


def test_a_file_that_lasts_stays_where_it_is(lasting: Path) -> None:
    (lasting / "x").write_text("x")

    @env.task
    async def main() -> tuple[File[str], Dir[str]]:
        return await File.from_local(lasting / "x"), await Dir.from_local(lasting)

    file, folder = flyte.with_runcontext(raw_data_path=str(lasting / "raw")).run(main).outputs()
    assert (file.path, folder.path) == (str(lasting / "x"), str(lasting))
    assert not (lasting / "raw").exists()


def test_a_temporary_file_outlives_its_task(lasting: Path) -> None:
    @env.task
    def child() -> tuple[File[str], Dir[str]]:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "x").write_text("from a folder that goes")
            return File.from_local_sync(f"{folder}/x"), Dir.from_local_sync(folder)

    @env.task
    def main() -> tuple[str, list[str]]:
        file, folder = child()
        return file.open("r").read(), [each.name for each in folder.list_files_sync()]

    run = flyte.with_runcontext(raw_data_path=str(lasting / "raw")).run(main)
    assert run.outputs() == ("from a folder that goes", ["x"])


def test_with_a_store_it_is_sent_there(lasting: Path) -> None:
    (lasting / "x.txt").write_text("x")
    raw = f"memory://{fresh_name()}/raw"

    @env.task
    async def main() -> File[str]:
        return await File.from_local(lasting / "x.txt", hash_method=hashlib.sha256())

    (file,) = flyte.with_runcontext(raw_data_path=raw).run(main).outputs()
    assert file.path.startswith(f"{raw}/")
    assert file.name == "x.txt"
    assert file.hash == hashlib.sha256(b"x").hexdigest()
    assert file.open().read() == b"x"


def test_another_process_reads_what_a_task_returned(lasting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lasting)

    @env.task
    def main() -> File[str]:
        file: File[str] = File.new_remote("x.txt", hash_method=hashlib.md5())
        with file.open("w") as out:
            out.write("written by a task")
        return file

    (file,) = flyte.with_runcontext(raw_data_path="raw").run(main).outputs()
    program = "import pickle, sys, flyte.io; print(pickle.loads(sys.stdin.buffer.read()).open('r').read())"
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(file), capture_output=True, cwd="/")
    assert done.stdout == b"written by a task\n", done.stderr
    assert pickle.loads(pickle.dumps(file)).hash == file.hash == hashlib.md5(b"written by a task").hexdigest()


def test_outside_a_task_there_is_no_place_for_new_data(lasting: Path) -> None:
    (lasting / "x").write_text("x")
    assert File.from_local_sync(lasting / "x").path == str(lasting / "x")
    for make in (File.new_remote, Dir.new_remote):
        with pytest.raises(NotInTaskContextError, match="inside a task"):
            make()


def test_a_read_that_nobody_waits_for_ends_the_process_all_the_same(lasting: Path) -> None:
    program = """
    import asyncio, os, threading, flyte
    from flytectl_py.model.world import the_data

    async def main():
        asyncio.ensure_future(the_data().aside(threading.Event().wait))
        await asyncio.sleep(0.1)

    asyncio.run(main())
    print("ended")
    """
    text = "\n".join(line[4:] for line in program.splitlines())
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=20)
    assert done.stdout == "ended\n"


def test_importing_the_facade_loads_no_store_and_no_table_library() -> None:
    program = "import sys, flyte.io, flyte.report; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"asyncio", "fsspec", "pandas", "polars", "pyarrow", "pydantic", "tempfile", "flytectl_py.storage.api"}
    assert heavy & set(loaded) == set()
    assert not [name for name in loaded if name.startswith("flytectl_py.data")]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/tmp/x", ".."])
def test_names_stay_in_their_folder(lasting: Path, name: str) -> None:
    (lasting / "folder").mkdir()

    @env.task
    def main() -> int:
        ways = (File.new_remote, Dir.new_remote, Dir(str(lasting / "folder")).get_file_sync)
        for way in ways:
            with pytest.raises(UsageError, match="stays in its folder"):
                way(name)
        return len(ways)

    assert flyte.with_runcontext(raw_data_path=str(lasting / "raw")).run(main).outputs() == (3,)
