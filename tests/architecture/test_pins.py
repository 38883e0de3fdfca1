"""constraints.txt pins one version of everything that pyproject.toml asks for, and nothing else is in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source_tree import ROOT

PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9A-Za-z.+!]+)")
OURSELVES = "flytectl-py"


def unpinned(requirements: Iterable[str], constraints: str) -> list[str]:
    """Return one line for each line of `constraints` that is no pin, and each requirement that no pin satisfies."""
    lines = [line for line in constraints.splitlines() if line and not line.startswith("#")]
    matches = [(line, PIN.fullmatch(line)) for line in lines]
    found = [f"no pin: {line}" for line, match in matches if match is None]
    pins = {canonicalize_name(match[1]): match[2] for _, match in matches if match}
    for text in requirements:
        wanted = Requirement(text)
        name = canonicalize_name(wanted.name)
        if name == OURSELVES:
            continue
        if name not in pins:
            found.append(f"{text}: not pinned; `make constraints`")
        elif not wanted.specifier.contains(pins[name], prereleases=True):
            found.append(f"{text}: pinned to {pins[name]}; `make constraints`")
    return found


def test_all_that_we_ask_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(text for extra in project["optional-dependencies"].values() for text in extra)]
    assert unpinned(asked, (ROOT / "constraints.txt").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("requirement", "constraints", "said"),
    [
        ("typer>=0.29,<0.30", "typer==0.30.0", "pinned to 0.30.0"),
        ("typer>=0.29", "rich==15.0.0", "not pinned"),
        ("flytectl-py[k8s]", "--index-url https://example.org/simple", "no pin: --index-url"),
        ("flytectl-py", "rich>=15", "no pin: rich>=15"),
        ("flytectl-py", "rich==15.0.0 --hash=sha256:00", "no pin"),
    ],
)
def test_what_is_not_is_caught(requirement: str, constraints: str, said: str) -> None:
    (found,) = unpinned([requirement], constraints)
    assert said in found


def test_spelling_does_not_matter() -> None:
    assert unpinned(["types-PyYAML", "docstring-parser>=0.16"], "types_pyyaml==6.0\ndocstring_parser==0.18.0\n") == []
