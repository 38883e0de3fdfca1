"""Whole projects in the layouts that people use, found, loaded and called as they stand."""

from __future__ import annotations

import asyncio

import pytest

from flytectl_py.errors import InitializationError, ModuleLoadError

ENV = "import pathlib\nimport flyte\nenv = flyte.TaskEnvironment(name='{0}')\n"


def test_a_workspace_with_one_lock_file(load_project, tmp_path):
    files = {
        "pyproject.toml": "[tool.uv]\npackage = true\n",
        "src/workspace_app/tasks/envs.py": ENV.format("etl"),
        "src/workspace_app/tasks/etl_tasks.py": (
            "from lib_transforms.ops import normalize\nfrom workspace_app.tasks.envs import env\n"
            "@env.task\nasync def etl_pipeline(n: int) -> list[float]:\n    return normalize(range(n))\n"
        ),
        "src/lib_transforms/ops.py": "def normalize(raw):\n    return [x / 2 for x in raw]\n",
        "src/workspace_app/main.py": (
            "import pathlib\nimport flyte\nfrom workspace_app.tasks.etl_tasks import etl_pipeline\n"
            "SRC_DIR = pathlib.Path(__file__).parent.parent\n"
            "if __name__ == '__main__':\n    flyte.init_from_config(root_dir=SRC_DIR)\n"
        ),
    }
    loaded = load_project(files, "src/workspace_app/main.py")
    assert loaded.root.path == tmp_path / "src"
    assert loaded.root.reason == "init_from_config(root_dir=…) at main.py:6"
    assert [name for name, _ in loaded.tasks()] == ["etl_pipeline"]
    assert asyncio.run(loaded.task("etl_pipeline")(n=3)) == [0.0, 0.5, 1.0]


def test_sibling_packages(load_project, tmp_path):
    files = {
        "pyproject.toml": "[tool.uv.sources]\nmy-app = { path = 'my_app' }\nmy-lib = { path = 'my_lib' }\n",
        "my_app/pyproject.toml": "[tool.uv.sources]\nmy-lib = { path = '../my_lib', editable = true }\n",
        "my_app/src/my_app/env.py": ENV.format("my_app"),
        "my_app/src/my_app/tasks.py": (
            "from my_app.env import env\n@env.task\nasync def compute_stats(values: list[float]) -> dict:\n"
            "    from my_lib.stats import mean\n    return {'mean': mean(values)}\n"
        ),
        "my_app/src/my_app/main.py": (
            "import pathlib\nimport flyte\nfrom my_app.env import env\nfrom my_app.tasks import compute_stats\n"
            "MY_APP_ROOT = pathlib.Path(__file__).parent.parent.parent\nSRC_DIR = MY_APP_ROOT / 'src'\n"
            "@env.task\nasync def pipeline(values: list[float]) -> float:\n"
            "    return (await compute_stats(values=values))['mean']\n"
            "if __name__ == '__main__':\n    flyte.init_from_config(root_dir=SRC_DIR)\n"
        ),
        "my_lib/pyproject.toml": "",
        "my_lib/src/my_lib/stats.py": "def mean(values):\n    return sum(values) / len(values)\n",
    }
    loaded = load_project(files, "my_app/src/my_app/main.py")
    assert loaded.root.path == tmp_path / "my_app/src"
    assert [name for name, _ in loaded.tasks()] == ["pipeline", "compute_stats"]
    assert asyncio.run(loaded.task("pipeline")([1.0, 3.0])) == 2.0
    assert loaded.siblings == {"my_lib": tmp_path / "my_lib/src"}


def test_shared_code_beside_the_project_with_a_declared_root(load_project, tmp_path):
    files = {
        "shared/common.py": "def shared_function():\n    return 7\n",
        "project/app.py": (
            "import flyte\nimport pathlib\nfrom shared.common import shared_function\n"
            "if __name__ == '__main__':\n    flyte.init_from_config(root_dir=pathlib.Path(__file__).parent.parent)\n"
            "@flyte.task\ndef t() -> int:\n    return shared_function()\n"
        ),
    }
    loaded = load_project(files, "project/app.py")
    assert loaded.root.path == tmp_path
    assert loaded.modules[0].__name__ == "project.app"
    assert loaded.task("t")() == 7


@pytest.mark.parametrize("init", ["", "/__init__.py"])
def test_a_package_in_src_whose_root_is_the_project(load_project, tmp_path, init):
    files = {
        "pyproject.toml": "",
        "src/my_package/__init__.py": "",
        "src/my_package/models/analyzer.py": "def analyze(data):\n    return str(len(data))\n",
        "src/my_package/main.py": (
            "import flyte, pathlib\nfrom my_package.models.analyzer import analyze\n"
            + ENV.format("pipeline")
            + "@env.task\ndef analyze_task(data: list[dict]) -> str:\n    return analyze(data)\n"
            "if __name__ == '__main__':\n    import flyte.git\n"
            "    flyte.init_from_config(None, root_dir=pathlib.Path(__file__).parent.parent.parent)\n"
        ),
    }
    if not init:
        del files["src/my_package/__init__.py"]
    loaded = load_project(files, "src/my_package/main.py")
    assert loaded.root.path == tmp_path
    assert loaded.root.import_paths[0] == tmp_path / "src"
    assert loaded.modules[0].__name__ == "my_package.main"
    assert loaded.task("analyze_task")([{"value": 1}]) == "1"


def test_current_domain_without_init_keeps_its_advice(load_project):
    with pytest.raises(ModuleLoadError) as caught:
        load_project({"app.py": "import flyte\n\nif flyte.current_domain() == 'development':\n    pass\n"})
    assert isinstance(caught.value.__cause__, InitializationError)
    assert "init" in caught.value.message + caught.value.hint
    assert caught.value.where.endswith("app.py:3")
