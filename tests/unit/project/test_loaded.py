"""How tasks and environments of loaded code are named and listed."""

from __future__ import annotations

import pytest

from flytectl_py.errors import UnknownNameError, UsageError

APP = """
import flyte
from more import imported
env = flyte.TaskEnvironment("first")

@env.task
def alpha(x: int) -> int:
    return x

@env.task(short_name="renamed")
def beta(x: int) -> int:
    return x

gamma = beta.override(retries=2)
again = alpha
for name in ("unheld",):
    @env.task(short_name=name)
    def _made(): ...
del _made
"""
MORE = """
import flyte
more_env = flyte.TaskEnvironment("more")

@more_env.task
def imported(): ...

@more_env.task
def not_imported(): ...
"""


@pytest.fixture
def loaded(load_project):
    return load_project({"app.py": APP, "more.py": MORE})


def test_own_tasks_come_first_in_source_order(loaded):
    assert [name for name, _ in loaded.tasks()] == ["alpha", "beta", "gamma", "unheld", "imported"]


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("alpha", "first.alpha"),
        ("again", "first.alpha"),
        ("first.alpha", "first.alpha"),
        ("beta", "first.renamed"),
        ("renamed", "first.renamed"),
        ("first.renamed", "first.renamed"),
        ("unheld", "first.unheld"),
        ("imported", "more.imported"),
        ("more.not_imported", "more.not_imported"),
    ],
)
def test_a_task_by_name(loaded, name, task):
    assert loaded.task(name).name == task


def test_the_original_is_meant_by_the_full_name_and_the_override_by_its_variable(loaded):
    assert loaded.task("first.renamed") is loaded.modules[0].beta
    assert loaded.task("gamma") is loaded.modules[0].gamma


def test_an_unknown_task(loaded):
    with pytest.raises(UnknownNameError) as caught:
        loaded.task("alfa")
    assert caught.value.hint == "did you mean 'alpha'?"
    assert "alpha, beta, gamma, unheld, imported" in caught.value.message
    with pytest.raises(UnknownNameError) as caught:
        loaded.task("not_imported")
    assert "it is known as more.not_imported" in caught.value.hint


def test_errors_name_the_file_as_seen_from_the_current_folder(loaded, monkeypatch):
    monkeypatch.chdir(loaded.target.parent)
    for look_up in (loaded.task, loaded.environment):
        with pytest.raises(UnknownNameError) as caught:
            look_up("nobody")
        assert caught.value.where == loaded.target.name


def test_an_environment_by_name_and_by_variable(loaded):
    assert loaded.environment("first") is loaded.environment("env")
    assert loaded.environment("more").name == "more"
    with pytest.raises(UnknownNameError) as caught:
        loaded.environment("mor")
    assert caught.value.hint == "did you mean 'more'?"
    with pytest.raises(UnknownNameError):
        loaded.environment("more_env")


def test_tasks_without_an_environment(load_project):
    loaded = load_project({"app.py": "import flyte\n@flyte.task\ndef pipeline(dataset: str) -> float: ...\n"})
    assert loaded.task("pipeline").name == loaded.task("default.pipeline").name == "default.pipeline"


def test_one_name_in_two_files(load_project):
    text = "import flyte\nenv = flyte.TaskEnvironment('{0}')\n@env.task\ndef main(): ...\n"
    loaded = load_project({"a.py": text.format("one"), "b.py": text.format("two")}, ".")
    with pytest.raises(UsageError) as caught:
        loaded.task("main")
    assert "one.main" in caught.value.message
    assert "b.py:3" in caught.value.message
    assert caught.value.hint.endswith("one.main")
    assert loaded.task("two.main").environment.name == "two"
    with pytest.raises(UsageError, match="several files") as caught:
        loaded.environment("env")
    assert "two" in caught.value.message


def test_one_task_seen_from_two_files_is_not_ambiguous(load_project):
    text = "import flyte\nenv = flyte.TaskEnvironment('e')\n@env.task\ndef main(): ...\n"
    loaded = load_project({"a.py": text, "b.py": "from a import *\n"}, ".")
    assert loaded.task("main").name == "e.main"
    assert loaded.environment("env").name == "e"
