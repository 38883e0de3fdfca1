"""What is said when a module of the user's cannot be loaded."""

from __future__ import annotations

import pytest

from flytectl_py.errors import DeclarationError, ModuleLoadError
from flytectl_py.project.frames import user_traceback


@pytest.fixture
def failure(load_project):
    def fail(files, target="app.py", root=None) -> ModuleLoadError:
        with pytest.raises(ModuleLoadError) as caught:
            load_project(files, target, root)
        return caught.value

    return fail


def test_an_error_names_the_line_and_shows_only_the_users_frames(failure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = failure({"app.py": "import helper\n", "helper.py": "def f():\n    return x\nf()\n"})
    assert error.message == "cannot load app.py: NameError: name 'x' is not defined"
    assert error.where == "helper.py:2"
    assert error.exit_code == 1
    files = [line.split('"')[1] for line in error.user_traceback.splitlines() if line.startswith("  File")]
    assert files == [str(tmp_path / name) for name in ("app.py", "helper.py", "helper.py")]


def test_a_syntax_error(failure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = failure({"app.py": "import helper\n", "helper.py": "x = 1\ny = (\n"})
    assert error.message == "cannot load app.py: SyntaxError: '(' was never closed"
    assert error.where == "helper.py:2"
    assert "y = (" in error.user_traceback
    assert "^" in error.user_traceback


def test_a_missing_dependency(failure):
    error = failure({"app.py": "\nimport sklearn.linear\n"})
    assert error.message.endswith("No module named 'sklearn'")
    assert error.where.endswith("app.py:2")
    assert error.hint == "pip install scikit-learn"
    assert failure({"app.py": "import nonesuch\n"}).hint == "pip install nonesuch"


def test_a_missing_module_that_lies_elsewhere_in_the_project(failure, tmp_path):
    error = failure({".git/HEAD": "", "pkg/app.py": "from shared import x\n", "shared/x.py": ""}, "pkg/app.py")
    assert error.hint == f"shared is at {tmp_path / 'shared'}; pass --root-dir {tmp_path}"


def test_a_missing_package_of_the_src_layout_beside_which_a_script_lies(failure, tmp_path):
    error = failure({"pyproject.toml": "", "app.py": "import shop\n", "src/shop/__init__.py": ""})
    assert error.hint == (
        f"shop is at {tmp_path / 'src/shop'}, and only files below {tmp_path / 'src'} find it there without an "
        f"installation: pip install -e {tmp_path}, or move app.py to {tmp_path / 'src'}"
    )


def test_a_missing_part_of_a_package(failure, tmp_path):
    error = failure({"app.py": "import pkg.none\n", "pkg/__init__.py": ""})
    assert error.hint == f"pkg is {tmp_path / 'pkg/__init__.py'}, which has no none"


def test_a_module_hidden_by_a_standard_one(failure, tmp_path):
    error = failure({"app.py": "from queue import mine\n", "queue.py": "mine = 1"})
    assert error.hint.startswith(f"rename {tmp_path / 'queue.py'}")


def test_a_relative_import_without_a_package(failure):
    error = failure({"app.py": "import helper\n", "helper.py": "from .other import x\n", "other.py": ""})
    assert "__init__.py" in error.hint


def test_a_declaration_keeps_its_message_and_gets_the_line(failure):
    error = failure({"app.py": "import flyte\n\nenv = flyte.TaskEnvironment('no good')\n"})
    assert "TaskEnvironment(name=…): 'no good'" in error.message
    assert error.where.endswith("app.py:3")
    assert isinstance(error.__cause__, DeclarationError)


def test_exits(failure):
    error = failure({"app.py": "import sys\nsys.exit('no')\n"})
    assert error.message == "cannot load app.py: it ended the process with sys.exit('no')"
    assert error.where.endswith("app.py:2")
    assert "__main__" in error.hint


def test_base_exceptions(failure):
    error = failure({"app.py": "class Odd(BaseException): ...\nraise Odd('x')\n"})
    assert error.message == "cannot load app.py: Odd: x"


def test_endless_recursion_is_short(failure):
    text = "def f():\n    g()\ndef g():\n    f()\nf()\n"
    error = failure({"app.py": text})
    assert error.message == "cannot load app.py: RecursionError: maximum recursion depth exceeded"
    assert len(error.user_traceback.splitlines()) < 80
    assert "frames are left out" in error.user_traceback


def test_causes_are_shown(failure):
    text = "def f():\n    raise KeyError('a')\ntry:\n    f()\nexcept KeyError as e:\n    raise ValueError('b') from e\n"
    shown = failure({"app.py": text}).user_traceback
    assert shown.index("KeyError: 'a'") < shown.index("direct cause") < shown.index("ValueError: b")
    assert "flytectl_py" not in shown


def test_a_group_of_errors(failure):
    error = failure({"app.py": "raise ExceptionGroup('many', [ValueError('a'), KeyError('b')])\n"})
    assert "ValueError: a" in error.user_traceback
    assert "KeyError: 'b'" in error.user_traceback


def test_without_frames_of_the_users_the_error_stands_alone():
    with pytest.raises(ValueError, match="x") as caught:
        raise ValueError("x")
    assert "in test_without_frames" in user_traceback(caught.value)
    assert user_traceback(caught.value, hidden=(__file__,)) == "ValueError: x"
