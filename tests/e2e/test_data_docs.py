"""The programs in docs/data.md and docs/reports.md do what the pages say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import Project

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = re.compile(r"/\S*?(?=\.flyte/)|(?<=/runs/)\w+")


@pytest.mark.parametrize(("page", "commands"), [("data.md", 2), ("reports.md", 1)])
def test_commands_say_what_the_page_says(project: Callable[..., Project], page: str, commands: int) -> None:
    made = project()
    found = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    for kind, text in found:
        name, _, rest = text.partition("\n")
        if kind == "python" and name.startswith("# "):
            made.write({name[2:]: rest})
    steps = [step for kind, text in found if kind == "console" for step in text.split("$ ")[1:]]
    assert len(steps) == commands
    for step in steps:
        command, _, said = step.partition("\n")
        done = made.flyte(*shlex.split(command)[1:]).expect()
        assert RUN.sub(lambda match: "NAME" if match[0].isalnum() else "", done.err + done.out) == said
