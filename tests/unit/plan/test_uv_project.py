"""uv projects: locks, siblings and workspaces, read without running uv."""

from __future__ import annotations

from typing import Any

import pytest

from flytectl_py.errors import InvalidImageError
from flytectl_py.model.image import Image
from flytectl_py.plan.image import ImagePlan
from flytectl_py.plan.image_plan import ImageOptions, plan_image
from tests.support.image_sources import MemoryFiles

BARE = Image.from_debian_base(python_version=(3, 12), install_flyte=False)
APP = '[project]\nname = "my-app"\ndependencies = ["httpx>=1, <2", "my-lib"]\n[dependency-groups]\netl = ["pandas"]\n'
LOCK = """
[[package]]
name = "my-app"
version = "1"
source = { editable = "." }
[package.metadata]
requires-dist = [{ name = "httpx", specifier = ">=1,<2" }, { name = "my-lib", editable = "../my_lib" }]
[package.metadata.requires-dev]
etl = [{ name = "pandas" }]

[[package]]
name = "httpx"
version = "1"
source = { registry = "https://index.example/simple" }

[[package]]
name = "My_Lib"
version = "1"
source = { editable = "../my_lib" }
"""
SIBLINGS = {
    "app/pyproject.toml": APP,
    "app/uv.lock": LOCK,
    "app/src/my_app/main.py": "x = 1",
    "my_lib/pyproject.toml": '[project]\nname = "my-lib"\n',
    "my_lib/src/my_lib/stats.py": "y = 1",
}


def plan(files: dict[str, str], project: str = "app", **options: Any) -> ImagePlan:
    image = BARE.with_uv_project(f"{project}/pyproject.toml", **options)
    return plan_image(image, MemoryFiles(files), ImageOptions())


def context(planned: ImagePlan) -> list[str]:
    return [each.path.partition("/")[2] for each in planned.layers[0].files]


def fields(planned: ImagePlan) -> dict[str, Any]:
    return dict(planned.layers[0].fields)


def test_dependencies_only_takes_the_lock_and_the_metadata_of_siblings() -> None:
    planned = plan(SIBLINGS)
    assert context(planned) == ["app/pyproject.toml", "app/uv.lock", "my_lib/pyproject.toml"]
    assert fields(planned)["folder"] == "app"
    assert fields(planned)["without"] == ["flyte", "my-app", "my-lib"]
    assert planned.warnings == ()
    assert "cd /mnt/flyte/app && " in planned.dockerfile
    assert "--locked --no-install-project" in planned.dockerfile


@pytest.mark.parametrize("edited", ["app/src/my_app/main.py", "my_lib/src/my_lib/stats.py"])
def test_editing_code_moves_the_tag_only_where_the_project_is_installed(edited: str) -> None:
    after = {**SIBLINGS, edited: "changed"}
    assert plan(after).tag == plan(SIBLINGS).tag
    whole = {"project_install_mode": "install_project"}
    assert plan(after, **whole).tag != plan(SIBLINGS, **whole).tag


@pytest.mark.parametrize("edited", ["app/pyproject.toml", "app/uv.lock", "my_lib/pyproject.toml"])
def test_editing_what_says_the_dependencies_moves_it(edited: str) -> None:
    assert plan({**SIBLINGS, edited: SIBLINGS[edited] + "\n# more"}).tag != plan(SIBLINGS).tag


def test_install_project_takes_everything_and_installs_copies() -> None:
    planned = plan(SIBLINGS, project_install_mode="install_project")
    assert context(planned) == sorted(SIBLINGS)
    assert fields(planned)["without"] == ["flyte"]
    assert "--no-editable" in planned.dockerfile
    assert "--no-install-project" not in planned.dockerfile
    assert "target=/mnt/flyte,rw" in planned.dockerfile


def test_a_path_that_is_not_editable_is_a_dependency_with_all_its_files() -> None:
    files = {**SIBLINGS, "app/uv.lock": LOCK.replace('editable = "../my_lib"', 'directory = "../my_lib"')}
    planned = plan(files)
    assert "my_lib/src/my_lib/stats.py" in context(planned)
    assert fields(planned)["without"] == ["flyte", "my-app"]
    assert plan({**files, "my_lib/src/my_lib/stats.py": "z"}).tag != planned.tag


def test_two_groups_of_one_lock_are_two_images() -> None:
    etl, ml = plan(SIBLINGS, extra_args="--only-group etl"), plan(SIBLINGS, extra_args="--only-group ml")
    assert etl.tag != ml.tag
    assert etl.dockerfile.rstrip().endswith("--only-group etl")


def test_a_member_of_a_workspace_uses_the_lock_at_its_top() -> None:
    files = {
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
        "uv.lock": '[[package]]\nname = "a"\nsource = { editable = "packages/a" }\n'
        '[[package]]\nname = "b"\nsource = { editable = "packages/b" }\n',
        "packages/a/pyproject.toml": '[project]\nname = "a"\n',
        "packages/a/a.py": "",
        "packages/b/pyproject.toml": '[project]\nname = "b"\n',
        "packages/b/b.py": "",
    }
    planned = plan(files, "packages/a")
    assert context(planned) == ["packages/a/pyproject.toml", "packages/b/pyproject.toml", "pyproject.toml", "uv.lock"]
    assert fields(planned)["package"] == "a"
    assert fields(planned)["without"] == ["a", "b", "flyte"]
    assert "--package a " in planned.dockerfile


def test_a_lock_elsewhere_is_put_beside_the_project() -> None:
    files = {"app/pyproject.toml": '[project]\nname = "x"\n', "locks/prod.lock": '[[package]]\nname = "x"\n'}
    assert context(plan(files, uvlock="locks/prod.lock")) == ["pyproject.toml", "uv.lock"]


def test_without_a_lock_siblings_are_those_of_the_sources_and_it_says_so() -> None:
    app = APP + '[tool.uv.sources]\nmy-lib = { path = "../my_lib", editable = true }\n'
    planned = plan({**{k: v for k, v in SIBLINGS.items() if k != "app/uv.lock"}, "app/pyproject.toml": app})
    assert context(planned) == ["app/pyproject.toml", "my_lib/pyproject.toml"]
    assert "--locked" not in planned.dockerfile
    (warning,) = planned.warnings
    assert warning.startswith(
        "with_uv_project: there is no uv.lock beside app/pyproject.toml, so builds of one tag may"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"httpx>=1, <2"', '"httpx>=1, <2", "rich"', "rich is not in it"),
        ('"httpx>=1, <2", ', "", "httpx is only in it"),
        ('"httpx>=1, <2"', '"httpx>=1.1"', "httpx has another version in it"),
        ('["pandas"]', '["pandas", "polars"]', "polars is not in it"),
        ('"my-app"', '"other"', "it does not know the project 'other'"),
    ],
)
def test_a_stale_lock_is_a_warning(old: str, new: str, said: str) -> None:
    (warning,) = plan({**SIBLINGS, "app/pyproject.toml": APP.replace(old, new)}).warnings
    assert f"is older than it ({said})" in warning


def test_a_sibling_that_is_gone_is_a_fault() -> None:
    files = {path: text for path, text in SIBLINGS.items() if not path.startswith("my_lib")}
    with pytest.raises(InvalidImageError, match=r"my_lib/pyproject.toml does not exist, and the lock file names it"):
        plan(files)
