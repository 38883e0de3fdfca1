"""The registry: one environment for a name, and where each was declared."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from flytectl_py.errors import DuplicateEnvironmentError
from flytectl_py.model.environment import TaskEnvironment
from flytectl_py.model.registry import Place, Registry, current_registry


@pytest.fixture
def registry() -> Registry:
    return current_registry.get()


def declare(file: Path, text: str, module: str = "app") -> dict[str, object]:
    """Run `text` as if it stood in `file`."""
    scope: dict[str, object] = {"__name__": module}
    exec(compile(textwrap.dedent(text), str(file), "exec"), scope)
    return scope


ONE = "from flytectl_py.model.environment import TaskEnvironment\n\nenv = TaskEnvironment('etl')\n"


def test_an_environment_knows_where_it_was_declared(registry: Registry, tmp_path: Path) -> None:
    declare(tmp_path / "app.py", ONE)
    (environment,) = registry
    assert environment.place == Place(str(tmp_path / "app.py"), 3, "app")
    assert str(environment.place) == f"{tmp_path / 'app.py'}:3"


def test_declared_through_a_function_the_place_is_the_callers(tmp_path: Path) -> None:
    clone = declare(tmp_path / "a.py", ONE + "\n\nother = env.clone_with('other')\n")["other"]
    assert isinstance(clone, TaskEnvironment)
    assert clone.place.line == 6


def test_the_same_file_again_replaces(registry: Registry, tmp_path: Path) -> None:
    first = declare(tmp_path / "app.py", ONE)["env"]
    second = declare(tmp_path / "app.py", ONE, module="__main__")["env"]
    assert registry.get("etl") is second is not first
    assert len(list(registry)) == 1


def test_cells_of_a_notebook_are_one_file(registry: Registry) -> None:
    declare(Path("<ipython-input-1>"), ONE, module="__main__")
    second = declare(Path("<ipython-input-2>"), ONE, module="__main__")["env"]
    assert registry.get("etl") is second


def test_another_file_may_not_use_the_name(registry: Registry, tmp_path: Path) -> None:
    first = declare(tmp_path / "a.py", ONE, module="a")["env"]
    with pytest.raises(DuplicateEnvironmentError) as caught:
        declare(tmp_path / "b.py", ONE, module="b")
    assert f"{tmp_path / 'a.py'}:3" in str(caught.value)
    assert f"{tmp_path / 'b.py'}:3" in str(caught.value)
    assert caught.value.exit_code == 2
    assert registry.get("etl") is first


def test_an_unknown_name(registry: Registry) -> None:
    assert registry.get("nope") is None
