"""Whether an image holds a file from outside the root, by what its layers say."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import flyte
from flytectl_py.project.image_content import image_holds

BASE = flyte.Image.from_debian_base()
FILES = {
    "lib/pyproject.toml": '[project]\nname = "my-lib"\n',
    "lib/src/my_lib/stats.py": "",
    "app/pyproject.toml": '[project]\nname = "app"\ndependencies = ["numpy", "my_lib>=1"]\n',
    "other/pyproject.toml": '[project]\nname = "other"\ndependencies = ["numpy"]\n',
    "poetry/pyproject.toml": '[tool.poetry.dependencies]\nmy-lib = {path = "../lib"}\n',
    "broken/pyproject.toml": "[",
    "named.txt": "numpy\nMy.Lib[extra]==2  # ours\n",
    "path.txt": "-e ./lib\n",
    "url.txt": "my-thing @ file:///nowhere\n",
    "comment.txt": "numpy # my-lib\n",
    "imports.py": '# /// script\n# dependencies = ["numpy"]\n# ///\nimport my_lib\n',
    "script.py": '# /// script\n# dependencies = ["my-lib"]\n# ///\n',
}

Made = Callable[[Path], "flyte.Image | str"]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (lambda root: "auto", "missing"),
        (lambda root: "ghcr.io/acme/app:1", "unknown"),
        (lambda root: flyte.Image.from_base("ghcr.io/acme/app:1"), "unknown"),
        (lambda root: flyte.Image.from_ref_name("mine"), "unknown"),
        (lambda root: flyte.Image.from_dockerfile(root / "Dockerfile", "ghcr.io/acme", "app"), "unknown"),
        (lambda root: flyte.Image.from_base("ghcr.io/acme/app:1").with_source_folder(root / "lib/src/my_lib"), "held"),
        (lambda root: BASE, "missing"),
        (lambda root: BASE.with_commands(["make install"]), "unknown"),
        (lambda root: BASE.with_source_folder(root / "lib"), "held"),
        (lambda root: BASE.with_source_folder(root / "app"), "missing"),
        (lambda root: BASE.with_source_folder(root / "li"), "missing"),
        (lambda root: BASE.with_source_file(root / "lib/src/my_lib/stats.py"), "held"),
        (lambda root: BASE.with_source_file(root / "script.py"), "missing"),
        (lambda root: BASE.with_pip_packages("numpy", "my_lib[all]>=1"), "held"),
        (lambda root: BASE.with_pip_packages("numpy", "my-lib-tools"), "missing"),
        (lambda root: BASE.with_pip_packages("numpy", extra_args=f"-e {root}/lib"), "held"),
        (lambda root: BASE.with_requirements(root / "named.txt"), "held"),
        (lambda root: BASE.with_requirements(root / "path.txt"), "held"),
        (lambda root: BASE.with_requirements(root / "url.txt"), "missing"),
        (lambda root: BASE.with_requirements(root / "comment.txt"), "missing"),
        (lambda root: flyte.Image.from_uv_script(root / "imports.py", name="app"), "missing"),
        (lambda root: BASE.with_requirements(root / "nowhere.txt"), "missing"),
        (lambda root: flyte.Image.from_uv_script(root / "script.py", name="app"), "held"),
        (lambda root: BASE.with_uv_project(root / "app/pyproject.toml"), "held"),
        (lambda root: BASE.with_uv_project(root / "other/pyproject.toml"), "missing"),
        (lambda root: BASE.with_uv_project(root / "broken/pyproject.toml"), "missing"),
        (lambda root: BASE.with_uv_project(root / "lib/pyproject.toml"), "missing"),
        (
            lambda root: BASE.with_uv_project(root / "lib/pyproject.toml", project_install_mode="install_project"),
            "held",
        ),
        (lambda root: BASE.with_poetry_project(root / "poetry/pyproject.toml"), "held"),
    ],
)
def test_what_an_image_holds(tree: Callable[..., Path], image: Made, expected: str) -> None:
    root = tree(FILES)
    environment = flyte.TaskEnvironment("env", image=image(root))
    assert image_holds(environment, str(root / "lib/src/my_lib/stats.py"), "my_lib") == expected


def test_a_relative_path_counts_from_the_current_folder(tree: Callable[..., Path]) -> None:
    root = tree(FILES)
    environment = flyte.TaskEnvironment("env", image=BASE.with_source_folder("lib"))
    file = str(root / "lib/src/my_lib/stats.py")
    here = os.getcwd()
    assert image_holds(environment, file, "my_lib") == "missing"
    os.chdir(root)
    try:
        assert image_holds(environment, file, "my_lib") == "held"
    finally:
        os.chdir(here)
