"""Reports: what is logged, how it is shown, and where it is written."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import flyte
import flyte.report
from flytectl_py.errors import NotInTaskContextError, RuntimeUserError
from flytectl_py.model.report import HTML, Report, as_html

env = flyte.TaskEnvironment("reports")


@pytest.fixture
def runner(tmp_path: Path) -> Any:
    notes: list[str] = []
    made = flyte.with_runcontext(run_base_dir=str(tmp_path / "run"), note=notes.append)
    made.notes = notes  # type: ignore[attr-defined]
    return made


class Shows:
    def _repr_html_(self) -> str:
        return "<svg></svg>"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("a < b & c", '<p class="text">a &lt; b &amp; c</p>'),
        ("<script>alert(1)</script>", '<p class="text">&lt;script&gt;alert(1)&lt;/script&gt;</p>'),
        (HTML("<b>x</b>"), "<b>x</b>"),
        (Shows(), "<svg></svg>"),
        (
            Shows,
            f'<p class="text">{str(Shows).replace("<", "&lt;").replace(">", "&gt;").replace(chr(39), "&#x27;")}</p>',
        ),
        (3, '<p class="text">3</p>'),
    ],
)
def test_text_is_escaped_unless_it_says_that_it_is_html(content: Any, shown: str) -> None:
    assert as_html(content) == shown


def test_a_table_is_shown_as_one() -> None:
    pd = pytest.importorskip("pandas")
    assert "<table" in as_html(pd.DataFrame({"a": ["<x>"]}))
    assert "<x>" not in as_html(pd.DataFrame({"a": ["<x>"]}))


def test_the_page_has_its_tabs_in_order() -> None:
    report = Report("a <b>")
    report.get_tab("main").log("first")
    report.get_tab("T & U").log("second")
    report.get_tab("nothing in it")
    page = report.get_final_report()
    assert "<title>a &lt;b&gt;</title>" in page
    assert page.index("first") < page.index("second")
    assert "T &amp; U</label>" in page
    assert "nothing in it" not in page
    assert page.count('type="radio"') == 2
    assert "http" not in page  # everything is inside


def test_replaced_content_is_gone() -> None:
    tab = Report("x").get_tab("main")
    tab.log("old")
    tab.replace("new")
    assert tab.get_html() == '<p class="text">new</p>'


def test_a_tab_is_made_only_if_wanted() -> None:
    with pytest.raises(ValueError, match=r"no tab 'x'; it has: main"):
        Report("r").get_tab("x", create_if_missing=False)


def test_a_template_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<h1>$title</h1>$sections costs $5")
    report = Report("mine", template_path=tmp_path / "page.html")
    report.get_tab("main").log("x")
    assert report.get_final_report().startswith("<h1>mine</h1>")
    assert report.get_final_report().endswith("costs $5")


def test_a_task_that_reports(runner: Any, tmp_path: Path) -> None:
    @env.task(report=True)
    async def main() -> str:
        flyte.report.log("plain")
        await flyte.report.log.aio("awaited", do_flush=True)
        early = (tmp_path / "run" / "a0" / "1" / "report.html").read_text()
        flyte.report.get_tab("more").log("in a tab")
        assert flyte.report.current_report() is flyte.report.current_report()
        return early

    (early,) = runner.run(main).outputs()
    page = (tmp_path / "run" / "a0" / "1" / "report.html").read_text()
    assert "awaited" in early
    assert "in a tab" not in early
    assert "plain" in page
    assert "in a tab" in page


def test_each_action_and_attempt_has_its_own(runner: Any, tmp_path: Path) -> None:
    @env.task(report=True, retries=1)
    def child(x: int) -> int:
        flyte.report.log(f"child {x}")
        if x == 1 and flyte.ctx().attempt == 1:  # type: ignore[union-attr]
            raise ValueError
        return x

    @env.task(report=True)
    def main() -> int:
        flyte.report.replace("parent")
        return child(1) + child(2)

    runner.run(main)
    found = {path.relative_to(tmp_path / "run").as_posix(): path.read_text() for path in tmp_path.rglob("report.html")}
    assert sorted(found) == ["a0/1/report.html", "a1/1/report.html", "a1/2/report.html", "a2/1/report.html"]
    assert "parent" in found["a0/1/report.html"]
    assert "child" not in found["a0/1/report.html"]
    assert "child 2" in found["a2/1/report.html"]


def test_a_task_that_fails_keeps_its_report(runner: Any, tmp_path: Path) -> None:
    @env.task(report=True)
    def main() -> None:
        flyte.report.log("so far")
        raise RuntimeError("no further")

    with pytest.raises(RuntimeUserError, match="no further"):
        runner.run(main)
    assert "so far" in (tmp_path / "run" / "a0" / "1" / "report.html").read_text()


def test_a_task_that_is_not_declared_so_is_told(runner: Any, tmp_path: Path) -> None:
    @env.task
    def main() -> None:
        flyte.report.log("who reads this?")

    runner.run(main)
    assert [note for note in runner.notes if "report=True" in note]
    assert list(tmp_path.rglob("report.html")) == []


def test_text_that_looks_like_html_is_told(runner: Any) -> None:
    @env.task(report=True)
    def main() -> None:
        flyte.report.log("<b>x</b>")

    runner.run(main)
    assert [note for note in runner.notes if "flyte.report.HTML" in note]


def test_a_report_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    notes: list[str] = []

    @env.task(report=True)
    def main() -> int:
        flyte.report.log("x")
        return 3

    run = flyte.with_runcontext(run_base_dir=str(tmp_path / "file" / "run"), note=notes.append).run(main)
    assert run.outputs()[0] == 3
    assert [note for note in notes if "cannot be written" in note]


def test_outside_a_task_there_is_none() -> None:
    for use in (flyte.report.current_report, flyte.report.flush, lambda: flyte.report.log("x")):
        with pytest.raises(NotInTaskContextError, match="inside a task"):
            use()


def test_actions_at_once_do_not_mix(runner: Any, tmp_path: Path) -> None:
    together = threading.Barrier(4)

    @env.task(report=True)
    def child(x: int) -> None:
        together.wait(10)
        flyte.report.log(f"only {x}")

    @env.task
    def main() -> None:
        list(flyte.map(child, range(4)))

    runner.run(main)
    pages = [path.read_text() for path in tmp_path.rglob("report.html")]
    assert sorted(page.count("only ") for page in pages) == [1, 1, 1, 1]
