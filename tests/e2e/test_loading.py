"""What `flyte run` can be pointed at, and what it says of files that it cannot load."""

from __future__ import annotations

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


def test_a_file_in_another_encoding_is_read_as_python_reads_it(project: MakeProject) -> None:
    latin = "# -*- coding: latin-1 -*-" + TASK.replace("ran", "größe")
    made = project({"app.py": latin.encode("latin-1"), "bom.py": b"\xef\xbb\xbf" + TASK.encode()})
    assert made.flyte("run", "app.py", "main").expect().out == "größe\n"
    assert made.flyte("run", "bom.py", "main").expect().out == "ran\n"


def test_help_of_a_folder_says_whose_tasks_of_one_name_are(project: MakeProject) -> None:
    code = "import flyte\n\nenv = flyte.TaskEnvironment('{0}')\n\n@env.task\ndef main() -> str:\n    return '{0}'\n"
    alone = "\n@env.task\ndef alone() -> int:\n    return 1\n"
    made = project({"a.py": code.format("hello"), "b.py": code.format("order") + alone})
    shown = made.flyte("run", ".", "--help").expect().out
    assert "\n  hello.main() -> str\n" in shown
    assert "\n  order.main() -> str\n" in shown
    assert "\n  alone() -> int\n" in shown
    assert "flyte run . hello.main --help" in shown
    assert made.flyte("run", ".", "order.main").expect().out == "order\n"
    assert "hello.main, order.main" in made.flyte("run", ".").expect(2).err
