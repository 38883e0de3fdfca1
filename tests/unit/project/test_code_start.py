"""Functions that are known from memory: those of notebooks, and what functions hold."""

from __future__ import annotations

import functools
import linecache
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

import flyte
from flytectl_py.project.code_reach import code_closure
from flytectl_py.project.code_start import function_of, held_by, value_text

Notebook = Callable[..., str]


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """Run cells one after another in a new ``__main__``, as a notebook's kernel does; give the version of `f`."""
    before = sys.modules["__main__"]
    cells: list[str] = []

    def run(*texts: str) -> str:
        main = ModuleType("__main__")
        sys.modules["__main__"] = main
        vars(main).update(flyte=flyte, env=flyte.TaskEnvironment("notebook"))
        for text in texts:
            name = f"<cell {len(cells)}>"
            cells.append(name)
            linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
            exec(compile(text, name, "exec"), vars(main))
        found: Any = vars(main)["f"]
        return code_closure(found.func).version

    yield run
    sys.modules["__main__"] = before
    for name in cells:
        linecache.cache.pop(name, None)


TASK = "@env.task\ndef f(x: int) -> int:\n    return g(x) + K\n"
HELPER = "def g(x):\n    return x\n"


def test_cells_count_by_their_text_and_values_by_value(notebook: Notebook) -> None:
    version = notebook("K = 1\n", HELPER, TASK)
    assert notebook("K = 1\nL = 2\n", "# A comment.\n" + HELPER, "# More.\n" + TASK) == version
    assert (
        notebook("K = 0 + 1\n", HELPER + "def h():\n    return 1\n", TASK.replace("env.task", "env.task(retries=2)"))
        == version
    )
    others = [
        notebook("K = 2\n", HELPER, TASK),
        notebook("K = 1\n", HELPER.replace("return x", "return -x"), TASK),
        notebook("K = 1\n", HELPER, TASK.replace("+ K", "- K")),
        notebook("K = 1\n", HELPER.replace("return x", "return h(x)") + "def h(x):\n    return x\n", TASK),
        notebook("K = 1\n", "import functools\n@functools.cache\n" + HELPER, TASK),
    ]
    assert len({version, *others}) == 6


def test_classes_and_tasks_of_cells_count(notebook: Notebook) -> None:
    cell = "class C:\n    n = 1\n    def m(self):\n        return K\n@env.task\ndef g(x):\n    return C().m()\n"
    version = notebook("K = 1\n", cell, TASK)
    assert notebook("K = 1\n", cell, TASK) == version
    assert notebook("K = 1\n", cell.replace("n = 1", "n = 2"), TASK) != version
    assert notebook("K = 1\n", cell.replace("C().m()", "-C().m()"), TASK) != version


def test_the_function_in_a_value() -> None:
    def plain() -> None: ...

    class K:
        def method(self) -> None: ...

    env = flyte.TaskEnvironment("start")
    assert function_of(plain) is plain
    assert function_of(functools.partial(functools.lru_cache(plain))) is plain
    assert function_of(env.task(plain)) is plain
    assert function_of(K().method) is K.method
    assert [function_of(each) for each in (len, 1, None, K)] == [None] * 4


def held(function: Any) -> dict[str, object]:
    return dict(held_by(function))


def test_what_functions_hold() -> None:
    number = 3

    def inner(x: int, y: int = 4, *, z: int = 5) -> int:
        return number + later + x + y + z

    assert held(inner) == {"number": 3, "default 0": 4, "default z": 5}
    later = 1
    assert held(inner)["later"] == 1
    wrapped = functools.wraps(inner)(lambda: 1)
    assert held(wrapped)["__wrapped__"] is inner
    assert held(function_of) == {}


def test_values_are_told_apart_and_objects_go_by_class() -> None:
    texts = [value_text(value) for value in (1, 2, 1.0, "1", [1], {"a": 1}, object(), ValueError())]
    assert len(set(texts)) == len(texts)
    assert value_text(object()) == value_text(object()) == value_text({"a": object()}.get("a"))
    assert value_text(flyte.TaskEnvironment("one")) == value_text(flyte.TaskEnvironment("two"))
