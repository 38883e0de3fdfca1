"""`flyte.deploy` as Python code calls it, without a cluster."""

from __future__ import annotations

import pytest

import flyte
from flytectl_py.errors import DeclarationError, NotReadyError, UsageError

base = flyte.TaskEnvironment("verb_base", image="ghcr.io/acme/base:1")
env = flyte.TaskEnvironment("verb", image="ghcr.io/acme/base:2", depends_on=[base])


@base.task
def child(x: int) -> int:
    return x


@env.task
def main(x: int) -> int:
    return x


def test_each_environment_that_was_asked_for_has_its_deployment() -> None:
    both = flyte.deploy(base, env, dryrun=True, copy_style="none", version="1.0.0")
    assert [each.environment for each in both] == ["verb_base", "verb"]
    assert [[task.name for task in each.tasks] for each in both] == [
        ["verb_base.child"],
        ["verb_base.child", "verb.main"],
    ]
    assert {each.version for each in both} == {"1.0.0"}
    assert both[1].images == {"verb_base": "ghcr.io/acme/base:1", "verb": "ghcr.io/acme/base:2"}
    assert both[0].bundle is None


def test_code_that_travels_is_named() -> None:
    (done,) = flyte.deploy(base, dryrun=True, copy_style="loaded_modules")
    assert done.bundle is not None
    assert len(done.bundle) == 64
    assert {task.state for task in done.tasks} == {"planned"}


def test_without_an_endpoint_only_a_plan_can_be_had() -> None:
    with pytest.raises(NotReadyError, match=r"no endpoint.*flyte\.init_from_config\(\)"):
        flyte.deploy(env, copy_style="none", version="1.0.0")


def test_what_cannot_be_deployed() -> None:
    with pytest.raises(UsageError, match="which environment"):
        flyte.deploy(dryrun=True)
    with pytest.raises(UsageError, match="takes environments"):
        flyte.deploy(main, dryrun=True)
    with pytest.raises(UsageError, match="no task"):
        flyte.deploy(flyte.TaskEnvironment("empty", image="x:1"), dryrun=True)
    with pytest.raises(UsageError, match=r"deploy\(version=…\)"):
        flyte.deploy(env, dryrun=True, version="a b")
    with pytest.raises(UsageError, match=r"deploy\(version=…\)"):
        flyte.deploy(env, dryrun=True, version="")
    with pytest.raises(UsageError, match=r"deploy\(version=…\): 3 cannot be a version"):
        flyte.deploy(env, dryrun=True, version=3)
    with pytest.raises(UsageError, match=r"deploy\(copy_style=…\)"):
        flyte.deploy(env, dryrun=True, copy_style="some")
    with pytest.raises(DeclarationError, match="lives in"):
        flyte.deploy(env, dryrun=True, interactive_mode=True)


def test_a_task_that_was_typed_in_is_no_module() -> None:
    names = {"__name__": "__main__", "flyte": flyte}
    exec(compile("e = flyte.TaskEnvironment('typed', image='x:1')\n@e.task\ndef t(): pass", "<stdin>", "exec"), names)
    with pytest.raises(UsageError, match=r"typed\.t was typed into a notebook or a REPL"):
        flyte.deploy(names["e"], dryrun=True)
