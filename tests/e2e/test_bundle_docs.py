"""Every command in docs/bundles.md, run on the project that the page shows, says what the page says."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Callable
from pathlib import Path

from flytectl_py.plan.bundle import HARD_LIMIT, SOFT_LIMIT
from flytectl_py.storage.registry import BUILT_IN
from tests.support.project import Project

PAGE = Path(__file__).parents[2] / "docs/bundles.md"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    found = BLOCK.finditer(PAGE.read_text(encoding="utf-8"))
    return [textwrap.dedent(match[3]) for match in found if match[2] == kind]


def test_commands_say_what_the_page_says(project: Callable[..., Project]) -> None:
    made = project()
    for block in (*blocks("python"), *blocks("text")):
        name, _, text = block.partition("\n")
        if name.startswith("# "):
            made.write({name[2:]: text})
    wrong, expected = [], PAGE.read_text(encoding="utf-8")
    for block in blocks("console"):
        for step in block.split("$ ")[1:]:
            command, _, said = step.partition("\n")
            result = made.flyte(*shlex.split(command)[1:], env={"PYTHONDONTWRITEBYTECODE": "1"}).expect()
            if result.err + result.out != said:
                wrong.append(f"$ {command}\n{result.err}{result.out}")
    assert wrong == [], "\n".join(wrong)
    assert expected.count("$ flyte") == sum(block.count("$ ") for block in blocks("console"))


def test_the_document_has_the_fields_of_the_page(project: Callable[..., Project]) -> None:
    (shown,) = (json.loads(block) for block in blocks("json"))
    made = project({"app.py": "", "a.csv": "", ".gitignore": "*.csv"})
    document = made.flyte("bundle", "app.py", "--copy-style", "all", "-o", "b.tar.gz", "--json").expect().json
    assert document.keys() == shown.keys()
    assert document["archive"].keys() == shown["archive"].keys()
    for field in ("files", "excluded"):
        assert document[field][0].keys() == shown[field][0].keys()


def test_limits_and_stores_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"More than {SOFT_LIMIT >> 20} MiB is a warning, more than {HARD_LIMIT >> 30} GiB is refused" in text
    assert set(re.findall(r"`(\w+):///?`", text)) <= BUILT_IN.keys()
