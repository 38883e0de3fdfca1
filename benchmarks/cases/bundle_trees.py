"""The project folders that are bundled: the same bytes each time, made of a fixed seed."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import PROGRAMS

_FILES_PER_FOLDER = 50
_JUNK_FOLDERS = {".git/objects": 8_000, ".venv/lib/python3/site-packages": 6_000, "node_modules": 6_000}
_GITIGNORE = "# Written by hand\n__pycache__/\n*.py[cod]\n.venv/\nnode_modules/\nbuild/\n*.log\n!keep.log\n"
_APP = """import flyte
import package_000.module_00000

env = flyte.TaskEnvironment(name="bench")


@env.task
async def main(x: int = 1) -> int:
    return x
"""
# Both tools trust a file's times only some time after it was written; a file system may take as much as two seconds.
_SETTLING_SECONDS = 2.5


@dataclass(frozen=True)
class Tree:
    """What a project's folder holds.

    :param files, kib: how many files of source and text, and how many KiB in all.
    :param random_every: one file in so many holds bytes that cannot be compressed; 0: none.
    :param junk: whether version control, a virtual environment and installed packages lie in it too.
    """

    name: str
    files: int
    kib: int
    random_every: int = 0
    junk: bool = False

    @property
    def title(self) -> str:
        """What it is called in the report."""
        size = f"{self.kib // 1000} MB" if self.kib >= 1000 else f"{self.kib} KB"
        return f"{self.name} ({self.files} files, {size})"


def write_tree(root: Path, tree: Tree) -> frozenset[str]:
    """Write the folder, its `app.py` with a task and its `bundle_project.py`; return the paths that have to travel."""
    chance = random.Random(tree.files)
    root.mkdir()
    shutil.copy(PROGRAMS / "bundle_project.py", root)
    (root / "app.py").write_text(_APP)
    (root / ".gitignore").write_text(_GITIGNORE)
    paths = {"app.py", "bundle_project.py"}
    functions = [_function(chance) for _ in range(4000)]
    for number in range(tree.files - len(paths) - 1):
        folder = root / f"package_{number // _FILES_PER_FOLDER:03}"
        if number % _FILES_PER_FOLDER == 0:
            folder.mkdir()
        file = folder / _file_name(number, tree)
        size = int(tree.kib * 1024 / tree.files * chance.uniform(0.2, 1.8))
        file.write_bytes(chance.randbytes(size) if file.suffix == ".bin" else _text(chance, functions, file, size))
        paths.add(file.relative_to(root).as_posix())
    if tree.junk:
        _write_junk(root, chance)
    return frozenset(paths)


def settle() -> None:
    """Wait until what was written is on disk, and its times are in the past."""
    os.sync()
    time.sleep(_SETTLING_SECONDS)


def _file_name(number: int, tree: Tree) -> str:
    if tree.random_every and number % tree.random_every == tree.random_every - 1:
        return f"weights_{number:05}.bin"
    kinds = ("py", "py", "py", "py", "py", "py", "py", "md", "json", "yaml")
    return f"module_{number:05}.{kinds[number % len(kinds)]}"


def _function(chance: random.Random) -> str:
    def name() -> str:
        return "".join(chance.choice(("ta", "re", "lo", "mi", "su", "ne", "ko", "di", "va", "py")) for _ in range(3))

    one, other, third = name(), name(), name()
    body = "".join(f"    {name()} = {one} * {chance.randrange(10_000)} + {other}\n" for _ in range(chance.randrange(9)))
    return (
        f'def {name()}_{third}({one}: int, {other}: float = {chance.random():.6f}) -> float:\n    """The {third} of'
        f" {name()} and {name()}.\n\n    {name()} {name()} {name()} for {name()}, {name()} if {name()}.\n"
        f'    """\n{body}    return {one} - {other}  # {name()} {name()}\n\n\n'
    )


def _text(chance: random.Random, functions: list[str], file: Path, size: int) -> bytes:
    """Return Python that imports and compiles, and about as much of whatever the other kinds of files hold."""
    if file.suffix == ".json":
        return json.dumps(_some(chance, functions, size), indent=1).encode()
    head = "import package_000.module_00000\n\n\n" if file.suffix == ".py" and file.stem != "module_00000" else ""
    return (head + "".join(_some(chance, functions, size))).encode()


def _some(chance: random.Random, functions: list[str], size: int) -> list[str]:
    chosen = []
    while size > 0:
        chosen.append(chance.choice(functions))
        size -= len(chosen[-1])
    return chosen


def _write_junk(root: Path, chance: random.Random) -> None:
    """Write a repository without a commit, an environment and packages, all of small files in many folders."""
    (root / ".git" / "refs" / "heads").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (root / ".git" / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
    for place, count in _JUNK_FOLDERS.items():
        for number in range(count):
            folder = root / place / f"{number // 40:03x}"
            if number % 40 == 0:
                folder.mkdir(parents=True)
            (folder / f"part_{number}.py").write_bytes(chance.randbytes(chance.randrange(2000)))
    (root / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
