"""Where a project begins, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.project.root import Root, find_root, relative_level


def root_of(folder: Path, target: str, **given: Path | None) -> Root:
    return find_root(folder / target, home=folder.parent, **given)


def test_a_lone_file_lies_in_its_root(tree):
    folder = tree({"app.py": ""})
    root = root_of(folder, "app.py")
    assert root.path == folder
    assert root.import_paths == (folder,)
    assert root.reason == "folder of app.py"


def test_the_parent_of_the_top_most_package(tree):
    folder = tree({"one/pkg/__init__.py": "", "one/pkg/sub/__init__.py": "", "one/pkg/sub/app.py": ""})
    root = root_of(folder, "one/pkg/sub/app.py")
    assert (root.path, root.reason) == (folder / "one", "parent of the top-most package")


def test_a_flat_project(tree):
    folder = tree({"pyproject.toml": "", "pkg/__init__.py": "", "pkg/app.py": ""})
    root = root_of(folder, "pkg/app.py")
    assert root.path == folder
    assert root.reason == f"folder of {folder / 'pyproject.toml'}"
    assert root.import_paths == (folder,)


def test_a_src_layout(tree):
    folder = tree({"pyproject.toml": "", "src/pkg/app.py": ""})
    root = root_of(folder, "src/pkg/app.py")
    assert root.path == folder / "src"
    assert root.reason == f"src layout of {folder / 'pyproject.toml'}"
    assert root.import_paths == (folder / "src", folder / "src/pkg")


def test_src_that_is_a_package_is_no_src_layout(tree):
    folder = tree({"pyproject.toml": "", "src/__init__.py": "", "src/app.py": ""})
    root = root_of(folder, "src/app.py")
    assert (root.path, root.import_paths) == (folder, (folder,))


def test_the_nearest_pyproject_counts(tree):
    folder = tree({"pyproject.toml": "", "member/pyproject.toml": "", "member/src/pkg/app.py": ""})
    assert root_of(folder, "member/src/pkg/app.py").path == folder / "member/src"


def test_the_search_ends_at_a_git_folder(tree):
    folder = tree({"pyproject.toml": "", "repo/.git/HEAD": "", "repo/app.py": ""})
    assert root_of(folder, "repo/app.py").path == folder / "repo"
    (folder / "repo/pyproject.toml").touch()
    assert root_of(folder, "repo/app.py").reason == f"folder of {folder / 'repo/pyproject.toml'}"


def test_a_pyproject_of_the_home_folder_does_not_count(tree):
    folder = tree({"pyproject.toml": "", "work/app.py": ""})
    assert find_root(folder / "work/app.py", home=folder).path == folder / "work"


def test_a_script_imports_what_lies_beside_it_last(tree):
    folder = tree({"pyproject.toml": "", "scripts/run.py": ""})
    assert root_of(folder, "scripts/run.py").import_paths == (folder, folder / "scripts")


def test_what_lies_beside_a_package_below_the_root_can_be_imported(tree):
    folder = tree({"pyproject.toml": "", "backend/app/__init__.py": "", "backend/app/main.py": ""})
    assert root_of(folder, "backend/app/main.py").import_paths == (folder, folder / "backend")


def test_an_explicit_root_is_first_choice(tree):
    folder = tree({"a/b/pyproject.toml": "", "a/b/app.py": "import flyte\nflyte.init(root_dir=__file__)"})
    root = root_of(folder, "a/b/app.py", explicit=folder / "a", configured=folder)
    assert (root.path, root.reason) == (folder / "a", "--root-dir")


def test_a_configured_root_comes_before_a_declared_one(tree):
    text = "import flyte, pathlib\nflyte.init(root_dir=pathlib.Path(__file__).parent)"
    folder = tree({"a/app.py": text})
    assert root_of(folder, "a/app.py", configured=folder).path == folder
    declared = root_of(folder, "a/app.py")
    assert (declared.path, declared.reason) == (folder / "a", "init(root_dir=…) at app.py:2")


def test_a_declared_root_that_does_not_hold_the_file_is_none(tree):
    text = "import flyte, pathlib\nflyte.init(root_dir=pathlib.Path(__file__).parent / 'src')"
    folder = tree({"app.py": text, "src/x.py": ""})
    assert root_of(folder, "app.py").reason == "folder of app.py"


def test_a_root_above_src_imports_from_src_first(tree):
    folder = tree({"src/workflows/pipeline.py": "", "src/utils/helpers.py": ""})
    root = root_of(folder, "src/workflows/pipeline.py", explicit=folder)
    assert root.import_paths[:2] == (folder / "src", folder)


def test_relative_paths_are_relative_to_cwd(tree):
    folder = tree({"a/app.py": ""})
    root = find_root(Path("a/app.py"), explicit=Path("a/.."), cwd=folder, home=folder.parent)
    assert root.path == folder


@pytest.mark.parametrize("given", ["explicit", "configured"])
def test_a_root_that_does_not_hold_the_file(tree, given):
    folder = tree({"a/app.py": "", "b/x.py": ""})
    with pytest.raises(UsageError) as caught:
        root_of(folder, "a/app.py", **{given: folder / "b"})
    assert str(folder / "a/app.py") in caught.value.message
    assert str(folder / "b") in caught.value.message
    assert "--root-dir" in caught.value.hint


def test_a_root_that_does_not_exist(tree):
    folder = tree({"app.py": ""})
    with pytest.raises(UsageError, match="not a folder") as caught:
        root_of(folder, "app.py", explicit=folder / "none")
    assert caught.value.where == "--root-dir"


def test_a_root_written_through_a_symbolic_link(tree):
    folder = tree({"real/app.py": ""})
    (folder / "link").symlink_to(folder / "real")
    assert root_of(folder, "link/app.py", explicit=folder / "real").path == folder / "link"


def test_a_folder_with_a_src_layout(tree):
    folder = tree({"pyproject.toml": "", "src/pkg/app.py": ""})
    assert root_of(folder, ".").import_paths == (folder / "src", folder)
    assert root_of(folder, "src/pkg").path == folder / "src"


def test_relative_imports_reach_up(tree):
    folder = tree({"a/b/app.py": "from ..shared import x\n", "a/shared.py": "x = 1"})
    assert root_of(folder, "a/b/app.py").path == folder / "a"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (b"", 0),
        (b"from x import y", 0),
        (b"from . import y", 1),
        (b"def f():\n    from ..a.b import y\nfrom .c import z", 2),
    ],
)
def test_relative_level(text, level):
    assert relative_level(text) == level


def test_a_missing_file_suggests_one(tree):
    folder = tree({"pipeline.py": "", "other.py": ""})
    with pytest.raises(UsageError) as caught:
        root_of(folder, "pipelin.py")
    assert caught.value.hint == "did you mean 'pipeline.py'?"
    with pytest.raises(UsageError) as caught:
        root_of(folder, "zzz.py")
    assert caught.value.hint == f"{folder} holds other.py, pipeline.py"
    with pytest.raises(UsageError) as caught:
        root_of(folder, "pipeline")
    assert "pipeline.py'?" in caught.value.hint


def test_a_missing_folder_is_named(tree):
    folder = tree({"a.py": ""})
    with pytest.raises(UsageError, match="no folder"):
        root_of(folder, "none/a.py")


@pytest.mark.parametrize(("name", "said"), [("a.ipynb", "notebook"), ("a.txt", "not a Python file")])
def test_what_is_no_python_file(tree, name, said):
    folder = tree({name: "{}"})
    with pytest.raises(UsageError, match=said):
        root_of(folder, name)
