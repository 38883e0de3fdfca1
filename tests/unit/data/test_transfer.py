"""Folders on their way: many files at once, the first failure, an interruption, keys that lead elsewhere."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flyte.io import Dir, File
from flytectl_py.data import transfer
from flytectl_py.data.places import Stores
from flytectl_py.errors import FlyteError
from flytectl_py.storage.api import StoreOptions
from tests.support.servers.running import fresh_name


def test_many_files(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / "here" / f"{number % 7}").mkdir(parents=True, exist_ok=True)
        (tmp_path / "here" / f"{number % 7}" / f"{number}").write_text(str(number))
    there: Dir[str] = Dir.from_local_sync(tmp_path / "here", f"memory://{fresh_name()}/x")
    back = Path(there.download_sync(tmp_path / "back"))
    assert {file.name: file.read_text() for file in back.rglob("*") if file.is_file()} == {
        str(number): str(number) for number in range(200)
    }


@pytest.mark.parametrize("at_once", [1, 2, 32])
def test_the_first_failure_ends_it(at_once: int) -> None:
    done = []

    def work(path: str) -> None:
        if path == "3":
            raise LookupError(path)
        done.append(path)
        time.sleep(0.01)

    with pytest.raises(LookupError, match="3"):
        transfer._all_of(work, [str(number) for number in range(1000)], at_once)
    assert len(done) < 100


def test_a_key_that_leads_out_of_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = Stores(lambda _: StoreOptions())
    monkeypatch.setattr(transfer, "files_below", lambda *_args, **_kwargs: iter(["memory://b/x/../../../etc/passwd"]))
    monkeypatch.setattr(transfer, "folder_exists", lambda *_args: True)
    with pytest.raises(FlyteError, match="cannot be the name of a file"):
        transfer.download_dir(stores, "memory://b/x", str(tmp_path / "down"))
    assert list((tmp_path / "down").iterdir()) == []


def test_a_download_that_breaks_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("before")
    with pytest.raises(FlyteError):
        File(f"memory://{fresh_name()}/nope").download_sync(tmp_path / "x")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("x", "before")]


def test_who_is_interrupted_does_not_wait_for_files_under_way() -> None:
    program = (
        "import time\n"
        "from flytectl_py.data.transfer import _all_of\n"
        "def work(path):\n"
        "    print('busy', flush=True)\n"
        "    time.sleep(60)\n"
        "_all_of(work, ['a', 'b'], 2)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    assert process.returncode in {130, -signal.SIGINT}
