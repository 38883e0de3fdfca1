"""What an image spec of Flyte 1 becomes: its Dockerfile, its faults, and where it is usable."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

import flyte
from flytectl_py.compat.flytekit_v1.cache import Cache, VersionParameters
from flytectl_py.compat.flytekit_v1.copy_mode import CopyFileDetection
from flytectl_py.compat.flytekit_v1.image_spec import ImageSpec
from flytectl_py.compat.flytekit_v1.spec_building import build
from flytectl_py.errors import DeclarationError, InvalidImageError, NotReadyError, UsageError
from flytectl_py.model.cache import VersionParameters as OurParameters
from flytectl_py.model.image import Image
from flytectl_py.plan.image_plan import ImageOptions, plan_image
from flytectl_py.project.image_files import ImageFiles
from flytectl_py.storage.hashing import hash_files
from tests.support.golden import Golden
from tests.support.image_sources import MemoryFiles

FILES = {
    "requirements.txt": "httpx\n",
    "src/app.py": "",
    "data/a.txt": "a",
    "one.txt": "1",
    "locked/pyproject.toml": '[project]\nname = "app"\nversion = "1"\ndependencies = []\n',
    "locked/uv.lock": 'version = 1\n[[package]]\nname = "app"\nversion = "1"\nsource = { editable = "." }\n',
    "locked/poetry.lock": "",
}

SPECS: dict[str, dict[str, Any]] = {
    "plain": {},
    "everything": {
        "packages": ["numpy"],
        "requirements": "requirements.txt",
        "apt_packages": ["git"],
        "env": {"A": "b"},
        "commands": ["echo 1", "echo 2"],
        "copy": ["data", "one.txt"],
        "source_root": "src",
        "source_copy_mode": CopyFileDetection.ALL,
        "pip_index": "https://a.example/simple",
        "pip_extra_index_url": ["https://b.example/simple"],
        "pip_extra_args": "--pre",
        "pip_secret_mounts": [("netrc", "/root/.netrc")],
        "entrypoint": ["/bin/bash", "-c"],
    },
    "conda": {"conda_packages": ["xz>=5"], "conda_channels": ["pytorch"], "packages": ["numpy"]},
    "cuda": {"cuda": "12.1", "cudnn": "8", "packages": ["torch"]},
    "python-exec": {"base_image": "acme/base:1", "python_exec": "/opt/py/bin/python", "packages": ["numpy"]},
    "patch-version": {"python_version": "3.12.4"},
    "uv-lock": {"requirements": "locked/uv.lock"},
}


def spec_of(**fields: Any) -> ImageSpec:
    return ImageSpec(**{"name": "app", "python_version": "3.12", **fields})


def dockerfile(spec: ImageSpec) -> str:
    return plan_image(spec.as_flyte_image(), MemoryFiles(FILES), ImageOptions()).dockerfile


@pytest.mark.parametrize("name", SPECS)
def test_golden(name: str, golden: Golden) -> None:
    golden.text(f"dockerfiles/flyte1-{name}.Dockerfile", dockerfile(spec_of(**SPECS[name])))


def test_a_spec_on_a_spec_is_one_image_with_the_python_of_the_upper(golden: Golden) -> None:
    below = ImageSpec(name="below", python_version="3.11", packages=["httpx"], apt_packages=["git"], env={"A": "1"})
    upper = spec_of(base_image=below, packages=["numpy"], env={"A": "2"})
    golden.text("dockerfiles/flyte1-on-a-spec.Dockerfile", dockerfile(upper))
    assert upper.as_flyte_image().python_version == (3, 12)
    assert spec_of(base_image=below, python_version=None).as_flyte_image().python_version == (3, 11)


def test_lock_files_are_those_of_their_tools() -> None:
    assert "poetry install" in dockerfile(spec_of(requirements="locked/poetry.lock"))
    assert "uv sync" in dockerfile(spec_of(requirements="locked/uv.lock"))


@pytest.mark.parametrize(
    ("fields", "base"),
    [
        ({"cuda": "11.8.0"}, "nvidia/cuda:11.8.0-runtime-ubuntu22.04"),
        ({"cuda": "11.8.0", "cudnn": "8.9"}, "nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04"),
        ({"cuda": "12.4.1", "cudnn": "9"}, "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04"),
        ({"base_image": "acme/base:1"}, "acme/base:1"),
        ({}, "python:3.12-slim-bookworm"),
    ],
)
def test_bases(fields: dict[str, Any], base: str) -> None:
    assert spec_of(**fields).as_flyte_image().base_image == base


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"builder": "envd"}, r"builder=…\).*envd is a plugin of flytekit's"),
        ({"builder": "noop"}, "give the image's URI itself"),
        ({"python_exec": "/usr/bin/python3"}, "give base_image"),
        ({"base_image": "u", "python_exec": "/p", "conda_packages": ["x"]}, "conda brings a Python of its own"),
        ({"base_image": "u", "cuda": "12.1"}, "leave one out"),
        ({"cudnn": "8"}, "give cuda as well"),
        ({"cuda": "latest"}, "as in NVIDIA's tags"),
        ({"cuda": "12.1", "cudnn": "new"}, "cudnn"),
        ({"python_version": "3.9"}, r"needs Python 3\.11 or newer"),
        ({"python_version": "latest"}, "give a version"),
        ({"requirements": "poetry.lock", "pip_index": "https://i"}, "Poetry takes its indexes"),
        ({"copy": ["/etc/passwd"]}, "below the project's folder"),
        ({"copy": ["../x"]}, "below the project's folder"),
        ({"pip_secret_mounts": [("a", "etc/b")]}, "absolute path in the build"),
        ({"platform": "linux/riscv64"}, "linux/amd64"),
        ({"base_image": ImageSpec(base_image="u", python_exec="/p", python_version="3.11")}, "takes the Python of its"),
    ],
)
def test_what_cannot_be_honoured_is_said(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        spec_of(**fields).as_flyte_image()


def test_a_copy_mode_needs_a_folder() -> None:
    with pytest.raises(UsageError, match="needs source_root"):
        spec_of(source_copy_mode=CopyFileDetection.ALL).as_flyte_image()


def test_files_are_missed_when_the_image_is_planned_and_not_before() -> None:
    image = spec_of(copy=["nowhere"], source_root="one.txt").as_flyte_image()
    with pytest.raises(InvalidImageError) as caught:
        plan_image(image, MemoryFiles(FILES), ImageOptions())
    assert "ImageSpec(source_root=…): one.txt is a file, not a folder" in str(caught.value)
    assert "ImageSpec(copy=…): nowhere does not exist" in str(caught.value)


def test_the_image_holds_what_enters_the_tag(tmp_path: Path) -> None:
    for name in ("a.py", "sub/b.txt", "sub/__pycache__/c.pyc", ".git/config", ".dockerignore"):
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).write_text("*.txt\n")
    spec = spec_of(source_root=str(tmp_path / "src"), source_copy_mode=CopyFileDetection.ALL)
    files = ImageFiles([str(tmp_path)], hash_files)

    def copied() -> list[str]:
        plan = plan_image(spec.as_flyte_image(), files, ImageOptions())
        return [each.path.partition("/")[2] for each in plan.files if each.location.startswith(str(tmp_path))]

    assert copied() == [".dockerignore", "a.py", "sub/b.txt"]
    before = spec.tag
    (tmp_path / "src" / "sub" / "b.txt").write_text("else")
    assert spec.tag != before


def test_platforms_name_and_registry() -> None:
    image = spec_of(platform="linux/amd64,linux/arm64", registry="ghcr.io/acme").as_flyte_image()
    assert (image.platform, image.registry, image.name) == (("linux/amd64", "linux/arm64"), "ghcr.io/acme", "app")


def test_micromamba_comes_from_where_the_settings_say() -> None:
    image = spec_of(conda_packages=["xz"]).as_flyte_image()
    here = plan_image(image, MemoryFiles(), ImageOptions())
    there = plan_image(image, MemoryFiles(), ImageOptions(micromamba_image="mirror.example/micromamba:2"))
    assert "FROM mirror.example/micromamba:2 AS micromamba\n" in there.dockerfile
    assert here.tag == there.tag


def test_secrets_differ_by_where_they_are_seen_and_not_by_their_file() -> None:
    def tag(source: str, target: str) -> str:
        image = spec_of(packages=["numpy"], pip_secret_mounts=[(source, target)]).as_flyte_image()
        return plan_image(image._with(image.layers[0]), MemoryFiles(), ImageOptions()).layers[2].hash

    assert tag("a", "/etc/x") == tag("b", "/etc/x") != tag("a", "/etc/y")


def test_an_environment_takes_a_spec() -> None:
    spec = spec_of(packages=["numpy"])
    env = flyte.TaskEnvironment("spec-env", image=spec)  # type: ignore[arg-type]  # whatever has as_flyte_image()
    assert isinstance(env.image, Image)
    assert env.image == spec.as_flyte_image()
    other: Any = spec_of(env={"A": "1"})
    assert env.clone_with("other", image=other).image == other.as_flyte_image()
    with pytest.raises(DeclarationError, match=r"image=…"):
        flyte.TaskEnvironment("no-env", image=ImageSpec)  # type: ignore[arg-type]


def test_policies_are_given_the_spec() -> None:
    seen: list[object] = []

    class Policy:
        def get_version(self, salt: str, params: VersionParameters[Any, Any]) -> str:
            seen.append(params.container_image)
            return "1"

    spec = spec_of(packages=["numpy"])
    Cache(policies=[Policy()]).as_flyte_cache().get_version(OurParameters(dockerfile, spec.as_flyte_image()))
    assert seen == [spec]


def test_a_dry_run_says_the_name_and_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    spec = spec_of(registry="registry.invalid/acme")
    assert build(spec, dry_run=True) == spec.image_name()


def test_other_logins_than_those_in_effect_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "usual"))
    spec = spec_of(registry_config="mine/config.json", registry="127.0.0.1:1/acme")
    assert build(spec, dry_run=True) == spec.image_name()
    with pytest.raises(NotReadyError, match=r"mine/config\.json for the logins to registries, and .*usual"):
        build(spec)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "mine"))
    with pytest.raises(NotReadyError, match="registry"):
        build(spec)  # it is another thing that is lacking: the registry


def test_what_another_machine_builds_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    spec = spec_of(builder="dockerfile", packages=["numpy"], pip_secret_mounts=[("netrc", "/root/.netrc")])
    name = build(spec, output=str(tmp_path / "out"), note=said.append)
    assert (tmp_path / "out" / "Dockerfile").is_file()
    (command,) = [each for each in said if "docker buildx build" in each]
    assert ",src=netrc " in command
    assert f"--tag {name}" in command


def test_nobody_can_say_whether_it_exists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert spec_of().exist() is None
    assert spec_of(registry="127.0.0.1:1/acme").exist() is None


def test_force_push_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not spec_of().is_forced
    forced = spec_of().force_push()
    assert forced.is_forced
    assert forced.with_packages("numpy").is_forced
    monkeypatch.setenv("FLYTE_FORCE_PUSH_IMAGE_SPEC", "1")
    assert spec_of().is_forced


def test_the_python_that_runs_is_the_default() -> None:
    assert ImageSpec().as_flyte_image().python_version == sys.version_info[:2]
    assert os.path.basename(ImageSpec().as_flyte_image().base_image or "").startswith("python:")
