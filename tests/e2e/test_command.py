"""The command line of `flyte run`: where options stand, what is unknown or missing, what help and JSON show."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]


SHOW = """
import os
import flyte

env = flyte.TaskEnvironment(name="show")

@env.task
def main(x: int = 0) -> dict[str, str | None]:
    context = flyte.ctx()
    return {
        "run": context.action.run_name,
        "project": context.action.project,
        "domain": context.action.domain,
        "raw": context.raw_data_path,
        "A": os.environ.get("A"),
        "B": os.environ.get("B"),
        "mode": context.mode,
    }
"""


def test_options_stand_before_the_file_before_the_task_or_after_it(project: MakeProject) -> None:
    made = project({"app.py": SHOW})
    options = ["--name", "nightly", "-e", "A=1", "--project", "p1", "-d", "staging", "--raw-data-path", "/tmp/raw"]
    expected = {
        "run": "nightly",
        "project": "p1",
        "domain": "staging",
        "raw": "/tmp/raw",
        "A": "1",
        "B": None,
        "mode": "local",
    }
    for args in ([*options, "app.py", "main"], ["app.py", *options, "main"], ["app.py", "main", *options]):
        assert made.flyte("run", *args).expect().json == expected


def test_options_of_all_three_places_add_up_and_the_last_one_counts(project: MakeProject) -> None:
    made = project({"app.py": SHOW})
    args = ["-e", "A=1", "--name", "first", "app.py", "-e", "B=2", "main", "-e", "A=3", "--name", "last"]
    seen = made.flyte("run", *args).expect().json
    assert (seen["run"], seen["A"], seen["B"]) == ("last", "3", "2")


def test_env_values_may_hold_equals_signs_spaces_and_nothing(project: MakeProject) -> None:
    made = project({"app.py": SHOW})
    seen = made.flyte("run", "app.py", "main", "-e", "A=x=y z", "--env", "B=").expect().json
    assert (seen["A"], seen["B"]) == ("x=y z", "")
    assert "KEY=VALUE" in made.flyte("run", "app.py", "main", "-e", "novalue").expect(2).err


def test_general_options_also_stand_before_the_command(project: MakeProject) -> None:
    made = project({"app.py": SHOW})
    assert made.flyte("--json", "run", "app.py", "main").expect().json["phase"] == "succeeded"
    assert "root" in made.flyte("-v", "run", "app.py", "main").expect().err


def test_json_document_of_a_run(app: Project) -> None:
    result = app.flyte("run", "app.py", "pair", "--a", "3", "--name", "r1", "--json").expect()
    document = result.json
    assert document.pop("seconds") >= 0
    assert document == {
        "run": "r1",
        "task": "app.pair",
        "phase": "succeeded",
        "outputs": {"o0": 3, "o1": "b"},
        "actions": 1,
    }
    assert result.err == ""
    assert result.out.count("\n") == 1


def test_output_format_json_is_the_same_as_json(app: Project) -> None:
    for option in (["-of", "json"], ["--output-format", "json"], ["--output-format=json"]):
        assert app.flyte("run", *option, "app.py", "main", "--x", "1").expect().json["outputs"] == {"o0": 2}
    assert app.flyte("run", "-of", "text", "app.py", "main", "--x", "1").expect().out == "2\n"
    assert "json or text" in app.flyte("run", "-of", "yaml", "app.py", "main", "--x", "1").expect(2).err


def test_result_for_a_person_is_all_that_is_on_stdout(app: Project) -> None:
    result = app.flyte("run", "app.py", "main", "--x", "41").expect()
    assert (result.out, result.err) == ("42\n", "")
    assert app.flyte("run", "app.py", "pair", "--a", "1").expect().out == "o0: 1\no1: b\n"


def test_an_argument_that_is_no_text_is_a_wrong_one(app: Project) -> None:
    app.flyte("run", "app.py", "main", "--x", "1").expect()
    broken = os.fsdecode(b"\xff")
    for words in (("get", "run"), ("logs",), ("config", "set", "project")):
        error = app.flyte(*words, broken, "--json").expect(2).json["error"]
        assert error["code"] == "UsageError", words
        assert "udcff" in error["message"], words


def test_a_huge_result_is_cut_on_a_terminal_only(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
            import flyte
            env = flyte.TaskEnvironment("huge")
            @env.task
            def main() -> str:
                return "x" * 50_000
            """
        }
    )
    assert made.flyte("run", "--local", "app.py", "main").expect().out == "x" * 50_000 + "\n"
    with made.flyte_on_terminal("run", "--local", "app.py", "main") as terminal:
        assert "50,000 characters in all" in terminal.finish().out


def test_a_task_without_result_prints_nothing(project: MakeProject) -> None:
    made = project({"app.py": "import flyte\n\n@flyte.task\ndef main() -> None: ...\n"})
    assert made.flyte("run", "app.py", "main").expect().out == ""
    assert made.flyte("run", "--json", "app.py", "main").expect().json["outputs"] == {}


def test_one_task_that_cannot_be_run_does_not_hide_the_others(project: MakeProject) -> None:
    code = """
    import flyte

    @flyte.task
    def good(x: int) -> int:
        return x

    @flyte.task
    def bad(*xs: int) -> int:
        return 1
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "good", "--x", "1").expect().out == "1\n"
    assert "app.py:7" in made.flyte("run", "app.py", "bad").expect(2).err
    assert "good(x: int) -> int" in made.flyte("run", "app.py", "--help").expect().out


def test_a_file_that_is_not_there_is_said_before_its_options(app: Project) -> None:
    for name in ("nothing.py", "main", "app.py:main"):
        error = app.flyte("run", name, "--x", "1").expect(2).err
        assert f"there is no {name}" in error


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (["help"], "flyte --help"),
        (["help", "run"], "flyte run --help"),
        (["help", "me"], "flyte --help"),
        (["version"], "flyte --version"),
    ],
)
def test_what_is_a_command_elsewhere_is_an_option_here(app: Project, args: list[str], meant: str) -> None:
    error = app.flyte(*args).expect(2).err
    assert error == f"error: flyte has no command '{args[0]}'\n  hint: did you mean '{meant}'?\n"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["rnu", "app.py", "main"], "did you mean 'run'?"),
        (["run", "ap.py", "main"], "did you mean 'app.py'?"),
        (["run", "app", "main"], "did you mean 'app.py'?"),
        (["run", "app.py", "mian"], "did you mean 'main'?"),
        (["run", "app.py", "app.mian"], "did you mean"),
        (["run", "app.py", "main", "--x", "1", "--titel", "a"], "--title"),
        (["run", "--nmae", "a", "app.py", "main"], "--name"),
        (["run", "app.py", "--jsno", "main"], "--json"),
        (["--verbos", "run"], "--verbose"),
    ],
)
def test_unknown_names_have_a_did_you_mean(app: Project, args: list[str], says: str) -> None:
    result = app.flyte(*args).expect(2)
    assert says in result.err
    assert result.out == ""
    as_json = app.flyte("--json", *args).expect(2)
    assert set(as_json.json["error"]) >= {"code", "message", "hint", "where"}
    assert as_json.err == ""
    assert says in as_json.json["error"]["message"] + as_json.json["error"]["hint"]


def test_what_is_missing_of_the_command_is_said(app: Project) -> None:
    assert "FILE" in app.flyte("run").expect(2).err
    listed = app.flyte("run", "app.py").expect(2).err
    assert "main" in listed
    assert "pair" in listed
    assert "--x" in app.flyte("run", "app.py", "main").expect(2).err
    assert "extra" in app.flyte("run", "app.py", "main", "--x", "1", "extra").expect(2).err


def test_help_of_the_command_of_a_file_and_of_a_task(app: Project) -> None:
    for args in ([], ["-h"], ["--help"]):
        result = app.flyte(*args).expect()
        assert "run" in result.out
        assert "\x1b" not in result.out
    assert "FILE TASK" in app.flyte("run", "-h").expect().out
    of_file = app.flyte("run", "app.py", "--help").expect().out
    assert "main(x: int, title: str = 'sum', loud: bool = False) -> int" in of_file
    assert "Add one." in of_file
    assert "pair(a: int, b: str = 'b') -> tuple[int, str]" in of_file
    of_task = app.flyte("run", "app.py", "main", "--help").expect().out
    assert of_task.index("--x") < of_task.index("--title") < of_task.index("--loud") < of_task.index("--name")
    assert "the number to start from." in of_task
    assert "required" in of_task
    assert "default: sum" in of_task


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["run"], "which file? flyte run needs FILE and TASK\n  hint: see 'flyte run --help'"),
        (["rerun"], "which run? flyte rerun needs RUN\n  hint: 'flyte get run' lists them"),
        (["config"], "which command? flyte config needs one of show, init, path, get, set, unset\n  hint: see 'flyte "),
        (["config", "frob"], "no command 'frob'; known: show, init, path, get, set, unset\n  hint: see 'flyte config "),
        (["completion"], "which shell? flyte completion needs one of bash, zsh, fish, install\n  hint: see 'flyte "),
        (["completion", "zsh", "x"], "flyte completion zsh takes no argument, got x\n  hint: see 'flyte "),
        (["logs", "a", "b", "c"], "flyte logs takes RUN [ACTION], got a b c\n  hint: see 'flyte logs --help'"),
        (["doctor", "a", "b"], "flyte doctor takes FILE|DIR|IMAGE, got a b\n  hint: see 'flyte doctor --help'"),
        (["bundle", "lss", "app.py"], "flyte bundle takes FILE|DIR, got lss app.py\n  hint: did you mean 'ls'?"),
        (["bundle", "app.py", "--frob"], "flyte bundle has no option --frob\n  hint: see 'flyte bundle --help'"),
        (
            ["bundle", "app.py", "--frob", "--outpt"],
            "flyte bundle has no option --frob, --outpt\n  hint: did you mean '--",
        ),
        (
            ["bundle", "diff", "", "app.py"],
            "flyte bundle diff takes A B, and one of them is empty\n  hint: see ",
        ),
        (["bundle", ""], "flyte bundle takes FILE|DIR, and one of them is empty\n  hint: see 'flyte bundle --help'"),
        (["deploy", "", "--dry-run"], "FILE is empty\n"),
        (["explain", "image", ""], "FILE is empty\n"),
        (["doctor", ""], "FILE is empty\n"),
        (["config", "init", "--wat"], "flyte config init has no option --wat\n  hint: see 'flyte config init --help'"),
        (["bundle", "build", "a", "b"], "flyte bundle build takes FILE|DIR, got a b\n  hint: see 'flyte bundle build "),
        (["serialize", "fast", "--pkgs", "app"], "flyte serialize takes workflows or fast workflows, got 'fast'\n  "),
    ],
)
def test_words_that_are_missing_or_too_many_are_told_in_one_form(app: Project, args: list[str], error: str) -> None:
    assert app.flyte(*args).expect(2).err.startswith(f"error: {error}")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["--raw-data-path", "nope://x"], "no kind of store 'nope'; known: "),
        (["--raw-data-path", "nope://x", "--dry-run"], "no kind of store 'nope'; known: "),
        (
            ["--raw-data-path", ""],
            "--raw-data-path: it is empty\n  hint: give one, or leave --raw-data-path out",
        ),
        (["--run-base-dir", ""], "--run-base-dir: it is empty"),
        (["--queue", " "], "--queue: it is empty"),
        (["--inputs", ""], "--inputs: it is empty"),
        (["--config", ""], "--config: it is empty"),
        (["--service-account", "a b"], "service account: 'a b' is not allowed"),
        (["--label", "a b=c"], "label of the run: 'a b=c' is not allowed"),
        (["--annotation", "a b=c"], "annotation of the run: "),
    ],
)
def test_values_that_no_run_takes_are_refused_here_too(app: Project, args: list[str], error: str) -> None:
    refused = app.flyte("run", *args, "app.py", "main", "--x", "1").expect(2)
    assert refused.err.startswith(f"error: {error}")
    assert app.flyte("get", "run", "--json").expect().json["runs"] == []


def test_half_a_way_to_serialize_is_told_the_whole(app: Project) -> None:
    error = app.flyte("serialize", "fast", "--pkgs", "app").expect(2).err
    assert error.endswith("  hint: did you mean 'fast workflows'?\n")


def test_help_says_what_an_input_is_for_beside_its_default(project: MakeProject) -> None:
    code = """
    import flyte

    @flyte.task
    def main(a: int, b: int = 2, c: str | None = None, d: float = 0.5) -> int:
        '''Add.

        Args:
            a: the first.
            b: the second.
            c: a label.
        '''
        return a + b
    """
    shown = project({"app.py": code}).flyte("run", "app.py", "main", "--help").expect().out
    lines = [line.split(maxsplit=2)[2] for line in shown.splitlines() if line.startswith("  --") and "[" in line]
    assert lines[:2] == ["the first.  [required]", "the second.  [default: 2]"]
    assert lines[2:] == ["a label.  [default: None]", "[default: 0.5]"]


def test_help_quotes_defaults_that_would_not_be_seen(project: MakeProject) -> None:
    code = r"""
    import flyte

    @flyte.task
    def main(a: str = "", b: str = "x\ny", c: str = " ", d: str = "two words", e: list[str] = []) -> str:
        return a
    """
    shown = project({"app.py": code}).flyte("run", "app.py", "main", "--help").expect().out
    for name, default in (("a", "''"), ("b", r"'x\ny'"), ("c", "' '"), ("d", "two words"), ("e", "[]")):
        assert re.search(rf"--{name} .*default: {re.escape(default)}\]", shown), name


def test_version_and_module_are_the_same_program(app: Project) -> None:
    version = app.flyte("--version").expect().out
    assert version.startswith("flyte ")
    assert app.python("-m", "flytectl_py", "--version").expect().out == version
    assert app.python("-m", "flytectl_py", "run", "app.py", "main", "--x", "1").expect().out == "2\n"
    assert app.flyte("-V").expect().out == version


def test_quiet_leaves_out_the_notes_and_verbose_tells_the_root(project: MakeProject) -> None:
    code = """
    import flyte

    @flyte.task(retries=1)
    def main() -> int:
        if flyte.ctx().attempt == 1:
            raise OSError("once")
        return 1
    """
    made = project({"app.py": code})
    assert "attempt 1 of 2" in made.flyte("run", "app.py", "main").expect().err
    assert made.flyte("run", "-q", "app.py", "main").expect().err == ""
    detail = made.flyte("run", "app.py", "main", "-v", "--name", "r1").expect().err
    assert f"root {made.path} (" in detail
    assert "run r1" in detail


def test_a_task_is_named_by_function_or_with_its_environment(project: MakeProject) -> None:
    code = """
    import flyte

    one, two = flyte.TaskEnvironment(name="one"), flyte.TaskEnvironment(name="two")

    @one.task
    def only() -> str:
        return "only"

    def _make(text):
        def main() -> str:
            return text
        return main

    first = one.task(_make("first"))
    second = two.task(_make("second"))
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "only").expect().out == "only\n"
    assert made.flyte("run", "app.py", "one.only").expect().out == "only\n"
    assert made.flyte("run", "app.py", "one.main").expect().out == "first\n"
    assert made.flyte("run", "app.py", "two.main").expect().out == "second\n"
    assert made.flyte("run", "app.py", "second").expect().out == "second\n"
    ambiguous = made.flyte("run", "app.py", "main").expect(2).err
    assert "one.main" in ambiguous
    assert "two.main" in ambiguous


def test_the_environment_of_a_task_may_be_given_by_its_variable(project: MakeProject) -> None:
    code = """
    import flyte

    variable = flyte.TaskEnvironment(name="name")

    @variable.task
    def main() -> int:
        return 1
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "name.main").expect().out == "1\n"
    assert made.flyte("run", "app.py", "variable.main").expect().out == "1\n"


def test_a_run_name_that_cannot_be_one_is_refused(app: Project) -> None:
    result = app.flyte("run", "app.py", "main", "--x", "1", "--name", "My Run").expect(2)
    assert "My Run" in result.err


def test_local_insists_on_this_machine_where_an_endpoint_is_configured(app: Project) -> None:
    app.write({".flyte/config.yaml": "admin:\n  endpoint: dns:///flyte.example.com\n"})
    assert app.flyte("run", "--local", "app.py", "main", "--x", "1").expect().out == "2\n"
    assert app.flyte("run", "app.py", "main", "--x", "1", "--local").expect().out == "2\n"


def test_a_broken_or_missing_configuration_is_a_usage_error(app: Project) -> None:
    assert "nowhere.yaml" in app.flyte("run", "-c", "nowhere.yaml", "app.py", "main", "--x", "1").expect(2).err
    app.write({"broken.yaml": "admin: [\n"})
    assert "broken.yaml" in app.flyte("run", "--config", "broken.yaml", "app.py", "main", "--x", "1").expect(2).err
