"""Inputs of a task: how they are typed, in a file or on stdin, and what is said of those that do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]


@pytest.mark.parametrize(
    "args", [["--x", "7"], ["--x=7"], ["--x", "+7"], ["--title", "", "--x", "7"], ["--x", "7", "--loud", "true"]]
)
def test_ways_to_write_an_input(app: Project, args: list[str]) -> None:
    assert app.flyte("run", "app.py", "main", *args).expect().out == "8\n"


def test_an_input_that_is_given_twice_is_refused(app: Project) -> None:
    refused = app.flyte("run", "app.py", "main", "--x", "3", "--x=7").expect(2)
    assert "--x: given twice: '3' and '7'; takes an integer" in refused.err


def test_flags_take_true_and_false(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
        import flyte

        @flyte.task
        def main(my_flag: bool, other: bool = False, text: str = "") -> str:
            return f"{my_flag} {other} {text}"
        """
        }
    )
    for args, answer in (
        (["--my-flag", "true"], "True False "),
        (["--my_flag", "False", "--other"], "False True "),
        (["--my-flag=no", "--other=on"], "False True "),
        (["--no-my-flag", "--text", "true"], "False False true"),
        (["--other", "--my-flag", "1", "--text", "0"], "True True 0"),
    ):
        assert made.flyte("run", "app.py", "main", *args).expect().out == f"{answer}\n", args
    refused = made.flyte("run", "app.py", "main", "--my-flag", "maybe").expect(2)
    assert refused.err == (
        "error: flyte run app.py main takes no further argument: maybe\n"
        "  hint: --my-flag takes no value but true and false; --no-my-flag denies it;"
        " see 'flyte run app.py main --help'\n"
    )


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["main", "--foo", "4"], "flyte run app.py main has no option --foo", "its inputs are --n, --size; see '"),
        (["main", "--sice", "4"], "flyte run app.py main has no option --sice", "did you mean '--size'? see '"),
        (["main", "--folow"], "flyte run app.py main has no option --folow", "did you mean '--follow'? see '"),
        (
            ["main", "--n=x", "--sice", "4", "--foo", "--size", "1", "--size", "2"],
            """flyte run app.py main has no option --sice, --foo
  --n: got 'x'; takes an integer, e.g. --n 3
  --size: given twice: '1' and '2'; takes an integer, e.g. --size 3""",
            "did you mean '--size'? its inputs are --n, --size; see '",
        ),
        (["main", "--foo", "--n", "-"], "flyte run app.py main has no option --foo", "its inputs are --n, --size; "),
        (["main", "--size"], "--size needs a value", "see 'flyte run app.py main --help'"),
        (["main", "--json=1"], "--json takes no value", "see 'flyte run app.py main --help'"),
    ],
)
def test_options_that_cannot_be_parsed(project: MakeProject, args: list[str], message: str, hint: str) -> None:
    made = project(
        {"app.py": "import flyte\n\n@flyte.task\ndef main(n: int = 1, size: int = 2) -> int:\n    return n\n"}
    )
    refused = made.flyte("run", "app.py", *args).expect(2).err
    assert refused.startswith(f"error: {message}\n  hint: {hint}")


def test_inputs_of_the_wrong_type_are_refused_from_python_and_as_defaults(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
        import flyte
        from flytectl_py.errors import BadInputsError

        @flyte.task
        def main(x: int = "three") -> int:
            return x

        @flyte.task
        def scale(x: float, names: list[str] = []) -> float:
            return x

        if __name__ == "__main__":
            print(flyte.run(scale, 3, names=["a"]).outputs().o0)
            for inputs in ({"x": "3"}, {"x": 1.5, "names": [1]}, {"x": None}):
                try:
                    flyte.run(scale, **inputs)
                except BadInputsError as error:
                    print(type(error).__name__, error)
        """
        }
    )
    said = made.python("app.py").expect().out.splitlines()
    assert said[0] == "3"
    assert said[1].startswith("BadInputsError cannot call default.scale: input 'x': got \"3\"; takes a number")
    assert "input 'names': [0]: got 1" in said[2]
    assert "input 'x': got null" in said[3]
    refused = made.flyte("run", "app.py", "main").expect(2)
    assert "the default of input 'x': got \"three\"; takes an integer" in refused.err
    assert "the default of input 'x'" in made.flyte("run", "--dry-run", "app.py", "main").expect(2).err


def test_a_method_is_no_task(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
        import flyte

        class Holder:
            @flyte.task
            def main(self, x: int) -> int:
                return x
        """
        }
    )
    refused = made.flyte("run", "app.py", "default.main").expect(2)
    assert "a method cannot be a task" in refused.err


@pytest.mark.parametrize("columns", [40, 60, 80])
@pytest.mark.parametrize("command", ["--help", "run --help", "run app.py main --help", "get --help", "gc --help"])
def test_help_is_no_wider_than_the_terminal(app: Project, command: str, columns: int) -> None:
    shown = app.flyte(*command.split(), env={"COLUMNS": str(columns)}).expect().out
    assert [line for line in shown.splitlines() if len(line) > columns] == []


def test_dashes_and_underscores_are_the_same_in_the_name_of_an_input(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import flyte

                @flyte.task
                def main(input_data: str, dry_run: bool = True) -> str:
                    return f'{input_data} {dry_run}'
            """
        }
    )
    for args in (
        ["--input-data", "a b", "--no-dry-run"],
        ["--input_data", "a b", "--no_dry_run"],
        ["--input_data=a b", "--no-dry_run"],
    ):
        assert made.flyte("run", "app.py", "main", *args).expect().out == "a b False\n"


def test_parameter_names_of_any_case_and_one_letter(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import flyte

                @flyte.task
                def main(X: int, camelCase: str, n: int, N: int, größe: int = 1) -> str:
                    return f'{X} {camelCase} {n} {N} {größe}'
            """
        }
    )
    args = ["--X", "1", "--camelCase", "Word", "--n", "2", "--N", "3", "--größe", "5"]
    assert made.flyte("run", "app.py", "main", *args).expect().out == "1 Word 2 3 5\n"


def test_inputs_of_every_kind_of_parameter_arrive(project: MakeProject) -> None:
    code = """
    import flyte

    @flyte.task
    def main(a: int, /, b: int, *, c: int = 3) -> list[int]:
        return [a, b, c]
    """
    made = project(
        {"app.py": code, "run.py": "import flyte\nfrom app import main\nprint(flyte.run(main, 1, 2).outputs().o0)\n"}
    )
    assert made.flyte("run", "app.py", "main", "--b", "2", "--a", "1").expect().json == [1, 2, 3]
    assert made.python("run.py").expect().out == "[1, 2, 3]\n"


@pytest.mark.parametrize(("args", "seen"), [([], "None"), (["--flag"], "True"), (["--no-flag"], "False")])
def test_flags_can_be_given_denied_and_left_out(project: MakeProject, args: list[str], seen: str) -> None:
    made = project(
        {"app.py": "import flyte\n\n@flyte.task\ndef main(flag: bool | None = None) -> str:\n    return str(flag)\n"}
    )
    assert made.flyte("run", "app.py", "main", *args).expect().out == f"{seen}\n"


def test_a_flag_without_default_must_be_said(project: MakeProject) -> None:
    made = project({"app.py": "import flyte\n\n@flyte.task\ndef main(flag: bool) -> bool:\n    return flag\n"})
    assert made.flyte("run", "app.py", "main", "--flag").expect().out == "true\n"
    error = made.flyte("run", "app.py", "main").expect(2).err
    assert "--flag" in error
    assert "--no-flag" in error


def test_huge_negative_and_unicode_values_arrive_as_they_are(app: Project) -> None:
    digits = "9" * 400
    assert app.flyte("run", "app.py", "main", "--x", digits).expect().out == f"1{'0' * 400}\n"
    assert app.flyte("run", "app.py", "main", "--x", "-2").expect().out == "-1\n"
    for text in ("größe 🚀 日本", "-", "--title", "a\nb", "'\"$x"):
        result = app.flyte("run", "--json", "app.py", "pair", "--a", "1", f"--b={text}").expect()
        assert result.json["outputs"]["o1"] == text


def test_all_bad_values_are_told_at_once_with_what_they_take(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import flyte
                from datetime import timedelta

                @flyte.task
                def main(n: int, rate: float, wait: timedelta, xs: list[int], title: str) -> None: ...
            """
        }
    )
    result = made.flyte(
        "run", "app.py", "main", "--n", "three", "--rate", "fast", "--wait", "soon", "--xs", "[1, 'a']"
    ).expect(2)
    for text in ("--n", "'three'", "--rate", "'fast'", "--wait", "'soon'", "--xs", "--title"):
        assert text in result.err, result
    assert "1h30m" in result.err or "90s" in result.err, "an example of a duration"
    assert "Traceback" not in result.err
    assert result.out == ""


def test_an_enum_value_has_a_did_you_mean(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import enum, flyte

                class Color(enum.Enum):
                    CRIMSON = 'dark-red'
                    BLUE = 'b'

                @flyte.task
                def main(color: Color) -> str:
                    return color.name
            """
        }
    )
    assert made.flyte("run", "app.py", "main", "--color", "CRIMSON").expect().out == "CRIMSON\n"
    assert made.flyte("run", "app.py", "main", "--color", "dark-red").expect().out == "CRIMSON\n"
    shown = made.flyte("run", "app.py", "main", "--help").expect().out
    assert "  --color CRIMSON|BLUE  [required; by value as well: dark-red, b]\n" in shown
    error = made.flyte("run", "app.py", "main", "--color", "CRIMSN").expect(2).err
    assert "did you mean" in error
    assert "CRIMSON" in error


def test_files_and_folders_that_are_missing_are_refused_before_the_task_runs(project: MakeProject) -> None:
    code = """
    import flyte
    from flyte.io import Dir, File

    @flyte.task
    def main(table: File, folder: Dir) -> str:
        print("the task has begun")
        return "ran"
    """
    made = project({"app.py": code, "rows.csv": "1\n", "data/": ""})
    result = made.flyte("run", "app.py", "main", "--table", "row.csv", "--folder", "dat").expect(2)
    assert "--table" in result.err
    assert "row.csv" in result.err
    assert "--folder" in result.err
    assert "begun" not in result.out + result.err
    assert made.flyte("run", "app.py", "main", "--table", "data", "--folder", "rows.csv").expect(2).err.count("--") >= 2
    assert made.flyte("run", "app.py", "main", "--table", "rows.csv", "--folder", "data").expect().out.endswith("ran\n")


def test_inputs_come_from_a_file_or_stdin_and_options_win_over_them(app: Project) -> None:
    app.write({"inputs.json": json.dumps({"x": 1, "title": "t"})})
    assert app.flyte("run", "app.py", "main", "--inputs", "inputs.json").expect().out == "2\n"
    assert app.flyte("run", "--inputs", "inputs.json", "app.py", "main", "--x", "5").expect().out == "6\n"
    assert app.flyte("run", "app.py", "main", "--inputs", "-", stdin='{"x": 9}').expect().out == "10\n"
    assert app.flyte("run", "app.py", "main", "--inputs", "-", stdin=b'\xef\xbb\xbf{"x": 9}').expect().out == "10\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "JSON"),
        ("{'x': 1}", "JSON"),
        ("[1]", "object"),
        ('{"x": 1, "y": 2, "titel": ""}', "did you mean 'title'?"),
        ('{"x": "one"}', "x"),
        ('{"x": 1} {}', "JSON"),
    ],
)
def test_broken_inputs_are_refused_with_the_name_of_the_file(app: Project, text: str, says: str) -> None:
    app.write({"in.json": text})
    result = app.flyte("run", "app.py", "main", "--inputs", "in.json").expect(2)
    assert "in.json" in result.err
    assert says in result.err
    assert "Traceback" not in result.err


def test_an_inputs_file_that_is_not_there_or_no_text_is_a_usage_error(app: Project) -> None:
    assert "nothing.json" in app.flyte("run", "app.py", "main", "--inputs", "nothing.json").expect(2).err
    assert "more than 256 MiB" in app.flyte("run", "app.py", "main", "--inputs", "/dev/zero").expect(2).err
    app.write({"bin.json": b"\xff\xfe\x00{"})
    assert "bin.json" in app.flyte("run", "app.py", "main", "--inputs", "bin.json").expect(2).err


def test_a_broken_file_of_a_composite_is_named(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
        import flyte

        @flyte.task
        def main(xs: list[int]) -> None: ...
    """,
            "xs.json": "[1, 2",
        }
    )
    for file in ("xs.json", "missing.json"):
        error = made.flyte("run", "app.py", "main", "--xs", f"@{file}").expect(2).err
        assert file in error
        assert "--xs" in error


def test_composites_come_from_json_a_file_or_stdin(project: MakeProject) -> None:
    made = project(
        {
            "app.py": "import flyte\n\n@flyte.task\ndef main(xs: list[int]) -> int:\n    return sum(xs)\n",
            "xs.json": "[1, 2, 3]",
        }
    )
    assert made.flyte("run", "app.py", "main", "--xs", "[1, 2]").expect().out == "3\n"
    assert made.flyte("run", "app.py", "main", "--xs", "@xs.json").expect().out == "6\n"
    assert made.flyte("run", "app.py", "main", "--xs", "-", stdin="[4]").expect().out == "4\n"


RESERVED = [
    "name",
    "env",
    "project",
    "domain",
    "help",
    "json",
    "root_dir",
    "config",
    "verbose",
    "quiet",
    "inputs",
    "local",
]


@pytest.mark.parametrize("name", RESERVED)
def test_an_input_with_the_name_of_an_option_wins_after_the_task(project: MakeProject, name: str) -> None:
    made = project({"app.py": f"import flyte\n\n@flyte.task\ndef main({name}: str) -> str:\n    return {name}\n"})
    result = made.flyte("run", "app.py", "main", f"--{name.replace('_', '-')}", "mine").expect()
    assert (result.out, result.err) == ("mine\n", "")


def test_help_is_found_where_an_input_is_called_like_it(project: MakeProject) -> None:
    code = "import flyte\n\n@flyte.task\ndef main({0}: str = 'x') -> str:\n    return {0}\n"
    made = project({"kept.py": code.format("help_"), "taken.py": code.format("help")})
    assert "--help- TEXT" in made.flyte("run", "kept.py", "main", "--help").expect().out
    assert made.flyte("run", "kept.py", "main", "--help_", "me").expect().out == "me\n"
    assert made.flyte("run", "taken.py", "main", "--help", "me").expect().out == "me\n"
    refused = made.flyte("run", "taken.py", "main", "--help").expect(2)
    assert "hint: see 'flyte run taken.py main -h'" in refused.err
    assert "--help TEXT" in made.flyte("run", "taken.py", "main", "-h").expect().out


def test_options_of_the_same_name_as_inputs_still_count_before_the_task(project: MakeProject) -> None:
    code = """
    import flyte

    @flyte.task
    def main(name: str, domain: str, json: str, project: str = "") -> str:
        context = flyte.ctx()
        return " ".join([name, domain, json, context.action.run_name, context.action.domain])
    """
    made = project({"app.py": code})
    args = ["--name", "r1", "--json", "app.py", "-d", "staging", "main", "--name", "n", "--domain", "d", "--json", "j"]
    assert made.flyte("run", *args).expect().json["outputs"]["o0"] == "n d j r1 staging"


def test_inputs_may_be_called_like_python_names_of_our_own(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import flyte

                @flyte.task
                def main(ctx: int, task: int, self: int, given: int, args: int, kwargs: int) -> int:
                    return ctx + task + self + given + args + kwargs
            """
        }
    )
    args = [part for name in ("ctx", "task", "self", "given", "args", "kwargs") for part in (f"--{name}", "1")]
    assert made.flyte("run", "app.py", "main", *args).expect().out == "6\n"
