"""Loading the user's code: one module for one file, under the name by which the project imports it."""

from __future__ import annotations

import json
import random
import sys

import pytest

from flytectl_py.errors import DuplicateEnvironmentError, ModuleLoadError, UsageError
from flytectl_py.model.registry import current_registry
from flytectl_py.project.loader import load
from flytectl_py.project.root import find_root

ENV = "import flyte\nenv = flyte.TaskEnvironment('{name}')\n@env.task\ndef {task}(x: int) -> int:\n    return x\n"


def test_a_file_is_loaded_as_its_module(load_project):
    loaded = load_project({"app.py": ENV.format(name="e", task="main")})
    (module,) = loaded.modules
    assert module.__name__ == "app"
    assert sys.modules["app"] is module
    assert sys.modules["__main__"] is module
    assert loaded.task("main")(3) == 3
    assert current_registry.get() is loaded.registry


def test_main_blocks_do_not_run(load_project):
    loaded = load_project({"app.py": "ran = False\nif __name__ == '__main__':\n    ran = True\n"})
    assert loaded.modules[0].ran is False


def test_a_file_in_a_package(load_project):
    loaded = load_project(
        {
            "pkg/__init__.py": "seen = []\n",
            "pkg/sub/__init__.py": "",
            "pkg/sub/app.py": "from . import other\nfrom ..top import value\nfrom pkg.top import value as same\n",
            "pkg/sub/other.py": "",
            "pkg/top.py": "value = object()\n",
        },
        "pkg/sub/app.py",
    )
    (module,) = loaded.modules
    assert module.__name__ == "pkg.sub.app"
    assert module.value is module.same
    assert sys.modules["pkg.sub"].app is module


def test_a_package_without_init_files(load_project):
    loaded = load_project(
        {"pyproject.toml": "", "libs/data/loader.py": "x = 1", "services/ml/app.py": "from libs.data import loader\n"},
        "services/ml/app.py",
    )
    assert loaded.modules[0].__name__ == "services.ml.app"
    assert loaded.modules[0].loader.x == 1


def test_relative_imports_beside_a_file_without_a_package(load_project):
    loaded = load_project({"app.py": "from .helper import value\nimport helper\n", "helper.py": "value = object()"})
    assert loaded.modules[0].value is loaded.modules[0].helper.value


def test_relative_imports_above_a_file_without_a_package(load_project):
    loaded = load_project({"a/b/app.py": "from ..shared import value\n", "a/shared.py": "value = 5"}, "a/b/app.py")
    assert loaded.modules[0].value == 5


def test_a_root_above_src(load_project):
    loaded = load_project(
        {"src/workflows/pipeline.py": "from utils.helpers import value\n", "src/utils/helpers.py": "value = 1"},
        "src/workflows/pipeline.py",
        root=".",
    )
    assert loaded.modules[0].__name__ == "workflows.pipeline"


def test_a_script_below_the_root_imports_its_neighbours(load_project):
    loaded = load_project(
        {"pyproject.toml": "", "scripts/app.py": "import near\n", "scripts/near.py": "import far\n", "far.py": ""},
        "scripts/app.py",
    )
    assert loaded.modules[0].__name__ == "scripts.app"


def test_one_file_under_two_names_is_one_module(load_project):
    loaded = load_project(
        {
            "pyproject.toml": "",
            "scripts/app.py": "import near\nfrom scripts import near as same\nimport scripts.near as third\n",
            "scripts/near.py": ENV.format(name="near", task="t"),
        },
        "scripts/app.py",
    )
    (module,) = loaded.modules
    assert module.near is module.same is module.third
    assert module.near.__spec__.name == "near"


def test_a_package_under_two_names_is_one_package(load_project):
    loaded = load_project(
        {
            "pyproject.toml": "",
            "backend/app/__init__.py": "",
            "backend/app/main.py": "from app.other import thing\nfrom backend.app.other import thing as same\n",
            "backend/app/other.py": "thing = object()",
        },
        "backend/app/main.py",
    )
    (module,) = loaded.modules
    assert module.thing is module.same


def test_what_imports_the_entry_file_gets_it(load_project):
    loaded = load_project(
        {
            "app.py": "import sys\ncount = globals().get('count', 0) + 1\nvalue = object()\nimport helper\n",
            "helper.py": "import app\nimport __main__\nfrom __main__ import value\n",
        }
    )
    (module,) = loaded.modules
    assert module.helper.app is module.helper.__main__ is module
    assert module.count == 1


def test_a_package_that_imports_the_entry_file(load_project):
    loaded = load_project(
        {"pkg/__init__.py": "from pkg.app import runs\n", "pkg/app.py": "import builtins\nruns = []\nruns.append(1)\n"},
        "pkg/app.py",
    )
    assert loaded.modules[0] is sys.modules["pkg.app"] is sys.modules["__main__"]
    assert sys.modules["pkg"].runs is loaded.modules[0].runs == [1]


@pytest.mark.parametrize("name", ["json", "random", "types", "asyncio", "logging"])
def test_a_file_named_like_a_standard_module(load_project, name):
    standard = __import__(name)
    loaded = load_project({f"{name}.py": f"import {name} as standard\nmine = 1\n"}, f"{name}.py")
    (module,) = loaded.modules
    assert module.mine == 1
    assert module.standard is standard is sys.modules[name]
    assert module.__file__.endswith(f"{name}.py")
    assert sys.modules["__main__"] is module


def test_a_standard_module_wins_over_a_neighbour(load_project, monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    loaded = load_project({"app.py": "import colorsys\n", "colorsys.py": "raise AssertionError"})
    assert hasattr(loaded.modules[0].colorsys, "rgb_to_hsv")


def test_a_folder_named_like_a_standard_module(load_project):
    files = {"json/__init__.py": "", "json/app.py": "from .x import a\nimport json\n", "json/x.py": "a = 1"}
    loaded = load_project(files, "json/app.py")
    assert loaded.modules[0].json is json
    assert loaded.modules[0].a == 1


def test_a_file_named_like_an_installed_package(load_project):
    import flytectl_py

    loaded = load_project({"flyte.py": "import flytectl_py, flyte\n"}, "flyte.py")
    assert loaded.modules[0].flytectl_py is flytectl_py
    assert loaded.modules[0].flyte is not loaded.modules[0]
    loaded = load_project({"pytest.py": "import pytest as it\n"}, "pytest.py")
    assert loaded.modules[0].it is pytest


def test_a_file_beside_a_package_of_its_name(load_project):
    loaded = load_project({"app.py": "import app.other\nmine = 1\n", "app/__init__.py": "", "app/other.py": "x = 1"})
    assert loaded.modules[0].mine == 1
    assert loaded.modules[0].app.other.x == 1


@pytest.mark.parametrize(
    "name",
    ["my app.py", "mein-gerät.py", "日本.py", "v1.2.py", "with space/app.py", "v1.0/app.py", "a.b/c d/x.y.py", "1.py"],
)
def test_names_that_are_no_identifiers(load_project, name):
    loaded = load_project({name: "import pickle\ndef f(): ...\nassert pickle.loads(pickle.dumps(f)) is f\n"}, name)
    (module,) = loaded.modules
    assert module.__file__ == str(loaded.target)
    assert sys.modules[module.__name__] is module


def test_a_folder(load_project):
    loaded = load_project(
        {
            "b/app.py": ENV.format(name="b", task="main"),
            "a/app.py": ENV.format(name="a", task="main") + "import b.app\n",
            "a/__init__.py": "",
            "a/__main__.py": "raise AssertionError",
            "setup.py": "raise SystemExit",
            ".hidden/x.py": "raise AssertionError",
            "venv/pyvenv.cfg": "",
            "venv/lib/x.py": "raise AssertionError",
            "ignored.py": "raise AssertionError",
            ".gitignore": "ignored.py\n",
            "notes.txt": "",
        },
        ".",
    )
    assert [module.__name__ for module in loaded.modules] == ["a", "a.app", "b.app"]
    assert {env.name for env in loaded.environments} == {"a", "b"}
    assert "__main__" not in {module.__name__ for module in loaded.modules}


def test_files_of_one_stem_in_folders(load_project):
    loaded = load_project({"one/tasks.py": "n = 1", "two/tasks.py": "n = 2", "tasks.py": "n = 0"}, ".")
    assert sorted(module.n for module in loaded.modules) == [0, 1, 2]


def test_a_folder_of_projects(load_project):
    loaded = load_project(
        {
            "pyproject.toml": "",
            "my_app/pyproject.toml": "",
            "my_app/src/my_app/env.py": "value = object()",
            "my_app/src/my_app/main.py": "from my_app.env import value\nfrom my_lib.stats import mean\n",
            "my_lib/pyproject.toml": "",
            "my_lib/src/my_lib/stats.py": "def mean(): ...",
        },
        ".",
    )
    assert [module.__name__ for module in loaded.modules] == ["my_app.env", "my_app.main", "my_lib.stats"]
    assert loaded.modules[1].value is loaded.modules[0].value


def test_a_folder_with_symbolic_links_loads_each_file_once(load_project, tmp_path, tree):
    tree({"real/app.py": ENV.format(name="e", task="main")})
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    (tmp_path / "real/again.py").symlink_to(tmp_path / "real/app.py")
    loaded = load_project({}, ".")
    assert [module.__name__ for module in loaded.modules] == ["real.app"]


def test_a_folder_without_python(load_project):
    with pytest.raises(UsageError, match="no Python file"):
        load_project({"a.txt": ""}, ".")


def test_two_environments_of_one_name(load_project):
    text = ENV.format(name="same", task="main")
    with pytest.raises(ModuleLoadError) as caught:
        load_project({"a.py": text, "b.py": text}, ".")
    assert "a.py:2" in caught.value.message
    assert "b.py:2" in caught.value.message
    assert caught.value.where.endswith("b.py:2")


def test_two_environments_of_one_name_in_one_file(load_project):
    text = ENV.format(name="same", task="main")
    with pytest.raises(ModuleLoadError) as caught:
        load_project({"app.py": text + text})
    assert "two environments are named 'same'" in caught.value.message
    assert isinstance(caught.value.__cause__, DuplicateEnvironmentError)


def test_a_file_that_is_imported_under_two_names_declares_its_environment_once(load_project):
    text = ENV.format(name="same", task="main") + "import importlib, sys\nif __name__ == 'app':\n    import again\n"
    again = "import runpy\nrunpy.run_path(__file__.replace('again.py', 'app.py'), run_name='twin')\n"
    loaded = load_project({"app.py": text, "again.py": again})
    assert [env.name for env in loaded.environments] == ["same"]


def test_a_second_load_of_the_same_file(load_project, tmp_path):
    app = "from envs import env\n@env.task\ndef t(): ...\n"
    first = load_project({"app.py": app, "envs.py": ENV.format(name="e", task="u")})
    second = load(tmp_path / "app.py", find_root(tmp_path / "app.py", home=tmp_path.parent))
    assert second.modules == first.modules
    assert second.registry is not first.registry
    assert second.task("t") is first.task("t")
    assert [env.name for env in second.environments] == ["e"]


def test_a_failed_load_leaves_no_module_behind(load_project):
    main = sys.modules["__main__"]
    with pytest.raises(ModuleLoadError):
        load_project({"app.py": "1/0"})
    assert "app" not in sys.modules
    assert sys.modules["__main__"] is main


def test_interrupts_pass_through(load_project):
    with pytest.raises(KeyboardInterrupt):
        load_project({"app.py": "raise KeyboardInterrupt"})


def test_a_generators_exit_is_a_failure_like_any_other(load_project):
    with pytest.raises(ModuleLoadError, match=r"cannot load app\.py: GeneratorExit: gone"):
        load_project({"app.py": "raise GeneratorExit('gone')"})


def test_import_paths_come_first(load_project, tmp_path):
    load_project({"pyproject.toml": "", "scripts/app.py": ""}, "scripts/app.py")
    assert sys.path[:2] == [str(tmp_path), str(tmp_path / "scripts")]


def test_the_standard_random_module_is_itself():
    assert random.__file__.startswith(sys.base_prefix)
