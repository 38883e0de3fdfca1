"""What is made of what was found: states, and the next thing to type."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from flytectl_py.plan.diagnosis import (
    LITTLE_SPACE,
    NO_SPACE,
    Finding,
    Interpreter,
    config_finding,
    owners_finding,
    python_finding,
    space_finding,
    worst,
)
from flytectl_py.plan.image_diagnosis import Program, Started, a0_finding, builder_findings, registry_finding

WORKS = Program("/bin/docker", "28.0")
PODMAN = Program("/bin/podman", "5.0")
NONE = Program()
BROKEN = Program("/bin/docker", lacks="no daemon")


@pytest.mark.parametrize(
    ("found", "state", "said"),
    [
        (Interpreter("3.12.1", "/v/bin/python", "/v", "/v/bin/flyte", "/v/bin/flyte"), "ok", "virtual environment /v"),
        (Interpreter("3.12.1", "/bin/python", "", "", ""), "note", "no virtual environment"),
        (Interpreter("3.12.1", "/v/bin/python", "/v", "/other/flyte", "/v/bin/flyte"), "warning", "is /other/flyte"),
    ],
)
def test_python(found: Interpreter, state: str, said: str) -> None:
    finding = python_finding(found)
    assert (finding.state, said in finding.text) == (state, True)
    assert bool(finding.fix) == (state != "ok")


def test_who_owns_flyte() -> None:
    assert owners_finding([], "/x/flyte/__init__.py", ours=True).state == "ok"
    both = owners_finding(["flyte 2.12.1"], "/x/flyte/__init__.py", ours=True)
    assert both.state == "missing"
    assert both.fix == "pip uninstall flyte && pip install --force-reinstall flytectl-py"
    assert "leads to /x, which is not this project" in owners_finding([], "/x", ours=False).text
    assert "leads to nothing" in owners_finding([], "", ours=False).text


@pytest.mark.parametrize(
    ("free", "state"),
    [
        (LITTLE_SPACE, "ok"),
        (LITTLE_SPACE - 1, "warning"),
        (NO_SPACE, "warning"),
        (NO_SPACE - 1, "missing"),
        (None, "note"),
    ],
)
def test_space(free: int | None, state: str) -> None:
    assert space_finding("x", "/x", free, writable=True).state == state


def test_a_folder_that_cannot_be_written_to() -> None:
    assert space_finding("x", "/x", 10**12, writable=False).state == "missing"
    assert space_finding("x", "/x", 10**12, writable=False, needed=False).state == "warning"


def test_config() -> None:
    here, home = PurePosixPath("/p/.flyte/config.toml"), PurePosixPath("/home/.flyte/config.yaml")
    assert config_finding(None, [], []).fix == "flyte config init"
    assert config_finding(here, [here], ["FLYTE_DOMAIN"]) == Finding(
        "config", "ok", f"{here}; set in the environment: FLYTE_DOMAIN"
    )
    shadowing = config_finding(here, [here, home], [])
    assert (shadowing.state, f"it shadows {home}" in shadowing.text) == ("note", True)


@pytest.mark.parametrize(
    ("docker", "buildx", "podman", "needed", "states"),
    [
        (WORKS, WORKS, NONE, "", ["ok", "ok", "note"]),
        (WORKS, WORKS, NONE, "app.py", ["ok", "ok", "note"]),
        (NONE, NONE, NONE, "", ["note", "note"]),
        (NONE, NONE, NONE, "app.py", ["missing", "note"]),
        (BROKEN, NONE, NONE, "app.py", ["missing", "note"]),
        (WORKS, NONE, NONE, "app.py", ["ok", "missing", "note"]),
        (NONE, NONE, PODMAN, "app.py", ["note", "ok"]),
        (BROKEN, NONE, PODMAN, "app.py", ["note", "ok"]),
        (NONE, NONE, BROKEN, "app.py", ["missing", "note"]),
    ],
)
def test_builders(docker: Program, buildx: Program, podman: Program, needed: str, states: list[str]) -> None:
    found = builder_findings(docker, buildx, podman, needed)
    assert [each.state for each in found] == states
    assert any(f"({needed})" in each.text for each in found) == ("missing" in states)
    assert all(each.fix for each in found if each.state == "missing")


def test_registries_and_images() -> None:
    assert registry_finding("r", may_push=True, message="yes", hint="x") == Finding("registry r", "ok", "yes")
    refused = registry_finding("r", may_push=False, message="no", hint="docker login r")
    assert (refused.state, refused.fix) == ("missing", "docker login r")
    assert a0_finding("i", Started(found=True), needed=True).state == "ok"
    assert a0_finding("i", Started(found=False), needed=False).state == "missing"
    assert a0_finding("i", Started(None, "no such image"), needed=True).fix == "docker pull i"
    assert a0_finding("i", Started(None, "no such image"), needed=False).state == "note"


def test_the_worst_counts() -> None:
    assert worst([]) == "ok"
    assert worst([Finding("a", "ok", ""), Finding("b", "warning", ""), Finding("c", "note", "")]) == "warning"
    assert worst([Finding("a", "missing", ""), Finding("b", "warning", "")]) == "missing"
