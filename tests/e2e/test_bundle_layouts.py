"""The projects of examples/: what travels from each, from the command line and from Python."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.project import Project

Example = Callable[[str], Project]


def paths(made: Project, *args: str, cwd: str = ".") -> list[str]:
    document = made.flyte("bundle", *args, "--json", cwd=cwd).expect().json
    return [each["path"] for each in document["files"]]


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("packaging/basic", ["app.py"], ["app.py", "my_module.py"]),
        (
            "packaging/my_project",
            ["app.py"],
            ["app.py", "tasks/__init__.py", "tasks/data_tasks.py", "tasks/ml_tasks.py", "utils/__init__.py",
             "utils/models.py", "utils/preprocessing.py"],
        ),
        ("packaging/full_build", ["full_build.py"], ["dep.py", "full_build.py"]),
        (
            "packaging/multi_module",
            ["--root-dir", ".", "src/workflows/pipeline.py"],
            ["src/utils/helpers.py", "src/workflows/pipeline.py"],
        ),
        ("packaging/workspace", ["--root-dir", ".", "project/app.py"], ["project/app.py", "shared/common.py"]),
        (
            "packaging/monorepo",
            ["--root-dir", ".", "services/ml_service/workflows.py"],
            ["libs/data/loader.py", "libs/models/predictor.py", "services/ml_service/workflows.py"],
        ),
        (
            "packaging/my_package",
            ["--root-dir", ".", "src/my_package/main.py"],
            ["src/my_package/__init__.py", "src/my_package/data/loader.py", "src/my_package/data/processor.py",
             "src/my_package/main.py", "src/my_package/models/analyzer.py"],
        ),
        (
            "monorepo_shared_lock",
            ["src/workspace_app/main.py"],
            ["lib_models/baseline.py", "lib_transforms/ops.py", "workspace_app/main.py",
             "workspace_app/tasks/envs.py", "workspace_app/tasks/etl_tasks.py", "workspace_app/tasks/ml_tasks.py"],
        ),
        ("monorepo_siblings", ["my_app/src/my_app/main.py"], ["my_app/env.py", "my_app/main.py", "my_app/tasks.py"]),
    ],
)  # fmt: skip
def test_what_travels_from_an_example(example: Example, name: str, args: list[str], expected: list[str]) -> None:
    assert paths(example(name), *args) == expected


def test_a_sibling_package_that_the_image_holds_is_not_mentioned(example: Example) -> None:
    made = example("monorepo_siblings")
    document = made.flyte("bundle", "my_app/src/my_app/main.py", "--json").expect().json
    assert document["warnings"] == []
    assert document["root"].endswith("/my_app/src")


def test_names_are_relative_to_the_root_of_either_layout(example: Example) -> None:
    made = example("packaging/my_package")
    flat = paths(made, "--root-dir", ".", "src/my_package/main.py")
    nested = paths(made, "--root-dir", "src", "src/my_package/main.py")
    assert flat == [f"src/{path}" for path in nested]


def test_the_current_folder_does_not_matter(example: Example) -> None:
    made = example("packaging/my_project")
    here = made.flyte("bundle", "app.py", "-q").expect().out
    assert made.flyte("bundle", "../app.py", "-q", cwd="tasks").expect().out == here
    assert made.flyte("bundle", str(made.path / "app.py"), "-q", cwd="/").expect().out == here


def test_a_root_inside_a_package_is_warned_of(project: Callable[..., Project]) -> None:
    made = project({"shop/__init__.py": "", "shop/app.py": "from . import util\n", "shop/util.py": ""})
    warnings = made.flyte("bundle", "shop/app.py", "--root-dir", "shop", "--json").expect().json["warnings"]
    assert f"--root-dir {made.path}" in warnings[0]
    assert paths(made, "shop/app.py") == ["shop/__init__.py", "shop/app.py", "shop/util.py"]


def test_data_files_travel_with_all(example: Example) -> None:
    made = example("packaging/multi_module")
    assert "config.yaml" in paths(made, "--root-dir", ".", "--copy-style", "all", "src/workflows/pipeline.py")


def test_only_changed_code_gets_another_name(example: Example) -> None:
    made = example("packaging/my_project")
    before = made.flyte("bundle", "app.py", "-q").expect().out
    made.write({"unrelated.py": "x = 1\n", "README.md": "hello\n"})
    assert made.flyte("bundle", "app.py", "-q").expect().out == before
    (made.path / "utils/models.py").write_text(made.read("utils/models.py") + "# changed\n")
    assert made.flyte("bundle", "app.py", "-q").expect().out != before


@pytest.mark.parametrize("forbidden", ["google.protobuf", "fsspec", "yaml", "rich", "pydantic", "asyncio", "tomllib"])
def test_nothing_heavy_is_imported(project: Callable[..., Project], forbidden: str) -> None:
    made = project({"app.py": "import flyte\n"})
    profile = {"PYTHONPROFILEIMPORTTIME": "1", "PYTHONWARNINGS": None, "PYTHONPATH": None}
    lines = made.flyte("bundle", "app.py", env=profile).expect().err.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    assert "flytectl_py.engines.bundling" in imported
    assert not [each for each in imported if each == forbidden or each.startswith(f"{forbidden}.")]
