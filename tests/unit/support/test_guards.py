"""The guards of tests/conftest.py catch what they are there for."""

from __future__ import annotations

import os
import socket
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from flytectl_py.config.settings import init, settings
from flytectl_py.model.registry import current_registry
from tests.support.leaks import ProcessState, leaks
from tests.support.offline import refuse_network
from tests.support.offline.refuse_network import NetworkRefusedError, is_local
from tests.support.project import Project

MakeProject = Callable[..., Project]


def set_variable() -> None:
    os.environ["FRAME_LEAK"] = "1"


def change_folder() -> None:
    os.chdir("/")


def add_path() -> None:
    sys.path.append("/nowhere")


class Finder:
    """One that finds nothing, of ours by its module's name."""

    __module__ = "flytectl_py.project.siblings"


def add_finder() -> None:
    sys.meta_path.append(Finder())  # type: ignore[arg-type]


def replace_main() -> None:
    sys.modules["__main__"] = types.ModuleType("__main__")


@pytest.mark.parametrize(
    ("leak", "named"),
    [
        (set_variable, "environment variable FRAME_LEAK: None -> '1'"),
        (change_folder, "current folder"),
        (add_path, "sys.path"),
        (add_finder, "sys.meta_path"),
        (replace_main, "sys.modules['__main__']"),
    ],
)
def test_a_leak_is_named_and_put_back(leak: Callable[[], None], named: str) -> None:
    before = ProcessState.now()
    leak()
    found = leaks(before, ProcessState.now())
    before.restore()
    assert len(found) == 1
    assert found[0].startswith(named)
    assert leaks(before, ProcessState.now()) == []


def test_a_finder_of_others_stays() -> None:
    foreign = types.new_class("SixImporter", exec_body=lambda body: body.update(__module__="six"))()
    before = ProcessState.now()
    sys.meta_path.append(foreign)
    assert leaks(before, ProcessState.now()) == []
    before.restore()
    assert sys.meta_path.pop() is foreign


def test_a_thread_that_the_process_would_wait_for_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.leaks.THREAD_GRACE_SECONDS", 0.05)
    end = threading.Event()
    before = ProcessState.now()
    thread = threading.Thread(target=end.wait, name="left-alive")
    thread.start()
    found = leaks(before, ProcessState.now())
    end.set()
    thread.join()
    assert found == ["thread still alive: left-alive"]


def test_a_leaking_test_fails_and_the_next_one_does_not(project: MakeProject) -> None:
    tests = """
    import os, socket

    def test_leaks():
        os.environ["FRAME_LEAK"] = "1"

    def test_next():
        assert "FRAME_LEAK" not in os.environ

    def test_goes_out_and_hides_it():
        try:
            socket.create_connection(("192.0.2.1", 80))
        except Exception:
            pass
    """
    here = Path(__file__).parents[3]
    made = project({"tests/conftest.py": (here / "tests/conftest.py").read_bytes(), "tests/test_x.py": tests})
    (made.path / "tests" / "support").symlink_to(here / "tests" / "support")
    made.write(
        {"pytest.ini": "[pytest]\npythonpath = .\nmarkers =\n  e2e\n  golden\naddopts = --import-mode=importlib\n"}
    )
    result = made.python("-m", "pytest", "-p", "no:cacheprovider", env={"PYTHONWARNINGS": None, "PYTHONPATH": None})
    result.expect(1)
    assert "environment variable FRAME_LEAK: None -> '1'" in result.out
    assert "192.0.2.1" in result.out.split("wants other machines")[1]
    assert "3 passed, 2 errors" in result.out


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", b"localhost", None, ""])
def test_this_machine_is_local(host: object) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org", b"example.org", "2001:db8::1"])
def test_other_machines_are_not(host: object) -> None:
    assert not is_local(host)


def test_other_machines_are_refused() -> None:
    with pytest.raises(NetworkRefusedError, match=r"192\.0\.2\.1"), socket.socket() as client:
        client.connect(("192.0.2.1", 80))
    with pytest.raises(NetworkRefusedError, match=r"example\.org"):
        socket.getaddrinfo("example.org", 80)
    assert len(refuse_network.refused) >= 2
    del refuse_network.refused[-2:]


def test_this_machine_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_processes_that_a_test_starts_are_refused_too(project: MakeProject) -> None:
    made = project({"out.py": "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=1)\n"})
    result = made.python("out.py").expect(1)
    assert "NetworkRefusedError" in result.err


registries: list[object] = []


@pytest.mark.parametrize("again", [0, 1])
def test_each_test_has_declarations_and_settings_of_its_own(again: int) -> None:
    registry = current_registry.get()
    assert all(registry is not earlier for earlier in registries)
    registries.append(registry)
    assert settings() is None
    init(project="left-over")
