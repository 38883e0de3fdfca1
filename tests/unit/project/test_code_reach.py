"""What of a project's code the version of a task covers: edits that can change its result move it, others do not."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.model.registry import Registry, current_registry
from flytectl_py.project import code_files
from flytectl_py.project.code_reach import Closure, code_closure
from flytectl_py.project.loaded import Loaded
from flytectl_py.project.loader import load
from flytectl_py.project.root import find_root

Closures = Callable[..., Closure]

APP = """
import math

import flyte
import tools.clean as cl
from tools import consts
from tools.shapes import Point

env = flyte.TaskEnvironment("e", env_vars={"A": "1"})
other = env.clone_with("other", image="img:2", env_vars={"B": "1"})
LIMIT = 3
UNUSED = 4


def unrelated():
    return UNUSED


def timed(times=LIMIT):
    import functools

    def wrap(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs)

        return inner

    return wrap


@other.task
def child(x: int) -> int:
    return x * consts.FACTOR


@env.task(retries=2)
@timed(times=2)
def f(x: int, y: int = LIMIT) -> Point:
    from tools.late import late

    numbers = [unrelated for unrelated in range(x)]
    return Point(cl.clean(x) + late(len(numbers)) + math.floor(1.5), child(x))


if __name__ == "__main__":
    print(unrelated())
"""
FILES = {
    "app.py": APP,
    "tools/__init__.py": "from tools.shapes import Point\n",
    "tools/consts.py": "FACTOR = 2\nOTHER = 5\nSPARE = 6\n",
    "tools/clean.py": (
        "from .consts import OTHER\nTABLE = {}\nTABLE['a'] = OTHER\n"
        "def clean(x):\n    return x + TABLE['a']\n\n\ndef spare():\n    return clean(1)\n"
    ),
    "tools/shapes.py": "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: int = 3\n",
    "tools/late.py": "def late(x):\n    return x\n",
}


@pytest.fixture
def closure(tmp_path: Path) -> Iterator[Closures]:
    """Load the same project, as a new process would, and return what a task reaches."""
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    registry = current_registry.get()

    def restore() -> None:
        sys.path[:], sys.meta_path[:] = path, finders
        sys.modules.clear()
        sys.modules.update(modules)
        sys.path_importer_cache.clear()
        current_registry.set(registry)

    def run(files: Mapping[str, str], task: str = "f", folder: str = "project") -> Closure:
        loaded = _loaded(tmp_path / folder, files)
        try:
            return code_closure(loaded.task(task).func)
        finally:
            restore()

    # A test may load by itself; what it loads goes with it.
    yield run
    restore()


def _loaded(folder: Path, files: Mapping[str, str]) -> Loaded:
    sys.dont_write_bytecode = True
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return load(folder / "app.py", find_root(folder / "app.py", home=folder.parent), registry=Registry())


@pytest.fixture(autouse=True)
def _no_byte_code() -> Iterator[None]:
    before = sys.dont_write_bytecode
    yield
    sys.dont_write_bytecode = before


def edited(file: str, old: str, new: str, files: Mapping[str, str] = FILES) -> dict[str, str]:
    """Return the files with one edit, which must be one."""
    assert old in files[file]
    return {**files, file: files[file].replace(old, new, 1)}


MOVES = {
    "the function": edited("app.py", "math.floor(1.5)", "math.floor(2.5)"),
    "a default": edited("app.py", "y: int = LIMIT", "y: int = 7"),
    "the constant of a default": edited("app.py", "LIMIT = 3", "LIMIT = 4"),
    "an annotation": edited("app.py", "y: int = LIMIT", "y: float = LIMIT"),
    "a docstring": edited("app.py", "    from tools.late", '    """Doc."""\n    from tools.late'),
    "a decorator": edited("app.py", "return function(*args, **kwargs)", "return function(*args)"),
    "a decorator's argument": edited("app.py", "@timed(times=2)", "@timed(times=3)"),
    "another task": edited("app.py", "return x * consts.FACTOR", "return x + consts.FACTOR"),
    "the image of another task": edited("app.py", 'image="img:2"', 'image="img:3"'),
    "the variables of another task": edited("app.py", '{"B": "1"}', '{"B": "2"}'),
    "a constant in another file": edited("tools/consts.py", "FACTOR = 2", "FACTOR = 3"),
    "a helper in another file": edited("tools/clean.py", "return x + TABLE", "return x - TABLE"),
    "an entry of a table": edited("tools/clean.py", "TABLE['a'] = OTHER", "TABLE['a'] = 1 + OTHER"),
    "what an entry refers to": edited("tools/consts.py", "OTHER = 5", "OTHER = 6"),
    "a field's default": edited("tools/shapes.py", "y: int = 3", "y: int = 4"),
    "what is imported in the body": edited("tools/late.py", "return x", "return x + 1"),
    "a name that is taken from elsewhere": edited(
        "app.py", "from tools.late import late", "from tools.clean import late"
    )
    | {"tools/clean.py": FILES["tools/clean.py"] + "\n\ndef late(x):\n    return x\n\n\nlate.y = OTHER\n"},
    "a rebound constant": edited("tools/consts.py", "SPARE = 6", "FACTOR += 1"),
    "a library's function": edited("app.py", "math.floor", "math.ceil"),
}

STAYS = {
    "a comment": edited("app.py", "    numbers", "    # A comment.\n    numbers"),
    "layout": edited("app.py", "return x * consts.FACTOR", "return (\n        x\n        * consts.FACTOR)"),
    "quotes and spellings": edited("tools/clean.py", "TABLE['a'] = OTHER", 'TABLE["a"] = (OTHER)'),
    "lines above": edited("tools/clean.py", "from .consts", "\n\n\n# More.\nfrom .consts"),
    "a function that is not used": edited("app.py", "return UNUSED", "return UNUSED + 1"),
    "a constant that is not used": edited("app.py", "UNUSED = 4", "UNUSED = 5"),
    "a helper of another file that is not used": edited("tools/clean.py", "return clean(1)", "return clean(2)"),
    "a constant of another file that is not used": edited("tools/consts.py", "SPARE = 6", "SPARE = 7"),
    "a docstring of the module": edited("app.py", "import math", '"""Doc."""\nimport math'),
    "settings of the task": edited("app.py", "retries=2", "retries=3, timeout=7"),
    "the task's own environment": edited("app.py", 'Environment("e"', 'Environment("e", description="d"'),
    "the program's part": edited("app.py", "    print(unrelated())", "    print(1)"),
    "an import that is not used": edited("app.py", "import math", "import json\nimport math"),
    "the order of imports": edited("app.py", "from tools import consts\n", "").copy()
    | {
        "app.py": FILES["app.py"]
        .replace("from tools import consts\n", "")
        .replace("import math\n", "import math\nfrom tools import consts\n", 1)
    },
    "how a module is imported": edited("app.py", "from tools import consts", "import tools.consts as consts"),
    "a file that nobody imports": FILES | {"tools/other.py": "X = 1\n"},
    "what type checkers read": edited(
        "app.py",
        "import math",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tools.none\nimport math",
    ),
    "where a constant lies": edited("app.py", "from tools import consts", "from tools import other as consts")
    | {"tools/other.py": FILES["tools/consts.py"]},
}


@pytest.mark.parametrize("edit", MOVES)
def test_what_can_change_the_result_moves_the_version(closure: Closures, edit: str) -> None:
    assert closure(FILES).version != closure(MOVES[edit]).version


@pytest.mark.parametrize("edit", STAYS)
def test_what_cannot_leaves_it(closure: Closures, edit: str) -> None:
    assert closure(FILES).version == closure(STAYS[edit]).version


def test_it_is_the_same_in_any_folder_and_on_every_look(closure: Closures) -> None:
    assert closure(FILES).version == closure(FILES).version == closure(FILES, folder="elsewhere/else").version


def test_the_pieces_say_where_they_are_from(closure: Closures) -> None:
    labels = {piece.label for piece in closure(FILES).pieces}
    assert {"app.f", "app.LIMIT", "tools.clean.clean", "tools.late.late", "tools.consts.FACTOR"} <= labels
    assert "tools.clean: TABLE['a'] = OTHER" in labels
    assert not {"app.UNUSED", "tools.clean.spare", "tools.consts.SPARE"} & labels


HEAD = "import flyte\nenv = flyte.TaskEnvironment('e')\n"
REGISTRY = "NAMES = {}\ndef register(f):\n    NAMES[f.__name__] = f\n    return f\ndef plain(f):\n    return f\n"
F = "@env.task\ndef f(x: int) -> int:\n    return "
G = "def g():\n    return ¤\n"
PLUG = "def plug():\n    return ¤\n"

# What ¤ stands for is edited, from 1 to 2.
REACHED = {
    "a decorator enters it in a table": {
        "app.py": f"{HEAD}from names import NAMES, register\n@register\n{PLUG}{F}NAMES[x]",
        "names.py": REGISTRY,
    },
    "so in a file that is imported for that": {
        "app.py": f"{HEAD}import names, plugs\n{F}names.NAMES[x]",
        "names.py": REGISTRY,
        "plugs.py": f"from names import register\n@register\n{PLUG}",
    },
    "a class tells its base": {
        "app.py": f"{HEAD}class Base:\n    known = []\n    def __init_subclass__(cls):\n"
        f"        Base.known.append(cls)\nclass Sub(Base):\n    x = ¤\n{F}Base.known",
    },
    "a module does it when it is loaded": {
        "app.py": f"{HEAD}import many, seeds\n{F}many.X",
        "many.py": "X = []\n",
        "seeds.py": "import many\nmany.X.append(¤)\n",
    },
    "a loop does it": {
        "app.py": f"{HEAD}X = {{}}\nfor i in range(3):\n    if i:\n        X[i] = ¤\n{F}X",
    },
    "a package is loaded before its module": {
        "app.py": f"{HEAD}from p.q import g\n{F}g(x)",
        "p/__init__.py": "X = ¤\n",
        "p/q.py": "import p\ndef g(x):\n    return p.X\n",
    },
    "its module is handed around": {"app.py": f"{HEAD}import m\n{F}getattr(m, str(x))", "m.py": G},
    "its module is imported in the body": {"app.py": f"{HEAD}{F}__import__('m').g()", "m.py": G},
    "a star": {"app.py": f"{HEAD}from m import *\n{F}g()", "m.py": G},
    "a star in the body of a block": {"app.py": f"{HEAD}if True:\n    from m import *\n{F}g()", "m.py": G},
    "import_module": {"app.py": f"{HEAD}import importlib\n{F}importlib.import_module('m').g()", "m.py": G},
    "__getattr__ of a module": {
        "app.py": f"{HEAD}from m import g\n{F}g",
        "m.py": "def __getattr__(name):\n    return ¤\n",
    },
    "two files pass it on": {
        "app.py": f"{HEAD}from p import g\n{F}g()",
        "p/__init__.py": "from .q import g\n",
        "p/q.py": G,
    },
    "one of two definitions": {
        "app.py": f"{HEAD}try:\n    from fast_ import g\nexcept ImportError:\n    def g():\n        return ¤\n{F}g()",
    },
    "an import in a block": {
        "app.py": f"{HEAD}try:\n    import m as k\nexcept ImportError:\n    k = None\n{F}k.g()",
        "m.py": G,
    },
    "a name in quotes": {"app.py": f"{HEAD}class P:\n    x = ¤\n@env.task\ndef f(x: 'P') -> int:\n    return x\n"},
    "a folder without __init__": {"app.py": f"{HEAD}from n import m\n{F}m.g()", "n/m.py": G},
    "a dotted import": {"app.py": f"{HEAD}import n.m\n{F}n.m.g()", "n/m.py": G},
    "a method": {
        "app.py": f"{HEAD}from m import K\n{F}K().g()",
        "m.py": "class K:\n    def g(self):\n        return ¤\n",
    },
    "a base": {
        "app.py": f"{HEAD}from m import K\nclass L(K):\n    pass\n{F}L().g()",
        "m.py": "class K:\n    def g(self):\n        return ¤\n",
    },
    "what a global statement writes": {
        "app.py": f"{HEAD}N = ¤\ndef g():\n    global N\n    N += 1\n    return N\n{F}g()",
    },
}
NEAR = {
    "a decorator that enters nothing": {"app.py": f"{HEAD}{REGISTRY}@plain\n{PLUG}{F}NAMES[x]"},
    "a decorator that enters it elsewhere": {"app.py": f"{HEAD}{REGISTRY}@register\n{PLUG}{F}x"},
    "the name of a loop": {"app.py": f"{HEAD}n = ¤\n{F}[n for n in range(x)]"},
    "the name of an argument": {"app.py": f"{HEAD}n = ¤\n{F}(lambda n: n)(x)"},
    "the name of an input": {"app.py": f"{HEAD}x = ¤\n{F}x"},
    "an attribute of another module": {"app.py": f"{HEAD}import m\n{F}m.g", "m.py": "g = 1\nh = ¤\n"},
    "what another module does for itself": {
        "app.py": f"{HEAD}import m, o\ndef other():\n    return o\n{F}m.g",
        "m.py": "g = 1\n",
        "o.py": "X = []\nX.append(¤)\n",
    },
}


def with_number(files: Mapping[str, str], number: str) -> dict[str, str]:
    return {name: text.replace("¤", number) for name, text in files.items()}


@pytest.mark.parametrize("way", REACHED)
def test_less_common_ways_to_reach_code(closure: Closures, way: str) -> None:
    assert closure(with_number(REACHED[way], "1")).version != closure(with_number(REACHED[way], "2")).version


@pytest.mark.parametrize("way", NEAR)
def test_code_that_is_only_near(closure: Closures, way: str) -> None:
    assert closure(with_number(NEAR[way], "1")).version == closure(with_number(NEAR[way], "2")).version


def test_the_decorator_of_a_task_without_an_environment_does_not_count(closure: Closures) -> None:
    forms = [
        "import flyte\n@flyte.task\ndef f(x: int) -> int:\n    return x\n",
        "import flyte\n@flyte.task(retries=3)\ndef f(x: int) -> int:\n    return x\n",
        "import flyte as fl\nenv = fl.TaskEnvironment('e')\n@env.task\ndef f(x: int) -> int:\n    return x\n",
        "from flyte import task as t\n@t\ndef f(x: int) -> int:\n    return x\n",
    ]
    assert len({closure({"app.py": form}).version for form in forms}) == 1


def test_lambdas_and_functions_of_one_line_are_told_apart(closure: Closures) -> None:
    text = f"{HEAD}x = 1; f = env.task(lambda x: ¤, short_name='f') if False else env.task(lambda x: x)\n"
    assert closure(with_number({"app.py": text}, "1")).version != closure(with_number({"app.py": text}, "2")).version


def test_code_may_be_deeper_than_the_stack(closure: Closures) -> None:
    elifs = "".join(f"    elif x == {n}:\n        return {n}\n" for n in range(1, 900))
    total = " + ".join(["¤"] * 900)
    text = f"{HEAD}A = [{total}]\nA.append({total})\n@env.task\ndef f(x: int) -> int:\n    if x: return A\n{elifs}"
    assert closure(with_number({"app.py": text}, "1")).version != closure(with_number({"app.py": text}, "2")).version


def test_two_names_for_each_other_are_told_apart(closure: Closures) -> None:
    a, b = "K = 1\ndef g():\n    return K\n", "K = 2\ndef g():\n    return K\n"
    one = {"app.py": HEAD + "import a, b\n" + F + "a.g() - b.g()", "a.py": a, "b.py": b}
    assert closure(one).version != closure(one | {"a.py": b, "b.py": a}).version


def test_modules_that_import_each_other_end(closure: Closures) -> None:
    files = {
        "app.py": HEAD + "import a\n" + F + "a.g()",
        "a.py": "import b\ndef g():\n    return b.h()\n",
        "b.py": "import a\ndef h():\n    return a.g()\n",
    }
    assert closure(files).version != closure(edited("b.py", "a.g()", "a.g() + 1", files)).version


def _made(n: Any) -> Callable[..., Any]:
    def inner(x: int) -> Any:
        return x, n

    return inner


def test_what_a_closure_holds_counts() -> None:
    def one() -> int:
        return 1

    def two() -> int:
        return 2

    versions = [code_closure(_made(n)).version for n in (1, 2, 1.0, "1", one, two, [1], sys, str)]
    assert len(set(versions)) == len(versions)
    assert code_closure(_made([1, {"a": 2}])).version == code_closure(_made([1, {"a": 2}])).version


def test_code_without_text_is_refused() -> None:
    namespace: dict[str, Any] = {}
    exec("def f():\n    return 1\n", namespace)
    for function in (namespace["f"], len):
        with pytest.raises(UsageError, match="cannot be read") as caught:
            code_closure(function)
        assert "version_override" in caught.value.hint


def test_a_file_that_was_edited_after_it_was_loaded_is_refused(
    closure: Closures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = _loaded(tmp_path, FILES)
    task = loaded.task("f")
    assert code_closure(task.func).version == code_closure(task.func).version
    monkeypatch.setattr(code_files, "_read", {})
    (tmp_path / "tools" / "clean.py").write_text(FILES["tools/clean.py"] + "\n")
    with pytest.raises(UsageError, match=r"clean\.py was edited after it was loaded"):
        code_closure(task.func)


def test_what_was_read_while_it_was_right_stays(closure: Closures, tmp_path: Path) -> None:
    task = _loaded(tmp_path, FILES).task("f")
    before = code_closure(task.func).version
    (tmp_path / "tools" / "clean.py").write_text("x = 1\n")
    assert code_closure(task.func).version == before


def test_a_program_that_was_edited_since_it_began_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "program_.py"
    file.write_text("def f():\n    return 1\n")
    module = types.ModuleType("program_")
    module.__file__ = str(file)
    sys.modules["program_"] = module
    try:
        exec(compile(file.read_text(), str(file), "exec"), vars(module))
        with pytest.raises(UsageError, match="edited after it was loaded"):
            code_closure(module.f)
        os.utime(file, (1, 1))
        assert len(code_closure(module.f).pieces) == 1
    finally:
        del sys.modules["program_"]


def test_installed_code_counts_by_name() -> None:
    import textwrap

    assert [piece.label for piece in code_closure(textwrap.dedent).pieces] == ["textwrap.dedent"]
