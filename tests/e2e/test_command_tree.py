"""Every command, word and option: in its help, its manual page, in what TAB offers, and in a test that runs it."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from flytectl_py.builders.registry import BUILT_IN, LOCAL
from flytectl_py.cli.command_tree import COMMANDS, ROOT, description_of, every_description
from flytectl_py.cli.complete import SHELLS, answer
from flytectl_py.cli.complete_shells import reply
from flytectl_py.cli.description import Description
from flytectl_py.cli.help_screen import screen
from flytectl_py.cli.man_pages import pages
from flytectl_py.cli.options import GENERAL
from flytectl_py.config.checks import AUTH_TYPES, OFFERED_BUILDERS, Unfit, image_builder
from flytectl_py.config.discovery import OWN_VARIABLE
from flytectl_py.config.table import ROWS
from flytectl_py.config.template import KEYS as template_keys
from flytectl_py.engines.run_context import MODES
from flytectl_py.plan.bundle import COPY_STYLES
from tests.support.project import Project
from tests.support.shells import needs_program

MakeProject = Callable[..., Project]
REPOSITORY = Path(__file__).parents[2]
MOST_LINES = {"run": 47, "rerun": 47}
"""Of the help of a command; of all others 42."""

EVERY = list(every_description())
BY_PATH = pytest.mark.parametrize("described", EVERY, ids=lambda each: each.path)


@BY_PATH
def test_help_says_all_on_one_screen(described: Description, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = screen(described)
    assert described.sentence.endswith((".", "'"))
    assert described.examples or described.name not in COMMANDS
    assert described.name in COMMANDS or described is ROOT or described.name.rpartition(" ")[0] in COMMANDS
    for option in described.options.values():
        assert option.help, option.names
        for name in option.spelled:
            assert re.search(rf"^  (\S+, )*{re.escape(name)}\b", shown, re.MULTILINE), name
        assert f"${option.env}]" in " ".join(shown.split()) or not option.env
        assert f"[default: {option.default}" in " ".join(shown.split()) or not option.default
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= MOST_LINES.get(described.name, 42)
    if described.examples:
        assert lines.index("Examples:") < next(at for at, line in enumerate(lines) if line.startswith("Usage: "))


@BY_PATH
def test_the_command_shows_that_help(described: Description, app: Project) -> None:
    shown = app.flyte(*described.name.split(), "--help").expect()
    assert described.usage in " ".join(shown.out.split())
    assert " ".join(described.sentence.split()) in " ".join(shown.out.split())
    assert shown.err == ""


@BY_PATH
def test_manual_pages_say_all(described: Description) -> None:
    page = pages()[f"flyte-{described.name.split()[0]}.1" if described.name else "flyte.1"]
    plain = page.replace("\\-", "-").replace("\\(aq", "'").replace("\\(dq", '"').replace("\\fB", "").replace("\\fR", "")
    for option in described.options.values():
        for name in option.spelled:
            assert re.search(rf"^(\S+, )*{re.escape(name)}(,| |$)", plain, re.MULTILINE), name
        assert option.help[1:] in plain  # It begins small after the words that alone take it.
        assert option.more in plain
        assert option.env in plain
    assert described.path in plain


def test_the_manual_pages_in_man_are_those() -> None:
    there = {file.name: file.read_text(encoding="utf-8") for file in (REPOSITORY / "man").iterdir()}
    assert there == pages(), "run 'make man'"
    assert set(there) == {"flyte.1", "a0.1", *(f"flyte-{name}.1" for name in COMMANDS)}


def test_manual_pages_name_values_once_and_the_page_of_a0() -> None:
    engine = re.search(r"\\-\\-engine.*\n(.*)", pages()["flyte-run.1"])
    assert engine is not None
    assert "One of" not in engine[1]
    assert re.search(r"\\-\\-platform.*\n.*One of: linux/amd64, linux/arm64\.", pages()["flyte-build.1"])
    assert r"\fBa0\fR(1)" in pages()["flyte.1"]
    assert r"\fBa0\fR(1)" in pages()["flyte-run.1"]
    assert r"\fB129, 143\fR" in pages()["flyte.1"]


def test_man_and_mandoc_find_no_fault_in_them() -> None:
    files = sorted(map(str, (REPOSITORY / "man").iterdir()))
    lint = subprocess.run(
        [needs_program("mandoc"), "-T", "lint", "-W", "warning", *files], capture_output=True, text=True, check=False
    )
    assert lint.stdout + lint.stderr == ""
    man = needs_program("man", "man-db")
    needs_program("groff")
    for file in files:
        shown = subprocess.run(
            [man, "--warnings", "-l", file],
            env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "EXAMPLES" in shown.stdout or file.endswith("a0.1")


@BY_PATH
def test_tab_offers_all(described: Description, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = described.name.split()
    offered = {each.word for each in answer(path, "-").offers}
    assert offered == {name for each in (*described.options.values(), *GENERAL.values()) for name in each.spelled}
    words = set(COMMANDS) if described is ROOT else set(described.words)
    assert words <= {each.word for each in answer(path, "").offers}
    for option in described.options.values():
        if option.choices:
            assert {each.word for each in answer([*path, option.spelled[-1]], "").offers} == set(option.choices)
    for shell in SHELLS:
        line = " ".join([*described.path.split(), "--"])
        told = reply(shell, [line, ":"] if shell == "bash" else line.split(), answer).splitlines()[1:]
        assert {each.partition("\t")[0] for each in told} == {each for each in offered if each.startswith("--")}


@BY_PATH
def test_what_examples_do_stands_in_one_column_and_no_option_is_broken(
    described: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns in ("60", "80", "100"):
        monkeypatch.setenv("COLUMNS", columns)
        lines = screen(described).splitlines()
        beside = [
            (line.index(each.about, len(each.line)), line.index(each.about) - len(each.line))
            for each in described.examples
            for line in lines
            if each.about and line.startswith(f"  {each.line} ") and line.endswith(f" {each.about}")
        ]
        assert len({column for column, _ in beside}) <= 1
        assert all(gap >= 4 for _, gap in beside)  # Two before the line, two after it.
        assert not [line for line in lines if re.search(r"--[\w-]*-$", line)]


def test_every_example_of_get_says_what_it_does() -> None:
    assert [each.line for each in description_of("get").examples if not each.about] == []


def test_help_of_run_says_what_counts_everywhere_and_how_deployed_tasks_run() -> None:
    shown = screen(description_of("run"))
    assert "\n  or:  flyte run deployed-task [OPTIONS] ENV.TASK[:VERSION] [INPUTS]...\n" in shown
    for_clusters = shown.partition("\nOn a cluster:\n")[2].partition("\nScreen:\n")[0]
    assert "--queue" in for_clusters
    assert not re.search(r"--(name|project|domain|raw-data-path) ", for_clusters)


def test_a_line_is_empty_between_commands_and_options(app: Project) -> None:
    assert "\n\nOptions of every command:\n" in app.flyte("--help").expect().out
    assert "\n\nOptions:\n" in app.flyte("config", "--help").expect().out


def test_help_marks_options_that_only_some_words_take() -> None:
    explain = screen(description_of("explain"))
    assert re.search(r"--recursive +version: of DIR,", explain)
    assert re.search(r"--registry HOST/PATH +image, version: registry instead", explain)
    assert re.search(r"--root-dir DIR +Root of", explain)
    assert re.search(r"--include PATH +Add a file", screen(description_of("bundle")))  # All of 'bundle FILE'.


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_json(name: str, app: Project) -> None:
    """Errors too: each one of these is an error, or a help text."""
    said = app.flyte(name, "--json", "--no-such-option").expect(2)
    assert "no-such-option" in said.json["error"]["message"].lower()


def test_the_variables_that_are_shown_say_the_same(app: Project) -> None:
    options = {option.env: (key, option) for each in EVERY for key, option in each.options.items() if option.env}
    known = {row.variable: name for name, row in ROWS.items() if row.variable} | {OWN_VARIABLE: "config"}
    assert set(options) <= set(known)
    values = {
        "FLYTE_ENDPOINT": "acme.example.com", "FLYTE_INSECURE": "true", "FLYTE_ROOT_DIR": ".", "FLYTE_HEADLESS": "true",
        "FLYTE_IMAGE_BUILDER": "podman", "FLYTE_IMAGES": "a=b.example.com/c:1",
    }  # fmt: skip
    settable = [name for name in options if name != OWN_VARIABLE]
    said = app.flyte("config", "show", "--origin", "--json", env={name: values.get(name, "x") for name in settable})
    origins = said.expect().json["origins"]
    for name in settable:
        assert name in origins[known[name]]
        key, option = options[name]
        assert known[name] in (key, {"image": "images", "builder": "image_builder"}.get(key)), option.names


def test_values_that_are_offered_are_those_that_are_taken() -> None:
    run = description_of("run").options
    assert set(run["mode"].choices) == set(MODES)
    assert set(run["copy_style"].choices) <= set(COPY_STYLES)
    assert set(description_of("bundle").options["copy_style"].choices) == set(COPY_STYLES)
    assert set(description_of("config").options["auth_type"].choices) == set(AUTH_TYPES)


def test_builders_are_the_same_wherever_they_are_listed(project: MakeProject) -> None:
    known = {LOCAL, *BUILT_IN}
    for command in ("build", "config"):
        assert set(description_of(command).options["builder"].choices) == known
    with pytest.raises(Unfit) as caught:
        image_builder("foo")
    assert set(caught.value.allowed.removeprefix("one of ").split(", ")) == known
    written, said = template_keys["image.builder"], description_of("build").options["builder"].help
    for name in known:
        assert name in written[0]
        assert name in said
    with project().flyte_on_terminal("config", "init") as terminal:
        for _ in range(3):
            terminal.expect(r"\] ?: |empty: everything runs on this machine\): ")
            terminal.send("\n")
        terminal.expect(f"what builds images: {', '.join(OFFERED_BUILDERS)}")
        terminal.send("\x04")
        terminal.finish().expect(130)


def _words_of_tests(module: ast.Module) -> list[set[str]]:
    """Return the words in the texts of each test of a module, and of the helpers and fixtures it refers to."""
    there: dict[str, ast.AST] = {}
    for each in module.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            there[each.name] = each
        elif isinstance(each, ast.Assign):
            there.update({target.id: each.value for target in each.targets if isinstance(target, ast.Name)})
    found = []
    for name in there:
        if name.startswith("test"):
            waiting, seen = [name], {name}
            while waiting:
                tree = there[waiting.pop()]
                names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
                names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
                waiting += (names & there.keys()) - seen
                seen |= names & there.keys()
            found.append(set().union(*(_words(there[each]) for each in seen)))
    return found


def _words(tree: ast.AST) -> set[str]:
    texts = (each.value for each in ast.walk(tree) if isinstance(each, ast.Constant) and isinstance(each.value, str))
    return {word.partition("=")[0] for text in texts for word in text.split() if re.fullmatch(r"[-\w]+(=.*)?", word)}


@cache
def words_of_tests() -> list[set[str]]:
    """Return the words of each end-to-end test but those here and of completion, which name everything."""
    found: list[set[str]] = []
    for file in sorted((REPOSITORY / "tests").glob("*/test_*.py")):
        text = file.read_text(encoding="utf-8")
        if file.name not in (Path(__file__).name, "test_completion.py") and ".flyte" in text:
            found += _words_of_tests(ast.parse(text))
    return found


def is_used(wanted: set[str]) -> bool:
    """Whether one test has all of these words; those of one text with ``|`` mean the same."""
    return any(all(any(name in words for name in each.split("|")) for each in wanted) for words in words_of_tests())


def test_every_command_and_word_is_used_in_a_test() -> None:
    assert [each.path for each in EVERY if not is_used(set(each.name.split()))] == []


def test_every_option_is_used_in_a_test() -> None:
    """With one of the commands that take it; one that several take is declared once."""
    options = {id(option): option for each in EVERY for option in each.options.values()}
    unused = [
        f"{' or '.join(takers)} {option.spelled[-1]}"
        for option in options.values()
        if (takers := [each.path for each in EVERY if any(option is other for other in each.options.values())])
        and not any(is_used({*taker.split()[1:], "|".join(option.spelled)}) for taker in takers)
    ]
    assert unused == []


def test_what_no_test_uses_is_found() -> None:
    assert not is_used({"run", "--no-such" + "-option"})
    assert is_used({"run", "--follow|-f"})
