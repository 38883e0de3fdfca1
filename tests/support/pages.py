"""Pages of docs/ that are run: their files are written, their commands run in order, and what they say is compared."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.project import Project

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HOME = "/home/me/project"
"""What a page calls the folder of the project."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


def run_page(name: str, made: Project, env: Mapping[str, str | None]) -> str:
    """Return the text of a page with what its commands say in place of what it says that they say.

    A block of Python or TOML that begins with ``# NAME`` is a file, written when its turn comes. Times stay those of
    the page, and exit codes are not looked at.
    """
    text = (DOCS / name).read_text(encoding="utf-8")
    pieces, end = [], 0
    for block in BLOCK.finditer(text):
        kind, content = block[2], textwrap.dedent(block[3])
        if kind in ("python", "toml") and content.startswith("# "):
            first, _, rest = content.partition("\n")
            made.write({first[2:]: rest})
        if kind == "console":
            pieces += [text[end : block.start(3)], textwrap.indent("".join(_said(content, made, env)), block[1])]
            end = block.end(3)
    return "".join([*pieces, text[end:]])


def without_times(text: str) -> str:
    """Return `text` with every time made the same."""
    return _TIME.sub("2026-12-01 09:30", text)


def _said(block: str, made: Project, env: Mapping[str, str | None]) -> Iterator[str]:
    for step in block.split("$ ")[1:]:
        command = step.partition("\n")[0]
        result = made.flyte(*shlex.split(command)[1:], env={"PYTHONDONTWRITEBYTECODE": "1", **env})
        said = (result.err + result.out).replace(str(made.path), HOME)
        yield f"$ {command}\n{without_times(said)}"
