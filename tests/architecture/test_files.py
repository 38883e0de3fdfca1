"""What a file is called, how it opens, and how long it and its functions are."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath

import pytest

from tests.architecture.source_tree import Module, SourceTree, our_source

# Names that say nothing of what is inside.
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "base", "models", "core", "misc"}
UNDERSCORED = {"__init__", "__main__"}
FILE_LINES = 400
FUNCTION_LINES = 80


def faults(module: Module) -> list[str]:
    """Return one line for each thing that is wrong with a file."""
    return [f"{module.file}: {fault}" for fault in [*_name_faults(module), *_opening_faults(module), *_sizes(module)]]


def _name_faults(module: Module) -> list[str]:
    parts = PurePosixPath(module.file).with_suffix("").parts
    return [
        f"'{part}' is no name"
        for part in parts
        if part in FORBIDDEN or (part.startswith("_") and part not in UNDERSCORED)
    ]


def _opening_faults(module: Module) -> list[str]:
    doc = ast.get_docstring(module.tree)
    if not doc:
        return ["opens without a docstring that says what it holds"]
    first = doc.partition("\n\n")[0].rstrip()
    return [] if first.endswith((".", "?", "::")) else ["its first docstring paragraph is no sentence"]


def _sizes(module: Module) -> list[str]:
    lines = len(module.text.splitlines())
    found = [f"{lines} lines, more than {FILE_LINES}"] if lines > FILE_LINES else []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                found.append(f"{node.name}() has {length} lines, more than {FUNCTION_LINES}")
    return found


def test_files_are_named_opened_and_sized_well() -> None:
    assert [fault for module in our_source() for fault in faults(module)] == []


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("flytectl_py/model/utils.py", '"""Things."""', "'utils' is no name"),
        ("flytectl_py/core/image.py", '"""Things."""', "'core' is no name"),
        ("flytectl_py/model/_image.py", '"""Things."""', "'_image' is no name"),
        ("flytectl_py/model/image.py", "x = 1", "opens without a docstring"),
        ("flytectl_py/model/image.py", '"""Things"""', "is no sentence"),
        ("flytectl_py/model/image.py", '"""Things."""\n' + "x = 1\n" * 400, "401 lines"),
        ("flytectl_py/model/image.py", '"""Things."""\ndef f():\n' + "    x = 1\n" * 80, "f() has 81 lines"),
        ("flytectl_py/model/image.py", '"""A."""\nclass A:\n  async def g(self):\n' + "    x = 1\n" * 80, "g() has 81"),
    ],
)
def test_a_fault_is_caught(file: str, text: str, said: str) -> None:
    (module,) = SourceTree({file: text})
    (found,) = faults(module)
    assert said in found


def test_a_good_file_has_none() -> None:
    text = '"""What a task is.\n\nMore of it"""\ndef f():\n' + "    x = 1\n" * 79
    assert [faults(m) for m in SourceTree({"flytectl_py/model/__init__.py": text})] == [[]]
