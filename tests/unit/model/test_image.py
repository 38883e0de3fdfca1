"""Images: every way to declare one, what is refused, and what `validate` finds."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.errors import DeclarationError, InvalidImageError, NotReadyError
from flytectl_py.model import world
from flytectl_py.model.image import Image
from flytectl_py.model.layers import (
    AptPackages,
    CodeBundle,
    Commands,
    DockerIgnore,
    EnvVars,
    FlyteInstall,
    LocalFlyteInstall,
    PipPackages,
    PoetryProject,
    Requirements,
    SourceFile,
    SourceFolder,
    UvProject,
    UvScript,
    WorkDir,
)
from flytectl_py.model.secret import Secret

DEBIAN = Image.from_debian_base(python_version=(3, 12))
INDEX: dict[str, Any] = {"index_url": "https://i", "extra_index_urls": ["https://j"], "pre": True, "extra_args": "--x"}
TOKEN = Secret("token")
MORE: dict[str, Any] = {
    "index_url": "https://i",
    "extra_index_urls": ("https://j",),
    "pre": True,
    "extra_args": "--x",
    "secret_mounts": (TOKEN,),
}


class Files:
    """A probe that knows these paths."""

    def __init__(self, *files: str, folders: tuple[str, ...] = ()) -> None:
        self.files, self.folders = files, folders

    def is_file(self, path: str) -> bool:
        return path in self.files

    def is_dir(self, path: str) -> bool:
        return path in self.folders


@pytest.mark.parametrize(
    ("make", "layer"),
    [
        (lambda i: i.with_apt_packages("git", secret_mounts="token"), AptPackages(("git",), (TOKEN,))),
        (lambda i: i.with_pip_packages("a", "b>=1"), PipPackages(("a", "b>=1"))),
        (lambda i: i.with_pip_packages("a", **INDEX, secret_mounts=TOKEN), PipPackages(("a",), **MORE)),
        (lambda i: i.with_pip_packages("a", extra_index_urls="u"), PipPackages(("a",), extra_index_urls=("u",))),
        (lambda i: i.with_requirements("r.txt", "token", **INDEX), Requirements("r.txt", **MORE)),
        (lambda i: i.with_requirements(Path("r.txt")), Requirements("r.txt")),
        (lambda i: i.with_uv_project(Path("a/pyproject.toml")), UvProject("a/pyproject.toml")),
        (
            lambda i: i.with_uv_project(
                "p.toml", Path("uv.lock"), **INDEX, secret_mounts="token", project_install_mode="install_project"
            ),
            UvProject("p.toml", "uv.lock", **MORE, project_install_mode="install_project"),
        ),
        (
            lambda i: i.with_poetry_project("p.toml", "poetry.lock", "--only main", "token"),
            PoetryProject("p.toml", "poetry.lock", "--only main", (TOKEN,)),
        ),
        (lambda i: i.with_commands(["a", "b"]), Commands(("a", "b"))),
        (lambda i: i.with_env_vars({"B": "2", "A": "1"}), EnvVars((("A", "1"), ("B", "2")))),
        (lambda i: i.with_workdir("/app"), WorkDir("/app")),
        (
            lambda i: i.with_source_file(Path("config.yaml"), "/app/config.yaml"),
            SourceFile("config.yaml", "/app/config.yaml"),
        ),
        (lambda i: i.with_source_file(src=Path("a.py")), SourceFile("a.py", ".")),
        (lambda i: i.with_source_folder(Path("lib")), SourceFolder("lib", ".", False)),
        (
            lambda i: i.with_source_folder(src=Path("lib"), dst="/app", copy_contents_only=True),
            SourceFolder("lib", "/app", True),
        ),
        (lambda i: i.with_dockerignore(Path(".dockerignore")), DockerIgnore(".dockerignore")),
        (lambda i: i.with_code_bundle(), CodeBundle("loaded_modules", ".")),
        (lambda i: i.with_code_bundle(copy_style="all", dst="/app"), CodeBundle("all", "/app")),
        (lambda i: i.with_local_v2(), LocalFlyteInstall()),
        (lambda i: i.clone(addl_layer=WorkDir("/app")), WorkDir("/app")),
    ],
)
def test_each_method_adds_one_layer_to_a_new_image(make: Callable[[Image], Image], layer: object) -> None:
    image = make(DEBIAN)
    assert image.layers == (*DEBIAN.layers, layer)
    assert DEBIAN.layers == (FlyteInstall(),)
    assert make(DEBIAN) == image != DEBIAN
    assert hash(make(DEBIAN)) == hash(image)
    assert pickle.loads(pickle.dumps(image)) == image


def test_the_debian_base() -> None:
    here = Image.from_debian_base()
    assert here.python_version == sys.version_info[:2]
    assert (DEBIAN.base_image, DEBIAN.name, DEBIAN.registry) == ("python:3.12-slim-bookworm", "flyte", None)
    assert DEBIAN.platform == ("linux/amd64", "linux/arm64")
    assert Image.from_debian_base(install_flyte=False).layers == ()
    chosen = Image.from_debian_base(
        (3, 11), "2.0.0", True, "ghcr.io/team", "etl", ("linux/arm64",), registry_secret="r"
    )
    assert chosen.layers == (FlyteInstall("2.0.0"),)
    assert (chosen.registry, chosen.name, chosen.platform) == ("ghcr.io/team", "etl", ("linux/arm64",))
    assert chosen.registry_secret == Secret("r")


def test_the_other_bases(tmp_path: Path) -> None:
    assert Image("example_image") == Image.from_base("example_image")
    reference = Image.from_ref_name("my-app-image")
    assert (reference.ref_name, reference.base_image) == ("my-app-image", None)
    assert Image.from_ref_name().ref_name == "default"
    dockerfile = Image.from_dockerfile(tmp_path / "Dockerfile", registry="r", name="n", platform="linux/arm64")
    assert (dockerfile.dockerfile, dockerfile.platform) == (tmp_path / "Dockerfile", ("linux/arm64",))
    script = Image.from_uv_script("s.py", name="x", **INDEX, secret_mounts="token", python_version=(3, 12))
    assert script.layers == (FlyteInstall(), UvScript("s.py", **MORE))
    assert script.base_image == DEBIAN.base_image


def test_a_clone_keeps_what_it_is_not_told() -> None:
    image = DEBIAN.with_pip_packages("a")
    clone = image.clone(registry="ghcr.io/team", name="etl")
    assert (clone.registry, clone.name, clone.layers) == ("ghcr.io/team", "etl", image.layers)
    newer = image.clone(python_version=(3, 13))
    assert (newer.python_version, newer.base_image) == ((3, 13), "python:3.13-slim-bookworm")
    assert Image("a").clone(python_version=(3, 13)).base_image == "a"
    assert image.clone(platform="linux/amd64").platform == ("linux/amd64",)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: DEBIAN.with_pip_packages(["a", "b"]), "did you mean with_pip_packages('a', 'b')?"),  # type: ignore[arg-type]
        (lambda: DEBIAN.with_pip_packages("--pre"), "extra_args"),
        (lambda: DEBIAN.with_apt_packages(""), "packages as text"),
        (lambda: DEBIAN.with_commands("ls"), "did you mean with_commands(['ls'])?"),  # type: ignore[arg-type]
        (lambda: DEBIAN.with_commands(["RUN ls -l"]), "did you mean 'ls -l'?"),
        (lambda: DEBIAN.with_env_vars({"A": 1}), "did you mean '1'?"),  # type: ignore[dict-item]
        (lambda: DEBIAN.with_env_vars({"A=B": "1"}), "without '='"),
        (lambda: DEBIAN.with_env_vars([]), "a dict"),  # type: ignore[arg-type]
        (lambda: DEBIAN.with_uv_project("p", project_install_mode="install"), "did you mean 'install_project'?"),  # type: ignore[arg-type]
        (lambda: DEBIAN.with_uv_project(None), "with_uv_project(pyproject_file=…)"),  # type: ignore[arg-type]
        (lambda: DEBIAN.with_code_bundle(copy_style="none"), "loaded_modules, all"),  # type: ignore[arg-type]
        (lambda: DEBIAN.clone(addl_layer="x"), "give a layer"),  # type: ignore[arg-type]
        (lambda: Image(), "give one of base_image"),
        (lambda: Image("a", Path("b")), "give one of base_image"),
        (lambda: Image("a b"), "URI"),
        (lambda: Image.from_base(""), "URI"),
        (lambda: Image.from_debian_base(name="My App"), "did you mean 'my-app'?"),
        (lambda: Image.from_debian_base(registry="https://ghcr.io/team/"), "did you mean 'ghcr.io/team'?"),
        (lambda: Image.from_debian_base(python_version="3.12"), "did you mean (3, 12)?"),  # type: ignore[arg-type]
        (lambda: Image.from_debian_base(python_version=(2, 7)), "(3, minor)"),
        (lambda: Image.from_debian_base(platform=("linux/amd",)), "did you mean 'linux/amd64'?"),  # type: ignore[arg-type]
        (lambda: Image.from_debian_base(platform=()), "one or more"),
        (lambda: Image.from_debian_base(flyte_version="2", install_flyte=False), "install_flyte=True"),
        (lambda: Image.from_dockerfile("D", "r", "n").with_workdir("/a"), "put it into the Dockerfile"),
        (lambda: Image.from_ref_name("x").with_workdir("/a"), "Image.from_base(URI)"),
    ],
)
def test_a_wrong_declaration_is_refused_where_it_is_written(make: Callable[[], Image], said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        make()
    assert said in str(caught.value)


def test_an_image_reads_well() -> None:
    image = DEBIAN.with_uv_project(Path("p.toml"), extra_args="--only-group etl").with_code_bundle()
    assert repr(image) == (
        "Image(base_image='python:3.12-slim-bookworm', name='flyte', FlyteInstall(), "
        "UvProject(pyproject='p.toml', extra_args='--only-group etl'), CodeBundle())"
    )
    assert repr(Image.from_ref_name("x")) == "Image(ref_name='x')"


def test_every_missing_file_is_found_at_once() -> None:
    image = (
        DEBIAN.with_requirements("r.txt")
        .with_uv_project("a/pyproject.toml", "a/uv.lock")
        .with_poetry_project("b/pyproject.toml", "b/poetry.lock")
        .with_source_file("a.py")
        .with_source_folder("lib")
        .with_source_folder("file")
        .with_dockerignore("folder")
        .with_code_bundle()
    )
    with pytest.raises(InvalidImageError) as caught:
        image.validate(Files("file", "a/pyproject.toml", folders=("folder",)))
    assert [str(fault) for fault in caught.value.faults] == [
        "with_requirements: r.txt does not exist",
        "with_uv_project: a/uv.lock does not exist",
        "with_poetry_project: b/pyproject.toml does not exist",
        "with_poetry_project: b/poetry.lock does not exist",
        "with_source_file: a.py does not exist",
        "with_source_folder: lib does not exist",
        "with_source_folder: file is a file, not a folder",
        "with_dockerignore: folder is a folder, not a file",
    ]
    assert caught.value.exit_code == 2
    assert all(str(fault) in str(caught.value) for fault in caught.value.faults)


def test_what_is_there_is_no_fault() -> None:
    image = Image.from_uv_script("s.py", name="x").with_source_folder("lib").with_uv_project("pyproject.toml")
    image.validate(Files("s.py", "pyproject.toml", folders=("lib",)))
    with pytest.raises(InvalidImageError, match="from_dockerfile: D does not exist"):
        Image.from_dockerfile("D", "r", "n").validate(Files())
    with pytest.raises(InvalidImageError, match=r"from_uv_script: s\.py"):
        Image.from_uv_script("s.py", name="x").validate(Files())


def test_without_a_probe_the_installed_world_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    image = DEBIAN.with_source_file("a.py")
    monkeypatch.setattr(world._installed, "world", Files("a.py"))
    image.validate()
    monkeypatch.setattr(world._installed, "world", None)
    with pytest.raises(NotReadyError, match="may read files"):
        image.validate()
