"""Draws docs/picture.svg: what a terminal shows of some commands, run on the program of the README. `make picture`."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path

from tests.support.docs import TOP, Page
from tests.support.project import Project

PICTURE = TOP / "docs/picture.svg"
COLUMNS = 92
COMMANDS = (
    "flyte run hello.py main --n 5",
    "flyte run hello.py main --n five",
    "flyte run hello.py main --n 3 --name first",
    "flyte get run first",
    "flyte bundle ls hello.py",
    "flyte deploy hello.py --dry-run -q --image ghcr.io/acme/base:1",
)
# What is never the same twice is left out.
_TIMES = re.compile(r"\b\d+(\.\d+)? (ms|s)\b|(?<=started )[\d :-]+")
# A font from elsewhere is not fetched for a picture.
_FONTS = re.compile(r"@font-face \{.*?\}\n", re.DOTALL)


def session(folder: Path) -> list[tuple[str, str]]:
    """Run the commands on a terminal of their own and return each with what it printed."""
    (program,) = (text for name, text in Page("README.md").files().items() if name == "hello.py")
    made = Project(folder / "project", folder / "home", {"hello.py": program})
    # Colours as on any terminal, and nothing that is drawn and taken away again.
    env = {"CI": "true", "FORCE_COLOR": "1"}
    found = []
    for command in COMMANDS:
        with made.flyte_on_terminal(*command.split()[1:], env=env, columns=COLUMNS) as terminal:
            printed = terminal.finish(120).out.replace(f"{made.path}/", "")
        found.append((command, _TIMES.sub("…", printed)))
    return found


def drawn(steps: list[tuple[str, str]]) -> str:
    """Return the picture of a terminal in which these commands were typed and printed that."""
    from rich.console import Console
    from rich.text import Text

    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    for command, printed in steps:
        console.print(Text.assemble(("$ ", "dim"), (command, "bold")))
        console.print(Text.from_ansi(printed.rstrip("\n")))
    return _FONTS.sub("", console.export_svg(title="flyte", unique_id="flyte"))


def main() -> None:
    """Write the picture anew."""
    with tempfile.TemporaryDirectory() as folder:
        PICTURE.write_text(drawn(session(Path(folder))), encoding="utf-8")
    print(PICTURE.relative_to(TOP), file=sys.stderr)


if __name__ == "__main__":
    main()
