"""Names of image specs are flytekit's own; see tests/oracle for how its answers were got."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.compat.flytekit_v1.copy_mode import CopyFileDetection
from flytectl_py.compat.flytekit_v1.image_spec import ImageSpec
from flytectl_py.errors import FlyteError

VECTORS = json.loads(
    (Path(__file__).parents[3] / "golden" / "flytekit_v1" / "image_specs.json").read_text(encoding="utf-8")
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in VECTORS["tree"].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec_of(fields: dict[str, Any]) -> ImageSpec:
    given = dict(fields)
    if isinstance(given.get("base_image"), dict):
        given["base_image"] = spec_of(given["base_image"])
    if "source_copy_mode" in given:
        given["source_copy_mode"] = CopyFileDetection[given["source_copy_mode"]]
    if "pip_secret_mounts" in given:
        given["pip_secret_mounts"] = [tuple(each) for each in given["pip_secret_mounts"]]
    return ImageSpec(**given)


def test_every_name_is_flytekits(tree: Path) -> None:
    assert len(VECTORS["cases"]) > 250
    for case in VECTORS["cases"]:
        if case["answer"] is None:
            with pytest.raises(FlyteError):
                spec_of(case["fields"]).image_name()
            continue
        spec = spec_of(case["fields"])
        assert {"id": spec.id, "tag": spec.tag, "name": spec.image_name()} == case["answer"], case["fields"]


def test_neither_names_of_ignored_files_nor_the_folder_that_one_is_in_move_a_tag(tree: Path) -> None:
    spec = ImageSpec(source_root="src", source_copy_mode=CopyFileDetection.ALL)
    before = spec.tag
    (tree / "src" / "new.pyc").write_text("x")
    assert spec.tag == before
    (tree / "src" / "new.py").write_text("x")
    assert spec.tag != before


def test_builders_add_to_lists_and_leave_the_spec_as_it_was() -> None:
    spec = ImageSpec(packages=["a"])
    more = spec.with_packages("b").with_packages(["c"]).with_apt_packages("git").with_commands("one").with_copy("x")
    assert (more.packages, more.apt_packages, more.commands, more.copy) == (["a", "b", "c"], ["git"], ["one"], ["x"])
    assert (spec.packages, spec.apt_packages) == (["a"], None)


def test_the_container_that_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ImageSpec(packages=["a"])
    monkeypatch.delenv("_F_IMG_ID", raising=False)
    assert spec.is_container()
    monkeypatch.setenv("_F_IMG_ID", spec.id)
    assert spec.is_container()
    assert not ImageSpec(packages=["b"]).is_container()


def test_from_the_environment() -> None:
    import importlib.metadata
    import sys

    spec = ImageSpec.from_env(pinned_packages=["pytest"], registry="r")
    assert spec.packages == [f"pytest=={importlib.metadata.version('pytest')}"]
    assert spec.python_version == f"{sys.version_info.major}.{sys.version_info.minor}"
    with pytest.raises(FlyteError, match="not installed here"):
        ImageSpec.from_env(pinned_packages=["no-such-distribution"])
    with pytest.raises(FlyteError, match="python_version"):
        ImageSpec.from_env(python_version="3.9")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"packages": "pandas"}, r"ImageSpec\(packages=…\)"),
        ({"commands": ("a",)}, r"ImageSpec\(commands=…\)"),
        ({"apt_packages": [1]}, r"ImageSpec\(apt_packages=…\)"),
        ({"pip_secret_mounts": ["a"]}, "pairs"),
        ({"registry": "a/b/"}, "ghcr.io/acme"),
    ],
)
def test_wrong_values(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(FlyteError, match=said):
        ImageSpec(**fields)
