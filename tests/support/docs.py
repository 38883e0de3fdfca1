"""Pages of documentation as what can be run: the files that a page shows, its commands, and what it says they print."""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.process import Result
from tests.support.project import Extra, Project

TOP = Path(__file__).parents[2]

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w./-]+\.\w+|\.\w+|\S+/\S+)\n")
_SPAN = re.compile(r"`(flyte [^`]+)`")


class Block(NamedTuple):
    """A fenced block: what language it is in, its text, and the line of the page at which it opens."""

    kind: str
    text: str
    line: int


class Command(NamedTuple):
    """One command, as a shell takes it; `shown` is what the page says it prints, None where it says nothing."""

    line: int
    text: str
    shown: str | None


class Page:
    """One page; `name` is its path below the top of the repository."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = (TOP / name).read_text(encoding="utf-8")

    def blocks(self, *kinds: str) -> list[Block]:
        """The blocks in these languages; all, if none is named."""
        return [
            Block(found[2], textwrap.dedent(found[3]), self.text.count("\n", 0, found.start()) + 1)
            for found in _BLOCK.finditer(self.text)
            if not kinds or found[2] in kinds
        ]

    def files(self) -> dict[str, str]:
        """The files that the page shows: blocks whose first line is ``# path``."""
        found = {}
        for block in self.blocks("python", "text", "toml", "yaml", "dockerfile"):
            if named := _FILE.match(block.text):
                found[named[1]] = block.text[named.end() :]
        return found

    def commands(self) -> list[Command]:
        """The commands in the order of the page: every line of ``sh``, and what follows ``$`` in ``console``."""
        found: list[Command] = []
        for block in self.blocks("sh", "console"):
            found += _lines(block) if block.kind == "sh" else _session(block)
        return found

    def spans(self) -> list[str]:
        """The commands that stand within sentences."""
        return [" ".join(found.split()) for found in _SPAN.findall(_BLOCK.sub("", self.text))]


def _lines(block: Block) -> list[Command]:
    found, begun = [], ""
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        begun += line.rstrip()
        if begun.endswith("\\"):
            begun = begun[:-1]
            continue
        text = re.split(r"(?:^|\s)#\s", begun, maxsplit=1)[0].strip()
        if text:
            found.append(Command(number, text, None))
        begun = ""
    return found


def _session(block: Block) -> list[Command]:
    found, line = [], block.line
    for step in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        text, _, shown = step.partition("\n")
        found.append(Command(line + 1, text, shown))
        line += step.count("\n")
    return found


def run_command(project: Project, text: str, env: Extra | None = None, timeout: float = 300.0) -> Result:
    """Run `text` as a person would type it in the project; `out` is what a terminal shows, of both streams."""
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=project.path,
        env=project.environment({"PYTHONDONTWRITEBYTECODE": "1", **(env or {})}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=timeout,
    )
    return Result((text,), done.returncode, done.stdout.decode("utf-8", "backslashreplace"), "", 0.0)


_MASKS = (
    (re.compile(r"\br[0-9a-f]{9,}\b"), "NAME"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|µs)\b"), "TIME"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "DATE"),
    (re.compile(r'"seconds": [0-9.e-]+'), '"seconds": TIME'),
)


def says(shown: str, printed: str, project: Project) -> bool:
    """Whether a command printed what a page shows.

    Run names, durations and dates may differ. A page leaves out with ``…`` what is in a line, and with a line of its
    own any number of lines.
    """
    printed = printed.replace(f"{project.path}/", "").replace(str(project.path), ".")
    for mask, word in _MASKS:
        shown, printed = mask.sub(word, shown), mask.sub(word, printed)
    lines = [
        r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n"
        for line in shown.splitlines()
    ]
    return re.fullmatch("".join(lines), printed) is not None


def filled(text: str, words: Mapping[str, str]) -> str:
    """Return a command with what stands in it for something of the reader's own, such as ``RUN``."""
    for word, value in words.items():
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", value.replace("\\", r"\\"), text)
    return text
