"""Packages of other local projects, which uv's tables name, are importable without being installed."""

from __future__ import annotations

import pytest

from flytectl_py.errors import ModuleLoadError

APP = {
    "my_app/pyproject.toml": '[tool.uv.sources]\nmy-lib = { path = "../my_lib", editable = true }\n',
    "my_app/src/my_app/main.py": "def task():\n    from my_lib.stats import mean\n    return mean\n",
}
LIB = {"my_lib/pyproject.toml": "", "my_lib/src/my_lib/stats.py": "def mean(): ..."}
ENTRY = "my_app/src/my_app/main.py"


def test_a_path_source_is_found_by_a_late_import(load_project, tmp_path):
    loaded = load_project({**APP, **LIB}, ENTRY)
    assert loaded.siblings == {}
    assert loaded.modules[0].task().__module__ == "my_lib.stats"
    assert loaded.siblings == {"my_lib": tmp_path / "my_lib/src"}


def test_a_flat_package_and_a_single_module(load_project, tmp_path):
    files = {
        "pyproject.toml": '[tool.uv.sources]\na = { path = "libs/a" }\nb = [{ path = "libs/b" }, { git = "x" }]\n',
        "libs/a/a/__init__.py": "",
        "libs/b/b.py": "",
        "app/main.py": "import a, b\n",
    }
    assert set(load_project(files, "app/main.py").siblings) == {"a", "b"}


def test_members_of_a_workspace(load_project):
    files = {
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/old"]\n',
        "packages/app/pyproject.toml": "",
        "packages/app/src/app/main.py": "import lib\ntry:\n    import old\nexcept ImportError:\n    old = None\n",
        "packages/lib/pyproject.toml": "",
        "packages/lib/src/lib/__init__.py": "",
        "packages/old/pyproject.toml": "",
        "packages/old/src/old/__init__.py": "",
    }
    loaded = load_project(files, "packages/app/src/app/main.py")
    assert loaded.modules[0].old is None
    assert set(loaded.siblings) == {"lib"}


def test_what_a_sibling_depends_on(load_project):
    files = {
        **APP,
        "my_lib/pyproject.toml": '[tool.uv.sources]\ndeep = { path = "../deep" }\n',
        "my_lib/src/my_lib/stats.py": "from deep import mean\n",
        "deep/src/deep/__init__.py": "def mean(): ...",
    }
    loaded = load_project(files, ENTRY)
    assert loaded.modules[0].task().__module__ == "deep"


def test_the_project_itself_comes_before_a_sibling(load_project):
    files = {**APP, **LIB, "my_app/src/my_lib/stats.py": "mean = 'own'"}
    assert load_project(files, ENTRY).modules[0].task() == "own"


def test_a_folder_of_data_is_no_package(load_project):
    files = {**APP, "my_lib/data/x.csv": "", "my_app/src/my_app/main.py": "import data\n"}
    with pytest.raises(ModuleLoadError, match="No module named 'data'"):
        load_project(files, ENTRY)


def test_tables_that_cannot_be_read_name_nothing(load_project):
    for text in ("[tool.uv.sources", "[tool]\nuv = 3\n# tool.uv", "[tool.uv]\nsources = 1\nworkspace = {members = 2}"):
        files = {**APP, **LIB, "my_app/pyproject.toml": text, "my_app/src/my_app/main.py": "import my_lib.stats\n"}
        with pytest.raises(ModuleLoadError, match="my_lib"):
            load_project(files, ENTRY)
