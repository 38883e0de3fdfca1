"""Imports go down only, and never in a circle; those inside functions count, those for type checkers do not."""

from __future__ import annotations

import pytest

from tests.architecture.source_tree import Import, Module, SourceTree, our_source

EDGES = {"builders", "storage", "controlplane", "project", "config", "cache_store", "records"}

# From the bottom up. A room imports itself and what stands below it.
LAYERS: list[set[str]] = [
    {"version"},  # flytectl_py/__init__.py
    {"errors"},
    {"model"},
    {"digest"},
    {"plan"},
    {"values"},
    {"wire"},
    {"bridge"},  # from blocking code into coroutines: for everything that touches the world
    EDGES,  # siblings meet only through their api.py
    {"data", "report"},  # files, folders and tables, in the stores; what tasks show of themselves
    {"engines"},
    {"compat"},
    {"api"},
    {"cli"},
    {"__main__"},
]
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}

# Processes of their own, beside the command line; only it may start them from Python.
TOPS = {"runtime": {"cli", "builders", "api", "__main__"}, "machine": {"cli", "builders", "api", "__main__"}}
TOPS_ARE_IMPORTED_BY = {"cli", "__main__", *TOPS}

# What users import shows what the rooms hold, and nothing of ours imports it.
FACADE = "flyte"
FACADE_MUST_NOT = {"cli", "__main__", *TOPS}


def room_of(name: str) -> str:
    """Return the room of a module: ``model`` for ``flytectl_py.model.task``, ``errors`` for ``flytectl_py.errors``."""
    package, _, rest = name.partition(".")
    return FACADE if package == FACADE else rest.partition(".")[0] or "version"


def why_not(source: str, target: str) -> str:
    """Return why the module `source` must not import the module `target`; empty when it may."""
    here, there = room_of(source), room_of(target)
    for room in (here, there):
        if room not in RANK and room not in TOPS and room != FACADE:
            return f"the room '{room}' has no place in LAYERS"
    if here == there:
        return ""
    if there == FACADE:
        return "the facade is for users"
    if here == FACADE:
        return f"the facade does not show {there}" if there in FACADE_MUST_NOT else ""
    if here in TOPS:
        uses_builders = here == "machine" and there == "builders" and source.rpartition(".")[2].startswith("docker")
        return "" if uses_builders or there not in TOPS[here] else f"{here} does without {there}"
    if there in TOPS:
        return "" if here in TOPS_ARE_IMPORTED_BY else f"only {sorted(TOPS_ARE_IMPORTED_BY)} start {there}"
    if here in EDGES and there in EDGES:
        return "" if target == f"flytectl_py.{there}.api" else f"sibling edges meet through {there}/api.py"
    return "" if RANK[there] < RANK[here] else f"{here} stands below {there}"


def wrong_directions(tree: SourceTree) -> list[str]:
    """Return one line for each import that goes up or sideways."""
    return [
        f"{module.at(found.line)}: {module.name} imports {found.target}: {reason}"
        for module, found in _own_imports(tree)
        if (reason := why_not(module.name, found.target))
    ]


def cycles(tree: SourceTree) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or by way of others."""
    graph: dict[str, set[str]] = {module.name: set() for module in tree}
    for module, found in _own_imports(tree):
        if found.target in graph:
            graph[module.name].add(found.target)
    reach = {name: _reachable(graph, name) for name in graph}
    groups = {
        frozenset(other for other in reach[name] if name in reach[other]) for name in graph if name in reach[name]
    }
    return sorted(sorted(group) for group in groups)


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = list(graph[start])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(graph[name])
    return seen


def _own_imports(tree: SourceTree) -> list[tuple[Module, Import]]:
    own = {"flytectl_py", FACADE}
    return [(m, found) for m in tree for found in tree.imports(m) if found.target.partition(".")[0] in own]


def test_imports_go_down() -> None:
    assert wrong_directions(our_source()) == []


def test_no_import_cycle() -> None:
    assert cycles(our_source()) == []


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("model/task.py", "import flytectl_py.engines.local", "model stands below engines"),
        ("model/task.py", "def f():\n    from flytectl_py.engines import local", "model stands below engines"),
        (
            "model/task.py",
            "def f():\n    import importlib\n    importlib.import_module('flytectl_py.api')",
            "below api",
        ),
        ("model/task.py", "from ..plan import image", "model stands below plan"),
        ("model/task.py", "from flytectl_py import api", "model stands below api"),
        ("model/task.py", "import flyte", "the facade is for users"),
        ("digest/tag.py", "from flytectl_py.plan.image import x", "digest stands below plan"),
        ("storage/s3.py", "from flytectl_py.config.settings import x", "meet through config/api.py"),
        ("engines/local.py", "from flytectl_py.api import run", "engines stands below api"),
        ("runtime/a0.py", "from flytectl_py.api import run", "runtime does without api"),
        ("machine/store.py", "from flytectl_py.builders.docker import x", "machine does without builders"),
        ("engines/local.py", "from flytectl_py.runtime import a0", "start runtime"),
        ("attic/x.py", "from flytectl_py.model import task", "no place in LAYERS"),
    ],
)
def test_a_wrong_direction_is_caught(file: str, text: str, reason: str) -> None:
    tree = SourceTree({f"flytectl_py/{file}": text, "flytectl_py/plan/image.py": "", "flytectl_py/api.py": ""})
    found = wrong_directions(tree)
    assert len(found) == 1
    assert reason in found[0]
    assert found[0].startswith(f"flytectl_py/{file}:")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("flytectl_py/cli/run.py", "from flytectl_py import __version__\nfrom flytectl_py.machine import store"),
        ("flytectl_py/model/task.py", "if TYPE_CHECKING:\n    from flytectl_py.engines import local\n"),
        ("flytectl_py/storage/s3.py", "from flytectl_py.config.api import x"),
        ("flytectl_py/machine/docker_executor.py", "from flytectl_py.builders.docker import x"),
        ("flytectl_py/runtime/a0.py", "from flytectl_py.engines import local"),
        ("flyte/__init__.py", "from flytectl_py.api import run"),
        ("flytectl_py/model/task.py", "import os\nfrom .cache import Cache"),
    ],
)
def test_a_right_direction_is_not(file: str, text: str) -> None:
    assert wrong_directions(SourceTree({file: text})) == []


def test_a_cycle_is_caught_where_one_import_is_late() -> None:
    tree = SourceTree(
        {
            "flytectl_py/a/x.py": "from flytectl_py.a import y",
            "flytectl_py/a/y.py": "def f():\n    from .z import g",
            "flytectl_py/a/z.py": "import flytectl_py.a.x",
            "flytectl_py/a/w.py": "import flytectl_py.a.x",
            "flytectl_py/a/t.py": "if TYPE_CHECKING:\n    import flytectl_py.a.v",
            "flytectl_py/a/v.py": "import flytectl_py.a.t",
        }
    )
    assert cycles(tree) == [["flytectl_py.a.x", "flytectl_py.a.y", "flytectl_py.a.z"]]
