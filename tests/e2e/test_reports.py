"""``flyte run`` with tasks that report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
import flyte
import flyte.report

env = flyte.TaskEnvironment(name="app")


@env.task(report=True)
def main(fail: bool = False) -> int:
    flyte.report.log("1 < 2")
    if fail:
        raise ValueError("after the report")
    return 3


@env.task
def silent() -> int:
    return 4
"""


def test_the_path_is_said_and_the_result_is_alone_on_stdout(project: MakeProject) -> None:
    done = project({"app.py": APP}).flyte("run", "app.py", "main").expect()
    assert done.out == "3\n"
    (line,) = [line for line in done.err.splitlines() if "report: " in line]
    assert "1 &lt; 2" in Path(line.partition("report: ")[2]).read_text()


def test_json_names_the_reports(project: MakeProject) -> None:
    made = project({"app.py": APP})
    (path,) = made.flyte("run", "--json", "app.py", "main").expect().json["reports"]
    assert "1 &lt; 2" in Path(path).read_text()
    assert "reports" not in made.flyte("run", "--json", "app.py", "silent").expect().json


def test_a_run_that_fails_says_where_its_report_is(project: MakeProject) -> None:
    done = project({"app.py": APP}).flyte("run", "app.py", "main", "--fail").expect(1)
    assert "report: " in done.err


def test_open_opens_the_first(project: MakeProject) -> None:
    made = project({"app.py": APP, "browser.sh": '#!/bin/sh\necho "$1" > opened\n'})
    (made.path / "browser.sh").chmod(0o755)
    done = made.flyte("run", "app.py", "main", "--open", env={"BROWSER": f"{made.path}/browser.sh"}).expect()
    assert made.read("opened").strip().startswith("file:///")
    assert made.read("opened").strip().endswith("/a0/1/report.html")
    assert "report: " in done.err
    assert "no report was written" in made.flyte("run", "app.py", "silent", "--open").expect().err
