"""For any program: an edit that can change what a task returns moves its version, and one that cannot leaves it."""

from __future__ import annotations

import ast
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flytectl_py.digest.syntax import encode_tree
from flytectl_py.project.code_reach import code_closure

MODULES = 3
KINDS = ("constant", "function", "class", "table", "coroutine", "lambda")
STYLES = ("from", "module", "alias", "late", "star")


@dataclass(frozen=True)
class Definition:
    """One definition of a program: a number, and others that are added to it.

    :param uses: earlier definitions, in the same module or in an earlier one, and how each is imported from there.
    """

    module: int
    kind: str
    number: int
    uses: tuple[tuple[int, str], ...]


Program = tuple[Definition, ...]


@st.composite
def programs(draw: st.DrawFn) -> Program:
    found: list[Definition] = []
    for module in sorted(draw(st.lists(st.integers(0, MODULES - 1), min_size=2, max_size=9))):
        use = st.tuples(st.integers(0, max(len(found) - 1, 0)), st.sampled_from(STYLES))
        uses = draw(st.lists(use, max_size=3 if found else 0, unique_by=lambda use: use[0]))
        found.append(Definition(module, draw(st.sampled_from(KINDS)), draw(st.integers(0, 9)), tuple(uses)))
    return tuple(found)


def texts(program: Program) -> list[str]:
    """Return the text of each module; the last definition is the task's function."""
    return [_text(program, module) for module in range(MODULES)]


def _text(program: Program, module: int) -> str:
    imports: dict[str, None] = {}
    lines: list[str] = []
    for index, each in enumerate(program):
        if each.module == module:
            late: list[str] = []
            terms = [_term(program, each, use, imports, late) for use in each.uses]
            lines += _lines(f"D{index}", each, terms, late)
    return "\n".join([*imports, *lines, ""])


def _term(program: Program, user: Definition, use: tuple[int, str], imports: dict[str, None], late: list[str]) -> str:
    index, style = use
    target, name = program[index], f"D{index}"
    if target.module != user.module:
        place = f"m{target.module}_"
        if style == "late" and user.kind in ("function", "class", "coroutine"):
            late.append(f"from {place} import {name} as late{index}")
            name = f"late{index}"
        elif style in ("module", "alias"):
            imports[f"import {place}" if style == "module" else f"import {place} as {place}a"] = None
            name = f"{place}.{name}" if style == "module" else f"{place}a.{name}"
        else:
            imports[f"from {place} import {'*' if style == 'star' else name}"] = None
    calls = {"constant": "", "function": "()", "class": "().value()", "table": "[0]", "lambda": "()"}
    return f"finish({name}())" if target.kind == "coroutine" else name + calls[target.kind]


def _lines(name: str, each: Definition, terms: Sequence[str], late: Sequence[str]) -> list[str]:
    total = " + ".join([str(each.number), *terms])
    inside = [f"    {line}" for line in late]
    match each.kind:
        case "constant":
            return [f"{name} = {total}"]
        case "function":
            return [f"def {name}(n={each.number}):", *inside, f"    return {' + '.join(['n', *terms])}"]
        case "coroutine":
            return [f"async def {name}():", *inside, f"    return {total}"]
        case "lambda":
            return [f"{name} = lambda: {total}"]
        case "class":
            lines = [f"class {name}:", f"    n = {each.number}", "    def value(self):", *(f"    {x}" for x in inside)]
            return [*lines, f"        return {' + '.join(['self.n', *terms])}"]
    return [f"{name} = []", f"{name}.append({total})"]


def reached(program: Program, index: int) -> set[int]:
    """Return the definitions that one needs, itself too."""
    return {index}.union(*(reached(program, target) for target, _ in program[index].uses))


def covered(program: Program, index: int) -> set[int]:
    """Return what one needs, and what may change that: a table is written into when its module is loaded."""
    found = reached(program, index)
    while True:
        modules = {program[each].module for each in found}
        tables = [each for each, made in enumerate(program) if made.kind == "table" and made.module in modules]
        more = found.union(*(reached(program, each) for each in tables))
        if more == found:
            return found
        found = more


def finish(coroutine: object) -> object:
    """Run a coroutine that awaits nothing."""
    try:
        coroutine.send(None)  # type: ignore[attr-defined]
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits")


@contextmanager
def loaded(files: Sequence[str]) -> Iterator[ModuleType]:
    """Load a program of several modules, and give the last."""
    names = [f"m{number}_" for number in range(len(files))]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in zip(names, files, strict=True):
            head = (
                "finish = lambda coroutine: __import__('sys').modules['test_code_version_finish'].finish(coroutine)\n"
            )
            file = Path(folder) / f"{name}.py"
            file.write_text(head + text)
            os.utime(file, (1, 1))  # Else it would count as edited after it was loaded.
        sys.modules["test_code_version_finish"] = sys.modules[__name__]
        sys.path.insert(0, folder)
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        importlib.invalidate_caches()
        try:
            yield [importlib.import_module(name) for name in names][-1]
        finally:
            sys.path.remove(folder)
            sys.dont_write_bytecode = before
            for name in [*names, "test_code_version_finish"]:
                sys.modules.pop(name, None)
            sys.path_importer_cache.pop(folder, None)


def outcome(files: Sequence[str], task: str) -> tuple[object, str]:
    """Return what the task's function returns, and its version."""
    with loaded(files) as module:
        function = getattr(module, task)
        return function(), code_closure(function).version


def with_task(program: Program) -> Program:
    """Return a program whose last definition is a function of the last module."""
    last = replace(program[-1], module=MODULES - 1, kind="function")
    return (*program[:-1], last)


SETTINGS = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@SETTINGS
@given(programs(), st.data())
def test_a_number_that_is_reached_moves_the_version_and_any_other_leaves_it(
    program: Program, data: st.DataObject
) -> None:
    program = with_task(program)
    task = len(program) - 1
    edited = data.draw(st.integers(0, task))
    changed = tuple(
        replace(each, number=each.number + 1) if index == edited else each for index, each in enumerate(program)
    )
    before, after = outcome(texts(program), f"D{task}"), outcome(texts(changed), f"D{task}")
    if edited in reached(program, task):
        assert before[0] != after[0]
        assert before[1] != after[1]
    else:
        assert before[0] == after[0]
    if edited not in covered(program, task):
        assert before[1] == after[1]


@SETTINGS
@given(programs(), st.data())
def test_a_use_that_goes_moves_it_where_it_is_reached(program: Program, data: st.DataObject) -> None:
    program = with_task(program)
    task = len(program) - 1
    edited = data.draw(st.integers(0, task))
    assume(program[edited].uses)
    changed = tuple(
        replace(each, uses=each.uses[1:]) if index == edited else each for index, each in enumerate(program)
    )
    before, after = outcome(texts(program), f"D{task}")[1], outcome(texts(changed), f"D{task}")[1]
    if edited in reached(program, task):
        assert before != after
    if edited not in covered(program, task):
        assert before == after


def laid_out(text: str, choices: Sequence[int]) -> str:
    """Return Python text in another layout: blank lines, comments, brackets, other spellings of numbers."""
    lines = []
    for number, line in enumerate(text.splitlines()):
        choice = choices[number % len(choices)]
        indent = line[: len(line) - len(line.lstrip())]
        if choice == 1:
            lines += ["", f"{indent}# About the next line.", line]
        elif choice == 2:
            lines.append(f"{line}  # So it is.")
        elif choice == 3 and line.lstrip().startswith("return "):
            lines += [f"{indent}return (", f"{indent}    {line.strip()[7:]}", f"{indent})"]
        elif choice == 4 and not line.startswith(("from", "import")):
            lines.append(line.replace(" + ", "   +  "))
        else:
            lines.append(line)
    return "\n".join([*lines, ""])


@SETTINGS
@given(programs(), st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_layout_and_comments_leave_it(program: Program, choices: list[int]) -> None:
    program = with_task(program)
    files, task = texts(program), f"D{len(program) - 1}"
    assert outcome(files, task) == outcome([laid_out(text, choices) for text in files], task)


@SETTINGS
@given(programs(), programs())
def test_definitions_that_nobody_uses_leave_it(program: Program, more: Program) -> None:
    program = with_task(program)
    files, task = texts(program), f"D{len(program) - 1}"
    unused = [
        "".join(
            f"def unused{index}():\n    return {each.number}\n" for index, each in enumerate(more) if each.module == m
        )
        for m in range(MODULES)
    ]
    assert outcome(files, task) == outcome([b + a for a, b in zip(files, unused, strict=True)], task)


@SETTINGS
@given(programs())
def test_the_bytes_of_a_tree_are_those_of_its_own_text(program: Program) -> None:
    for text in texts(program):
        tree = ast.parse(text)
        assert encode_tree(tree) == encode_tree(ast.parse(ast.unparse(tree)))
