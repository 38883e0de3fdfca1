"""Which files of a folder are kept, in which order, and by which rule the others are not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from flytectl_py.project.ignore import ignore_rules
from flytectl_py.project.walk import Entry, Excluded, walk


def kept(folder) -> list[str]:
    return [entry.path for entry in walk(folder, ignore_rules(folder)) if isinstance(entry, Entry)]


def left_out(folder) -> dict[str, str]:
    return {entry.path: entry.rule for entry in walk(folder, ignore_rules(folder)) if isinstance(entry, Excluded)}


def test_files_come_in_the_order_of_their_paths(tree):
    folder = tree(dict.fromkeys(("b.py", "a/x.py", "a-b.py", "a.py", "a/b/c.txt", "Z.py"), ""))
    assert kept(folder) == sorted(kept(folder)) == ["Z.py", "a-b.py", "a.py", "a/b/c.txt", "a/x.py", "b.py"]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        (".git", ".git"),
        ("__pycache__", "__pycache__"),
        ("node_modules", "node_modules"),
        ("dist", "dist"),
        ("build", "build"),
        ("x.egg-info", "*.egg-info"),
        (".secret", "hidden folder"),
        (".flyte", "hidden folder"),
    ],
)
def test_built_in_rules_hold_at_any_depth(tree, name, rule):
    folder = tree({f"{name}/x.py": "", f"deep/er/{name}/x.py": "", "app.py": ""})
    assert kept(folder) == ["app.py"]
    assert left_out(folder) == {name: f"built-in: {rule}", f"deep/er/{name}": f"built-in: {rule}"}


def test_a_virtual_environment_of_any_name(tree):
    folder = tree({"stuff/pyvenv.cfg": "", "stuff/lib/x.py": ""})
    assert left_out(folder) == {"stuff": "built-in: virtual environment"}


def test_built_in_names_are_folders_and_hidden_files_are_kept(tree):
    assert kept(tree({"build": "", ".env.example": "", "dist.py": ""})) == [".env.example", "build", "dist.py"]


def test_gitignore_without_a_repository(tree):
    folder = tree(
        {".gitignore": "# c\n\n*.log\n!keep.log\n/top\n", "a.log": "", "keep.log": "", "top/x": "", "d/top/x": ""}
    )
    assert kept(folder) == [".gitignore", "d/top/x", "keep.log"]
    assert left_out(folder) == {"a.log": ".gitignore:3", "top": ".gitignore:5"}


def test_nested_gitignore_files(tree):
    folder = tree(
        {
            ".gitignore": "*.bin\n",
            "d/.gitignore": "!*.bin\n/x.py\n",
            "a.bin": "",
            "d/b.bin": "",
            "d/x.py": "",
            "d/e/x.py": "",
        }
    )
    assert left_out(folder) == {"a.bin": ".gitignore:1", "d/x.py": "d/.gitignore:2"}


def test_gitignore_above_the_folder_up_to_the_repository(tree):
    files = {"repo/.git/HEAD": "", "repo/.gitignore": "/pkg/out\n*.log\n", ".gitignore": "*\n", "repo/pkg/out": ""}
    folder = tree({**files, "repo/pkg/a.log": "", "repo/pkg/a.py": ""})
    assert kept(folder / "repo/pkg") == ["a.py"]
    assert left_out(folder / "repo/pkg")["out"] == f"{folder}/repo/.gitignore:1"


def test_what_git_excludes_for_this_clone_alone(tree):
    files = dict.fromkeys((".git/HEAD", "a.log", "keep.log", "notes.txt", "d/notes.txt", "d/x.log"), "")
    folder = tree({**files, ".git/info/exclude": "# mine\n*.log\n/notes.txt\n", ".gitignore": "!keep.log\n"})
    exclude = folder / ".git" / "info" / "exclude"
    assert left_out(folder) == {
        ".git": "built-in: .git",
        "a.log": f"{exclude}:2",
        "d/x.log": f"{exclude}:2",
        "notes.txt": f"{exclude}:3",
    }
    # From below as well: its paths count from the top of the repository.
    assert left_out(folder / "d") == {"x.log": f"{exclude}:2"}


def test_what_git_excludes_in_a_further_working_tree(tree):
    folder = tree(
        {
            "main/.git/info/exclude": "notes.txt\n",
            "main/.git/worktrees/wt/commondir": "../..\n",
            "wt/.git": "gitdir: ../main/.git/worktrees/wt\n",
            "wt/notes.txt": "",
            "wt/app.py": "",
        }
    )
    assert kept(folder / "wt") == [".git", "app.py"]


def test_a_folder_that_cannot_be_read(tree, monkeypatch):
    folder = tree({"app.py": "", "locked/x.py": ""})
    scandir = os.scandir

    def refuse(place):
        if str(place).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    assert left_out(folder) == {"locked": "cannot be read: Permission denied"}


def test_the_own_file_beats_the_built_in_list_which_beats_git(tree):
    folder = tree(
        {
            ".flyteignore": "*.csv\n!dist/\n!model.bin\n",
            ".gitignore": "*.bin\n!node_modules/\n",
            "data.csv": "",
            "dist/x.py": "",
            "model.bin": "",
            "other.bin": "",
            "node_modules/x.js": "",
        }
    )
    assert kept(folder) == [".flyteignore", ".gitignore", "dist/x.py", "model.bin"]
    assert left_out(folder) == {
        "data.csv": ".flyteignore:1",
        "node_modules": "built-in: node_modules",
        "other.bin": ".gitignore:1",
    }


def test_folders_left_out_are_not_entered(tree, monkeypatch):
    folder = tree({".gitignore": "big/\n", "big/a/b.py": "", "app.py": ""})
    entered: list[str] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: entered.append(str(path)) or scan(path))
    assert kept(folder) == [".gitignore", "app.py"]
    assert entered == [str(folder)]


def test_symbolic_links(tree, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x.py").touch()
    folder = tree({"pkg/a.py": "", "pkg/deep/b.py": ""})
    links = {
        "file.py": "pkg/a.py",
        "folder": "pkg",
        "pkg/deep/up": "..",
        "self": "self",
        "out": str(outside),
        "gone": "no",
    }
    for name, goal in links.items():
        (folder / name).symlink_to(goal)
    (folder / "out.py").symlink_to(outside / "x.py")
    entries = {entry.path: entry for entry in walk(folder, ignore_rules(folder)) if isinstance(entry, Entry)}
    assert list(entries) == ["file.py", "folder/a.py", "folder/deep/b.py", "pkg/a.py", "pkg/deep/b.py"]
    assert [entry.linked for entry in entries.values()] == [True, True, True, False, False]
    rules = left_out(folder)
    assert set(rules) == {"folder/deep/up", "pkg/deep/up", "self", "out", "out.py", "gone"}
    assert rules["out"] == f"symbolic link out of the folder, to {outside}"
    assert rules["gone"].startswith("broken symbolic link")
    assert "it lies in" in rules["pkg/deep/up"]


def test_pipes_are_left_out(tree):
    folder = tree({"a.py": ""})
    os.mkfifo(folder / "pipe")
    assert left_out(folder) == {"pipe": "not a regular file"}


def test_it_streams(tree):
    folder = tree({"a/x.py": "", "b/x.py": ""})
    walking = walk(folder, ignore_rules(folder))
    assert next(walking).path == "a/x.py"
    (folder / "b/y.py").touch()
    assert [entry.path for entry in walking] == ["b/x.py", "b/y.py"]


def test_the_pattern_library_is_imported_only_for_ignore_files(tree):
    folder = tree({"a.py": "", "d/b.py": ""})
    script = (
        "import sys, pathlib\n"
        "from flytectl_py.project.walk import walk\n"
        "from flytectl_py.project.ignore import ignore_rules\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "list(walk(folder, ignore_rules(folder)))\n"
        "sys.exit('pathspec' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(folder)], check=False).returncode == 0
    (folder / "d/.gitignore").write_text("x\n")
    assert subprocess.run([sys.executable, "-c", script, str(folder)], check=False).returncode == 1


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # What git itself keeps of the same files, `git ls-files --others --exclude-standard`.
        ("gen\n!src/\n", ["src/a.py", "src/deep/b.txt"]),
        ("src/**\n!src/a.py\n", ["gen", "src/a.py"]),
        ("/*\n!*/\n!*.py\n", ["src/a.py", "src/deep/b.txt", "src/gen/c.py"]),
        ("src/*\n!src/deep/\n", ["gen", "src/deep/b.txt"]),
        ("src/\n!src/a.py\n", ["gen"]),
        ("**/deep\n\\gen\n", ["src/a.py"]),
    ],
)
def test_rules_that_take_back_others(tree, rules, expected):
    folder = tree({".gitignore": rules, "gen": "", "src/a.py": "", "src/deep/b.txt": "", "src/gen/c.py": ""})
    assert [path for path in kept(folder) if path != ".gitignore"] == expected


def test_lines_of_an_ignore_file_are_counted_from_the_top(tree):
    folder = tree({".gitignore": "\n# x\n\n*.a\n\n*.b\n", "x.a": "", "x.b": ""})
    assert left_out(folder) == {"x.a": ".gitignore:4", "x.b": ".gitignore:6"}
