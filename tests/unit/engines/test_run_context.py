"""What `flyte.with_runcontext` takes is checked where it is given, and not when something has been sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import flyte
from flytectl_py.errors import DeclarationError


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        ("version", 5, "a text"),
        ("queue", 3, "a text"),
        ("service_account", b"robot", "a text"),
        ("raw_data_path", Path("/raw"), "a text"),
        ("run_base_dir", 3, "a text"),
        ("project", "a/b", "a name without spaces and slashes"),
        ("project", 3, "a name without spaces and slashes"),
        ("domain", "", "a name without spaces and slashes"),
        ("interruptible", "yes", "true or false"),
        ("overwrite_cache", 1, "true or false"),
        ("disable_run_cache", "no", "true or false"),
        ("dry_run", "no", "true or false"),
        ("interactive_mode", 0, "true or false"),
        ("log_level", "debug", "a whole number, 0 or more"),
        ("log_level", True, "a whole number, 0 or more"),
    ],
)
def test_a_value_of_another_kind_is_refused(parameter: str, value: Any, said: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        flyte.with_runcontext(**{parameter: value})
    assert str(raised.value) == f"with_runcontext({parameter}=…): {value!r} is not allowed; it takes {said}"


def test_none_says_nothing() -> None:
    assert (
        flyte.with_runcontext(None, name=None, version=None, project=None, queue=None, log_level=None).remote.queue
        == ""
    )
