"""Files that cannot be loaded: where, why, and only the frames of the user."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.frames import only_user_frames
from tests.support.process import FLYTE
from tests.support.project import Project

MakeProject = Callable[..., Project]

TASK = """
import flyte

@flyte.task
def main() -> str:
    return "ran"
"""


BROKEN = {
    "syntax error": ("import flyte\n\ndef main(:\n    pass\n", "SyntaxError", "app.py:3"),
    "wrong name": ("import flyte\n\nprint(undefined_name)\n", "NameError", "app.py:3"),
    "raise in a function": ("def f():\n    return 1 / 0\n\nf()\n", "ZeroDivisionError", "app.py:2"),
    "indentation": ("if True:\nx = 1\n", "IndentationError", "app.py:2"),
    "null byte": ("x = 1\x00\n", "null bytes", "app.py"),
    "exit": ("import sys\nsys.exit(0)\n", "sys.exit(0)", "app.py:2"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_module_shows_the_place_and_only_the_users_frames(project: MakeProject, kind: str) -> None:
    code, error, place = BROKEN[kind]
    made = project({"app.py": code})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert error in result.err
    assert place in result.err
    if 'File "' in result.err:
        only_user_frames(result.err, made)
    assert result.out == ""
    document = made.flyte("run", "--json", "app.py", "main").expect(1).json["error"]
    assert place in document["where"]
    assert error in document["message"]


def test_a_broken_import_shows_the_way_through_the_users_files(project: MakeProject) -> None:
    made = project(
        {
            "app.py": "import flyte\nimport middle\n",
            "middle.py": "from inner import x\n",
            "inner.py": "# one\n# two\nx = {}['key']\n",
        }
    )
    result = made.flyte("run", "app.py", "main").expect(1)
    only_user_frames(result.err, made)
    assert [result.err.index(name) for name in ("app.py", "middle.py", "inner.py")] == sorted(
        result.err.index(name) for name in ("app.py", "middle.py", "inner.py")
    )
    assert "inner.py:3" in result.err
    assert "KeyError" in result.err


def test_a_missing_package_is_named_with_the_line_that_wants_it(project: MakeProject) -> None:
    made = project({"app.py": "import flyte\nimport sklearn_missing.tree\n"})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "sklearn_missing" in result.err
    assert "app.py:2" in result.err
    assert "hint:" in result.err
    only_user_frames(result.err, made)
    known = project({"app.py": "import flyte\nimport skimage\n"}, name="known").flyte("run", "app.py", "main").expect(1)
    assert "scikit-image" in known.err


def test_a_wrong_declaration_says_parameter_value_and_what_is_allowed(project: MakeProject) -> None:
    made = project(
        {"app.py": "import flyte\n\nenv = flyte.TaskEnvironment(name='a', resources=flyte.Resources(gpu='A1000:1'))\n"}
    )
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "A1000:1" in result.err
    assert "A100:1" in result.err
    assert "app.py:3" in result.err


def test_two_files_that_declare_one_environment_are_both_named(project: MakeProject) -> None:
    declared = "import flyte\n\nenv = flyte.TaskEnvironment(name='etl')\n\n@env.task\ndef {0}() -> int:\n    return 1\n"
    made = project({"app.py": "import other\n" + declared.format("one"), "other.py": declared.format("two")})
    result = made.flyte("run", "app.py", "one")
    assert result.code in (1, 2)
    for text in ("'etl'", "app.py", "other.py"):
        assert text in result.err, result
    only_user_frames(result.err, made)


@pytest.mark.parametrize(
    ("files", "target", "says"),
    [
        ({"empty.py": ""}, "empty.py", "no tasks"),
        ({"notes.txt": "x"}, "notes.txt", "Python file"),
        ({"book.ipynb": "{}"}, "book.ipynb", "notebook"),
        ({"empty/": ""}, "empty", "Python file"),
        ({"tasks.py": TASK}, "taks.py", "did you mean 'tasks.py'?"),
        ({"sub/tasks.py": TASK}, "sbu/tasks.py", "sbu"),
    ],
)
def test_what_cannot_be_run_is_a_usage_error(
    project: MakeProject, files: dict[str, str], target: str, says: str
) -> None:
    made = project(files)
    for args in ([target], [target, "main"]):
        result = made.flyte("run", *args).expect(2)
        assert says in result.err or (args[1:] and "no task 'main'" in result.err), result
        assert "Traceback" not in result.err


def test_a_binary_file_is_refused_without_a_traceback_of_ours(project: MakeProject) -> None:
    made = project({"app.py": b"\x7fELF\x00\xff\xfe\x80binary"})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "app.py" in result.err
    if 'File "' in result.err:
        only_user_frames(result.err, made)


# Root may read and write everything, unless what follows is without these two capabilities.
AS_ANYBODY = """
import ctypes, os, sys

if os.geteuid() == 0:
    dac_override, dac_read_search, drop = 1, 2, 24
    for capability in (dac_override, dac_read_search):
        assert ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_file_without_permission_says_so(project: MakeProject) -> None:
    made = project({"app.py": TASK, "as_anybody.py": AS_ANYBODY})
    (made.path / "app.py").chmod(0)
    result = made.python("as_anybody.py", FLYTE, "run", "app.py", "main")
    assert result.code in (1, 2)
    assert "ermission denied" in result.err
    assert "app.py" in result.err
    assert "Traceback" not in result.err


def test_a_folder_that_may_not_be_written_is_no_obstacle(project: MakeProject) -> None:
    made = project({"app.py": TASK, "as_anybody.py": AS_ANYBODY})
    made.path.chmod(0o555)
    try:
        assert made.python("as_anybody.py", FLYTE, "run", "app.py", "main").expect().out == "ran\n"
    finally:
        made.path.chmod(0o755)


def test_a_folder_that_is_gone_is_told(project: MakeProject) -> None:
    made = project({"app.py": TASK, "gone/": ""})
    script = """
        import os, sys, subprocess
        os.rmdir(os.getcwd())
        sys.exit(subprocess.call([sys.argv[1], 'run', 'app.py', 'main']))
    """
    made.write({"go.py": script})
    result = made.python(made.path / "go.py", FLYTE, cwd="gone")
    result.expect(3)
    assert "Traceback" not in result.err
    assert "the current folder is not there any more" in result.err
