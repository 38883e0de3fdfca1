"""What `flyte run` can be pointed at, and what it says of files that it cannot load."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]

TASK = """
import flyte

@flyte.task
def main() -> str:
    return "ran"
"""
OURS = ("flytectl_py", "typer", "importlib", "runpy")


def only_user_frames(text: str, made: Project) -> None:
    """Check that every frame of a traceback lies in the project."""
    frames = [line for line in text.splitlines() if line.lstrip().startswith('File "')]
    assert frames, text
    for line in frames:
        assert not any(name in line for name in OURS), text
        assert str(made.path) in line or 'File "<' in line or not os.path.isabs(line.split('"')[1]), text


@pytest.mark.parametrize(
    "name", ["json.py", "random.py", "asyncio.py", "typing.py", "flyte_tasks.py", "email.py", "test.py", "run.py"]
)
def test_a_file_named_like_a_standard_module(project: MakeProject, name: str) -> None:
    others = "import asyncio, dataclasses, email.message, inspect, random, typing\n" if name == "flyte_tasks.py" else ""
    made = project({name: others + TASK})
    assert made.flyte("run", name, "main").expect().out == "ran\n"
    assert made.flyte("run", "--json", name, "main").expect().json["outputs"] == {"o0": "ran"}


def test_a_file_beside_the_entry_that_is_named_like_a_standard_module(project: MakeProject) -> None:
    made = project({"app.py": TASK, "json.py": "raise SystemExit('shadowed')\n", "logging.py": "1/0\n"})
    assert made.flyte("run", "--json", "app.py", "main").expect().json["outputs"] == {"o0": "ran"}


@pytest.mark.parametrize(
    "path",
    [
        "my app/the tasks.py",
        "naïve/größe.py",
        "with-dash/my-tasks.py",
        "日本/仕事.py",
        "a.b/c.d.py",
        "1st/2nd.py",
        "class/import.py",
    ],
)
def test_paths_that_are_no_identifiers(project: MakeProject, path: str) -> None:
    made = project({path: TASK, path.rpartition("/")[0] + "/other.py": ""})
    assert made.flyte("run", path, "main").expect().out == "ran\n"
    folder, _, name = path.rpartition("/")
    assert made.flyte("run", name, "main", cwd=folder).expect().out == "ran\n"
    assert made.flyte("run", made.path / path, "main", cwd="/").expect().out == "ran\n"


def test_relative_imports_in_the_entry_file(project: MakeProject) -> None:
    entry = """
        from . import settings
        from ..shared.text import TEXT
        import flyte

        @flyte.task
        def main() -> str:
            return TEXT + settings.MARK
    """
    files = {"pkg/jobs/app.py": entry, "pkg/jobs/settings.py": "MARK = '!'\n", "pkg/shared/text.py": "TEXT = 'hi'\n"}
    packages = {"pkg/__init__.py": "", "pkg/jobs/__init__.py": "", "pkg/shared/__init__.py": ""}
    for name, more in (("packages", packages), ("namespaces", {})):
        made = project({**files, **more}, name=name)
        assert made.flyte("run", "pkg/jobs/app.py", "main").expect().out == "hi!\n"
        assert made.flyte("run", "app.py", "main", cwd="pkg/jobs").expect().out == "hi!\n"


def test_the_init_file_of_a_package_can_hold_tasks(project: MakeProject) -> None:
    made = project({"pkg/__init__.py": "from .part import X\n" + TASK, "pkg/part.py": "X = 1\n"})
    assert made.flyte("run", "pkg/__init__.py", "main").expect().out == "ran\n"


def test_src_layout_needs_no_installation(project: MakeProject) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'p'\n",
        "src/p/__init__.py": "",
        "src/p/jobs.py": "from p.values import X\nimport flyte\n\n@flyte.task\ndef main() -> int:\n    return X\n",
        "src/p/values.py": "X = 5\n",
        "scripts/go.py": "from p.jobs import main\n",
    }
    made = project(files)
    assert made.flyte("run", "src/p/jobs.py", "main").expect().out == "5\n"
    assert f"root {made.path / 'src'} (src layout" in made.flyte("run", "-v", "src/p/jobs.py", "main").expect().err


def test_root_dir_decides_what_modules_are_called(project: MakeProject) -> None:
    made = project(
        {"a/b/app.py": "import flyte\nNAME = __name__\n\n@flyte.task\ndef main() -> str:\n    return NAME\n"}
    )
    assert made.flyte("run", "a/b/app.py", "main").expect().out == "app\n"
    assert made.flyte("run", "--root-dir", ".", "a/b/app.py", "main").expect().out == "a.b.app\n"
    assert made.flyte("run", "a/b/app.py", "main", "--root-dir", "a").expect().out == "b.app\n"
    assert "--root-dir" in made.flyte("run", "a/b/app.py", "main", "--root-dir", "nowhere").expect(2).err
    made.write({"c/": ""})
    outside = made.flyte("run", "--root-dir", "c", "a/b/app.py", "main").expect(2).err
    assert "does not lie in the root" in outside


def test_a_module_is_loaded_once_also_where_it_imports_itself(project: MakeProject) -> None:
    code = """
    import flyte
    print("loading", __name__)

    @flyte.task
    def main() -> str:
        import __main__
        import app
        return f"{__main__ is app} {app.main is main}"
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "main").expect().out == "loading app\nTrue True\n"


def test_two_files_of_one_stem_in_different_folders(project: MakeProject) -> None:
    task = """
        import flyte

        {0} = flyte.TaskEnvironment(name='{0}')

        @{0}.task
        def from_{0}() -> str:
            return '{0}'
    """
    made = project({"a/tasks.py": task.format("a"), "b/tasks.py": task.format("b")})
    for name in ("a", "b"):
        assert made.flyte("run", ".", f"from_{name}").expect().out == f"{name}\n"
        assert made.flyte("run", f"{name}/tasks.py", f"from_{name}").expect().out == f"{name}\n"


def test_a_folder_is_loaded_without_what_is_hidden_or_installed_in_it(project: MakeProject) -> None:
    broken = "raise RuntimeError('must not be loaded')\n"
    made = project(
        {
            "app.py": TASK,
            "sub/deep/b.py": TASK.replace("main", "deep"),
            ".hidden/x.py": broken,
            ".venv/pyvenv.cfg": "",
            ".venv/x.py": broken,
            "env/pyvenv.cfg": "",
            "env/y.py": broken,
        }
    )
    assert made.flyte("run", ".", "main").expect().out == "ran\n"
    listed = made.flyte("run", ".", "--help").expect().out
    assert "deep() -> str" in listed


def test_a_symbolic_link_to_the_file_or_its_folder(project: MakeProject) -> None:
    made = project({"real/app.py": "from other import X\n" + TASK, "real/other.py": "X = 1\n"})
    (made.path / "link").symlink_to("real")
    assert made.flyte("run", "link/app.py", "main").expect().out == "ran\n"


def test_the_main_block_does_not_run_and_dunder_file_is_absolute(project: MakeProject) -> None:
    code = """
        import os, flyte
        FILE = __file__

        @flyte.task
        def main() -> bool:
            return os.path.isabs(FILE)

        if __name__ == '__main__':
            raise SystemExit('ran as a script')
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "main").expect().out == "true\n"


def test_classes_of_the_entry_file_can_be_pickled(project: MakeProject) -> None:
    code = """
    import pickle
    from dataclasses import dataclass
    import flyte

    @dataclass
    class Point:
        x: int

    @flyte.task
    def main() -> bool:
        return pickle.loads(pickle.dumps(Point(1))) == Point(1)
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "main").expect().out == "true\n"


def test_a_task_may_use_a_pool_of_processes(project: MakeProject) -> None:
    code = """
    import multiprocessing
    import flyte

    def double(x):
        return 2 * x

    @flyte.task
    def main() -> list[int]:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return pool.map(double, [1, 2])
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "main").expect().json == [2, 4]


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


def test_a_file_in_another_encoding_is_read_as_python_reads_it(project: MakeProject) -> None:
    latin = "# -*- coding: latin-1 -*-" + TASK.replace("ran", "größe")
    made = project({"app.py": latin.encode("latin-1"), "bom.py": b"\xef\xbb\xbf" + TASK.encode()})
    assert made.flyte("run", "app.py", "main").expect().out == "größe\n"
    assert made.flyte("run", "bom.py", "main").expect().out == "ran\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_says_so(project: MakeProject) -> None:
    made = project({"app.py": TASK})
    (made.path / "app.py").chmod(0)
    result = made.flyte("run", "app.py", "main")
    assert result.code in (1, 2)
    assert "ermission" in result.err


def test_a_folder_that_may_not_be_written_is_no_obstacle(project: MakeProject) -> None:
    made = project({"app.py": TASK})
    made.path.chmod(0o555)
    try:
        assert made.flyte("run", "app.py", "main").expect().out == "ran\n"
    finally:
        made.path.chmod(0o755)


def test_a_folder_that_is_gone_is_told(project: MakeProject) -> None:
    made = project({"app.py": TASK, "gone/": ""})
    script = """
        import os, sys, subprocess
        os.rmdir(os.getcwd())
        sys.exit(subprocess.call([sys.argv[1], 'run', 'app.py', 'main']))
    """
    from tests.support.process import FLYTE

    made.write({"go.py": script})
    result = made.python(made.path / "go.py", FLYTE, cwd="gone")
    assert result.code != 0
    assert "Traceback" not in result.err
    assert "folder" in result.err or "directory" in result.err
