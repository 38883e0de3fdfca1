"""What a container of ours shows of its task: one page beside its outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.container import Container

APP = """
import pathlib
import flyte, flyte.report

env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1")

@env.task(report=True)
async def main(x: int) -> int:
    await flyte.report.log.aio("1 < 2", do_flush=True)
    early = pathlib.Path(flyte.ctx().output_path, "report.html").read_text()
    flyte.report.get_tab("plots").log(flyte.report.HTML(f"<i>{'1 &lt; 2' in early} {'plots' in early}</i>"))
    return x

@env.task(report=True)
def fails(x: int) -> int:
    flyte.report.log("before \\udc80")
    raise ValueError("after")

@env.task(report=True)
def silent(x: int) -> int:
    return x

@env.task
def undeclared(x: int) -> int:
    flyte.report.log("nobody asked")
    return x
"""


@pytest.fixture
def container(tmp_path: Path) -> Container:
    made = Container(tmp_path, {"app.py": APP})
    made.take(x=4)
    return made


def page(container: Container) -> str | None:
    path = container.store / "a0" / "1" / "report.html"
    return path.read_text("utf-8") if path.exists() else None


def test_the_report_is_uploaded_beside_the_outputs(container: Container) -> None:
    assert container.run().expect().value == 4
    found = page(container)
    assert found is not None
    assert "1 &lt; 2" in found
    # What was flushed could be seen while the task ran, and held what was there by then.
    assert "<i>True False</i>" in found


def test_a_task_that_fails_has_its_report(container: Container) -> None:
    container.run("fails").failed()
    found = page(container)
    assert found is not None
    assert "before" in found


@pytest.mark.parametrize("task", ["silent", "undeclared"])
def test_no_report(container: Container, task: str) -> None:
    ended = container.run(task).expect()
    assert page(container) is None
    assert ("declare it with @env.task(report=True)" in str(ended.result)) == (task == "undeclared")


def test_a_report_that_cannot_be_kept_does_not_fail_the_task(container: Container) -> None:
    (container.store / "a0" / "1" / "report.html").mkdir(parents=True)
    container.project.write({"app.py": APP.replace(", do_flush=True", "").replace("early =", "early = '' #")})
    ended = container.run().expect()
    assert ended.value == 4
    assert "cannot be written" in str(ended.result)
