"""What stands on stdout and what on stderr, whatever the user's code prints and wherever the streams lead."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from tests.support.process import FLYTE, run_process
from tests.support.project import Project

MakeProject = Callable[..., Project]

LOUD = """
import logging, os, subprocess, sys
import flyte

print("while loading")

@flyte.task
def main(fail: bool = False) -> str:
    print("print")
    sys.stdout.write("write\\n")
    sys.__stdout__.write("dunder\\n")
    os.write(1, b"os.write\\n")
    subprocess.run(["echo", "subprocess"])
    print("to stderr", file=sys.stderr)
    if fail:
        raise OSError("failed")
    return "result"
"""
PRINTED = ("while loading", "print", "write", "dunder", "os.write", "subprocess")


def test_under_json_everything_the_users_code_prints_goes_to_stderr(project: MakeProject) -> None:
    made = project({"app.py": LOUD})
    for args in (["--json", "app.py", "main"], ["app.py", "main", "--json"]):
        result = made.flyte("run", *args).expect()
        assert result.json["outputs"] == {"o0": "result"}
        for text in (*PRINTED, "to stderr"):
            assert f"{text}\n" in result.err
    failed = made.flyte("run", "--json", "app.py", "main", "--fail").expect(1)
    assert failed.json["error"]["code"] == "OSError"
    assert all(text in failed.err for text in PRINTED)


def test_without_json_the_users_prints_come_before_the_result(project: MakeProject) -> None:
    made = project({"app.py": LOUD})
    result = made.flyte("run", "app.py", "main").expect()
    assert sorted(result.out.splitlines()[:-1]) == sorted(PRINTED)
    assert result.out.endswith("result\n")
    assert result.err == "to stderr\n"


@pytest.mark.parametrize(
    "line",
    ["build -q app.py --dry-run", "explain image app.py", "explain cache app.py main", "run -q app.py main --dry-run",
     "run -q --dry-run app.py main", "explain bundle app.py", "deploy -q --dry-run app.py"],
)  # fmt: skip
def test_what_a_module_prints_when_it_is_imported_is_no_result(project: MakeProject, line: str) -> None:
    source = """
        import flyte

        print("noi" + "se")
        image = flyte.Image.from_debian_base(python_version=(3, 12), install_flyte=False)
        env = flyte.TaskEnvironment("app", image=image, cache="auto")

        @env.task
        def main() -> int:
            return 1
        """
    result = project({"app.py": source}).flyte(*line.split()).expect()
    assert "noise" not in result.out
    assert "noise" in result.err
    assert result.out.strip()


def test_what_is_printed_while_loading_a_broken_module_is_kept_off_stdout_too(project: MakeProject) -> None:
    made = project({"app.py": "print('noise')\nraise RuntimeError('broken')\n"})
    result = made.flyte("run", "--json", "app.py", "main").expect(1)
    assert "broken" in result.json["error"]["message"]
    assert "noise" in result.err


def test_pipes_get_no_ansi(app: Project) -> None:
    app.write({"bad.py": "import flyte\n\n@flyte.task\ndef main() -> None:\n    raise ValueError('x')\n"})
    for args in (
        ["--help"],
        ["run", "app.py", "--help"],
        ["run", "app.py", "main", "--help"],
        ["run", "app.py", "mian"],
        ["run", "bad.py", "main"],
    ):
        for env in ({}, {"TERM": "xterm-256color", "COLORTERM": "truecolor"}):
            result = app.flyte(*args, env=env)
            assert "\x1b" not in result.out + result.err


def test_no_color_and_a_narrow_terminal_are_honoured(app: Project) -> None:
    with app.flyte_on_terminal("run", "app.py", "main", "--help", env={"NO_COLOR": "1"}, columns=40) as terminal:
        result = terminal.finish().expect()
    assert "\x1b[3" not in result.out
    assert "--title" in result.out


def test_values_that_json_does_not_know_are_written_all_the_same(project: MakeProject) -> None:
    code = """
    import datetime, decimal, enum, pathlib, uuid
    from dataclasses import dataclass
    from typing import Any
    import flyte

    class Color(enum.Enum):
        RED = "red"

    @dataclass
    class Point:
        x: int
        inner: "Point | None" = None

    class Odd:
        pass

    @flyte.task
    def main() -> tuple[
        datetime.datetime, bytes, set[int], Color, Point, float, pathlib.Path, Any, dict[int, str], Any
    ]:
        moment = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
        first = moment, b"\\x00\\xff", {3, 1}, Color.RED, Point(1, Point(2))
        return *first, float("nan"), pathlib.Path("a"), Odd(), {1: "a"}, None
    """
    made = project({"app.py": code})
    outputs = made.flyte("run", "--json", "app.py", "main").expect().json["outputs"]
    assert outputs["o0"].startswith("2026-01-02T00:00:00")
    assert sorted(outputs["o2"]) == [1, 3]
    assert outputs["o4"] == {"x": 1, "inner": {"x": 2, "inner": None}}
    assert outputs["o6"] == "a"
    assert outputs["o9"] is None
    shown = made.flyte("run", "app.py", "main").expect().out
    assert shown.count("\n") >= 10
    assert "o9: null" in shown


def test_the_order_of_a_set_does_not_change_from_run_to_run(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import flyte

                @flyte.task
                def main() -> set[str]:
                    return {'one', 'two', 'three', 'four', 'five'}
            """
        }
    )
    seen = {made.flyte("run", "app.py", "main", env={"PYTHONHASHSEED": str(seed)}).expect().out for seed in range(4)}
    assert len(seen) == 1


def test_a_terminal_that_knows_ascii_only_gets_escapes_and_no_error(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import flyte

                @flyte.task
                def main(fail: bool = False) -> str:
                    if fail:
                        raise ValueError('größe')
                    return 'größe ☃'
            """
        }
    )
    ascii_only = {"PYTHONIOENCODING": "ascii", "LANG": "C"}
    assert made.flyte("run", "app.py", "main", env=ascii_only).expect().out == "gr\\xf6\\xdfe \\u2603\n"
    assert "gr\\xf6\\xdfe" in made.flyte("run", "app.py", "main", "--fail", env=ascii_only).expect(1).err
    assert made.flyte("run", "--json", "app.py", "main", env=ascii_only).expect().json["outputs"]["o0"] == "größe ☃"


def test_a_large_result_is_whole_in_a_pipe_and_as_json(project: MakeProject) -> None:
    made = project({"app.py": "import flyte\n\n@flyte.task\ndef main() -> str:\n    return 'x' * 300_000\n"})
    assert made.flyte("run", "app.py", "main").expect().out == "x" * 300_000 + "\n"
    assert len(made.flyte("run", "--json", "app.py", "main").expect().json["outputs"]["o0"]) == 300_000


def _start(made: Project, args: list[str], stdout: int | IO[bytes]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [FLYTE, *args],
        cwd=made.path,
        env=made.environment(),
        timeout=20,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    "args", [["app.py", "main", "--x", "1"], ["--json", "app.py", "main", "--x", "1"], ["app.py", "--help"]]
)
def test_a_full_disk_under_stdout_is_an_error(app: Project, args: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = _start(app, ["run", *args], stdout=full)
    assert done.returncode not in (0, 2), done.stderr
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    "args", [["app.py", "main", "--x", "1"], ["--json", "app.py", "main", "--x", "1"], ["app.py", "--help"]]
)
def test_a_reader_that_has_gone_ends_the_command_without_a_traceback(app: Project, args: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = _start(app, ["run", *args], stdout=writing)
    finally:
        os.close(writing)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert b"bug" not in done.stderr


@pytest.mark.parametrize("redirect", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("task", ["main", "fails"])
def test_closed_streams_do_not_disturb_the_work(project: MakeProject, redirect: str, task: str) -> None:
    code = """
    import os
    import flyte

    @flyte.task
    def main() -> int:
        with open("done.txt", "w") as file:
            file.write("done")
        print("printed")
        return 1

    @flyte.task
    def fails() -> int:
        main()
        raise ValueError("failed")
    """
    made = project({"app.py": code})
    for json_option in ("", "--json"):
        (made.path / "done.txt").unlink(missing_ok=True)
        command = ["sh", "-c", f'"{FLYTE}" run {json_option} app.py {task} {redirect}']
        done = run_process(command, cwd=made.path, env=made.environment(), timeout=20)
        assert made.read("done.txt") == "done", done
        assert "flytectl_py" not in done.err, done
        assert "bug" not in done.err, done
        if task == "fails":
            assert done.code == 1, done
        elif " >&-" not in f" {redirect}":
            # Where nobody takes the result, that may be told by the exit code or not.
            assert done.code == 0, done


def test_a_task_can_read_stdin(project: MakeProject) -> None:
    made = project({"app.py": "import sys, flyte\n\n@flyte.task\ndef main() -> str:\n    return sys.stdin.read()\n"})
    assert made.flyte("run", "app.py", "main", stdin="from outside").expect().out == "from outside\n"


def test_logging_of_the_users_own_is_left_alone(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import logging, flyte
                logging.basicConfig(level=logging.INFO, format='%(message)s')

                @flyte.task
                def main() -> int:
                    logging.info('told')
                    return 1
            """
        }
    )
    result = made.flyte("run", "app.py", "main").expect()
    assert (result.out, result.err) == ("1\n", "told\n")


def test_errors_before_the_file_is_loaded_are_json_too(app: Project) -> None:
    for args in (
        ["run", "--json", "nothing.py", "main"],
        ["run", "app.py", "--json", "nothing"],
        ["--json", "nothing"],
        ["run", "app.py", "main", "--x", "a", "--json"],
    ):
        result = app.flyte(*args).expect(2)
        assert set(result.json) == {"error"}
        assert result.err == ""
        assert result.json["error"]["message"]


@pytest.mark.parametrize("statement", ["sys.stdout.close()", "sys.stdout = None"])
def test_a_task_that_takes_stdout_away_still_has_a_result(project: MakeProject, statement: str) -> None:
    source = f"import sys\nimport flyte\n\n@flyte.task\ndef main() -> int:\n    {statement}\n    return 3\n"
    made = project({"app.py": source})
    result = made.flyte("run", "app.py", "main").expect()
    assert (result.out, result.err) == ("3\n", "")
    assert made.flyte("run", "--json", "app.py", "main").expect().json["outputs"] == {"o0": 3}


@pytest.mark.parametrize(
    "args", [["logs", "long"], ["logs", "long", "--json"], ["run", "--json", "app.py", "main"]], ids=" ".join
)
def test_head_is_satisfied_with_the_first_bytes(project: MakeProject, args: list[str]) -> None:
    source = "import flyte\n\n@flyte.task\ndef main() -> str:\n    print('x' * 500_000)\n    return 'y' * 500_000\n"
    made = project({"app.py": source})
    made.flyte("run", "--name", "long", "app.py", "main").expect()
    said = made.path / "stderr"
    with (
        said.open("wb") as stderr,
        subprocess.Popen(
            [FLYTE, *args], cwd=made.path, env=made.environment(), stdout=subprocess.PIPE, stderr=stderr
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.wait(30) == 0
    assert said.read_text().replace("x", "").strip() == ""


@pytest.mark.parametrize("flush", ["True", "False"])
def test_a_task_goes_on_when_nobody_reads_what_it_prints(project: MakeProject, flush: str) -> None:
    source = f"""
        import flyte

        @flyte.task
        def main() -> int:
            for i in range(100_000):
                print(i, flush={flush})
            open("done", "w").close()
            return 1
        """
    made = project({"app.py": source})
    said = made.path / "stderr"
    command = [FLYTE, "run", "--name", "first", "app.py", "main"]
    with (
        said.open("wb") as stderr,
        subprocess.Popen(
            command, cwd=made.path, env=made.environment(), stdout=subprocess.PIPE, stderr=stderr
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.wait(30) == 0
    assert said.read_text() == ""
    assert (made.path / "done").exists()
    assert made.flyte("get", "run", "first", "--json").expect().json["phase"] == "succeeded"


# Errors and documents


def test_verbose_says_the_code_under_which_an_error_is_explained(app: Project) -> None:
    assert "code:" not in app.flyte("run", "app.py", "mian").expect(2).err
    for option in ("-v", "--verbose"):
        assert app.flyte("run", option, "app.py", "mian").expect(2).err.endswith("  code: UnknownNameError\n")


def test_the_version_is_a_document_too(app: Project) -> None:
    text = app.flyte("--version").expect().out
    assert text == f"flyte {app.flyte('--version', '--json').expect().json['version']}\n"


@pytest.mark.parametrize("form", [["-of", "json"], ["--output-format=json"], ["--output-format", "json"]])
def test_errors_in_options_are_json_in_every_spelling(app: Project, form: list[str]) -> None:
    assert app.flyte("run", *form, "--nmae", "x", "app.py", "main").expect(2).json["error"]["code"] == "UsageError"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("run app.py main --x 1", 0),
        ("run app.py main --x a", 2),
        ("run --json app.py main --x 1", 0),
        ("run --progress app.py main --x 1", 0),
        ("bundle app.py", 0),
        ("bundle -v app.py", 0),
        ("get run nope", 2),
    ],
)
def test_a_full_disk_under_stderr_changes_no_exit_code(app: Project, line: str, code: int) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [FLYTE, *line.split()],
            cwd=app.path,
            env=app.environment(),
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=full,
        )
    assert done.returncode == code
    assert bool(done.stdout) == (code == 0)


def test_what_a_failing_command_says_of_its_line(app: Project) -> None:
    assert "Run a task of a Python file in the folder '.'." in app.flyte("run", ".", "--help").expect().out
    assert "Run a task of app.py" in app.flyte("run", "app.py", "--help").expect().out
    assert "--foreground" in app.flyte("start", "--foreground", "--json").expect(2).json["error"]["message"]


def test_data_that_cannot_be_written_is_said_without_our_frames(project: MakeProject) -> None:
    code = """
    import flyte
    from flyte.io import Dir, File

    env = flyte.TaskEnvironment(name="data")

    @env.task
    def one() -> File:
        return File.from_local_sync("a.txt")

    @env.task
    def all() -> Dir:
        return Dir.from_local_sync("folder")

    @env.task
    def opens() -> File:
        file = File.new_remote()
        with file.open_sync("wb") as out:
            out.write(b"x")
        return file
    """
    made = project({"app.py": code, "a.txt": "a", "folder/b.txt": "b", "file": ""})
    for task in ("one", "all", "opens"):
        for place in ("file/below", "/proc/nowhere"):
            result = made.flyte("run", "--raw-data-path", place, "app.py", task).expect(1)
            assert place in result.err
            assert ("--raw-data-path" in result.err) == (task != "opens")
            assert "pathlib" not in result.err
            assert "During handling" not in result.err


@pytest.mark.parametrize(
    "line", ["run app.py main --x 1", "run --progress app.py main --x 1", "bundle app.py", "get run"]
)
def test_nothing_is_drawn_under_json_on_a_terminal(app: Project, line: str) -> None:
    with app.flyte_on_terminal("--json", *line.split()) as terminal:
        out = terminal.finish().expect().out
    assert json.loads(out[out.index("{") :])
