"""Fixtures and guards of every test: a project to run `flyte` in, golden files, isolation, no leaks, no network."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from flytectl_py.config.settings import isolated
from flytectl_py.model.registry import Registry, current_registry
from tests.support.docker.packages import CannotRunError
from tests.support.docker.parts import DockerParts, docker_parts
from tests.support.golden import Golden
from tests.support.leaks import ProcessState, leaks
from tests.support.offline import refuse_network
from tests.support.project import Files, Project

if TYPE_CHECKING:
    from tests.support.control_plane import ControlPlaneServer

# The same examples every time, so that a test that passed keeps passing; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

OURS = ("FLYTE_", "FLYTECTL_", "UCTL_", "_U_")
OF_EVERYBODY = frozenset({"CI", "FORCE_COLOR", "NO_COLOR"})
TESTS = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Take away what the developer's own shell says to the tool, and the network."""
    for name in list(os.environ):
        if name.startswith(OURS) or name in OF_EVERYBODY:
            del os.environ[name]
    # Whoever ignores SIGHUP, as nohup does, hands that on to each process of the tests.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.environ["FLYTE_RECORDS"] = "off"  # Runs in this process belong to no project.
    refuse_network.install()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what follows from the place or the fixtures of a test, so that nobody has to remember it."""
    for item in items:
        if TESTS / "e2e" in item.path.parents:
            item.add_marker(pytest.mark.e2e)
        if "golden" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.golden)


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    before = ProcessState.now()
    asked = len(refuse_network.refused)
    yield
    found = leaks(before, ProcessState.now())
    before.restore()
    if found:
        pytest.fail("this test leaves behind:\n  " + "\n  ".join(found), pytrace=False)
    if refuse_network.refused[asked:]:
        pytest.fail("this test wants other machines:\n  " + "\n  ".join(refuse_network.refused[asked:]), pytrace=False)


@pytest.fixture(autouse=True)
def _own_declarations_and_settings() -> Iterator[None]:
    token = current_registry.set(Registry())
    with isolated():
        yield
    current_registry.reset(token)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Make a project from a dict of files: ``project({"app.py": "…"}).flyte("run", "app.py", "main")``."""

    def make(files: Files | None = None, *, name: str = "project") -> Project:
        return Project(tmp_path / name, tmp_path / "home", files)

    return make


@pytest.fixture
def plane() -> Iterator[ControlPlaneServer]:
    """A control plane that answers on this machine; `plane.config` is what leads a project to it."""
    from tests.support.control_plane import control_plane

    with control_plane() as server:
        yield server


@pytest.fixture
def golden() -> Golden:
    """Compare with a file under tests/golden/: ``golden.text("dockerfile/uv.txt", text)``."""
    return Golden()


@pytest.fixture(scope="session")
def docker() -> Iterator[DockerParts]:
    """A Docker daemon, a registry and a base image, started at first use; the test is skipped where they cannot be."""
    with contextlib.ExitStack() as stack:
        try:
            parts = stack.enter_context(docker_parts())
        except CannotRunError as error:
            pytest.skip(str(error))
        yield parts
