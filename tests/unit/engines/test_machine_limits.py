"""Requests that this machine cannot meet."""

from __future__ import annotations

import pytest

from flytectl_py.engines.machine_limits import beyond_this_machine
from flytectl_py.model.resources import Resources


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        (Resources(cpu=10_000), "asks for 10000 CPU cores, and this machine has "),
        (Resources(memory="900Ti"), "asks for 900Ti of memory, and this machine has "),
        (Resources(disk="900Pi"), "asks for 900Pi of disk, and "),
    ],
)
def test_what_is_more_than_there_is_is_said(resources: Resources, said: str) -> None:
    (found,) = beyond_this_machine("env", resources)
    assert found.startswith(f"env {said}")


def test_what_there_is_is_not() -> None:
    assert beyond_this_machine("env", Resources(cpu="1m", memory="1Mi", disk="1Ki")) == []
    assert beyond_this_machine("env", Resources(cpu=("1m", 10_000), memory=("1Mi", "900Ti"))) == []
