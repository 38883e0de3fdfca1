"""Image specs of Flyte 1, built for real: what each field promises is in the image, under the name of flytekit's."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.compat.flytekit_v1.copy_mode import CopyFileDetection
from flytectl_py.compat.flytekit_v1.image_spec import ImageSpec
from flytectl_py.compat.flytekit_v1.spec_building import build
from flytectl_py.errors import NotReadyError
from tests.support.docker.base_image import BASE
from tests.support.docker.parts import DockerParts

pytestmark = pytest.mark.docker

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"

# It says how it was called, and makes an environment of the base's own Python: conda's channels are no part of a test.
RECORDING_MICROMAMBA = """\
#!/bin/sh
set -e
case " $* " in *" --root-prefix /opt/micromamba "*) ;; *) exit 3;; esac
environment=/opt/micromamba/envs/runtime
[ -d $environment ] || python3 -m venv $environment
mkdir -p $environment/conda-meta
echo "$*" >> $environment/conda-meta/calls
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docker: DockerParts) -> Path:
    """A project in the current folder, in an environment that leads to the daemon, the base image and uv."""
    around = {
        **docker.environment,
        "FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry,
        "FLYTE_IMAGE_UV_IMAGE": docker.uv_image,
    }
    for name, value in around.items():
        monkeypatch.setenv(name, value)
    files = {
        "src/app/m.py": "X = 1\n",
        "src/note.txt": "noted\n",
        "src/__pycache__/m.pyc": "",
        "data/sub/a.txt": "a\n",
        "requirements.txt": "idna==3.10\n",
        "token": "hunter2",
    }
    for name, text in files.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    monkeypatch.chdir(tmp_path / "tree")
    return tmp_path / "tree"


@pytest.fixture
def runs(docker: DockerParts) -> Callable[..., str]:
    return lambda uri, *command: docker.run("run", "--rm", uri, *command).strip()


def spec_named(**fields: Any) -> ImageSpec:
    return ImageSpec(**{"name": f"spec-{uuid.uuid4().hex[:8]}", "python_version": MINOR, **fields})


def test_what_a_spec_lists_is_in_its_image(tree: Path, runs: Callable[..., str]) -> None:
    spec = spec_named(
        packages=["attrs==24.2.0"],
        requirements="requirements.txt",
        apt_packages=["tree"],
        env={"A": "b c"},
        commands=["echo one > one.txt", "test -f /root/src/note.txt"],
        copy=["data/sub", "src/note.txt"],
        source_root="src",
        source_copy_mode=CopyFileDetection.ALL,
    )
    assert spec.exist() is False
    assert build(spec) == spec.image_name()
    assert spec.exist() is True
    said = "import attr, idna, flyte, os; print(attr.__version__, idna.__version__, os.environ['A'], os.getcwd())"
    assert runs(spec.image_name(), "python", "-c", said) == "24.2.0 3.10 b c /root"
    assert runs(spec.image_name(), "tree", "--version").startswith("tree v")
    # /root holds the source root itself, and what is copied keeps its path.
    shown = runs(spec.image_name(), "sh", "-c", "cd /; python -c 'import app.m'; ls /root; cat /one.txt")
    assert shown.split() == ["app", "data", "note.txt", "src", "one"]
    assert runs(spec.image_name(), "cat", "/root/data/sub/a.txt", "/root/src/note.txt") == "a\nnoted"
    # So a process knows whether it is in it.
    assert runs(spec.image_name(), "printenv", "_F_IMG_ID") == spec.id


def test_a_spec_on_a_spec_has_the_layers_of_both(tree: Path, runs: Callable[..., str]) -> None:
    below = spec_named(packages=["idna==3.10"], env={"A": "1", "B": "1"})
    spec = spec_named(base_image=below, packages=["attrs==24.2.0"], env={"B": "2"}, python_version=None)
    build(spec)
    said = "import attr, idna, os; print(os.environ['A'], os.environ['B'], os.environ['_F_IMG_ID'])"
    assert runs(spec.image_name(), "python", "-c", said) == f"1 2 {spec.id}"


@pytest.mark.parametrize("how", [{"python_exec": "/usr/local/bin/python3"}, {"python_version": MINOR}])
def test_a_base_of_the_users(tree: Path, docker: DockerParts, runs: Callable[..., str], how: dict[str, str]) -> None:
    given = {"python_version": None, **how}
    spec = spec_named(base_image=f"{docker.base_registry}/{BASE}", packages=["idna==3.10"], **given)
    build(spec)
    said = "import idna, flyte, sys, os; print(sys.executable, sys.base_prefix, os.getcwd())"
    assert runs(spec.image_name(), "python", "-c", said) == "/opt/venv/bin/python /usr/local /root"


def test_the_entrypoint_and_only_what_is_loaded(tree: Path, docker: DockerParts) -> None:
    import importlib

    sys.path.insert(0, str(tree / "src"))
    try:
        importlib.import_module("app.m")
        spec = spec_named(source_root="src", entrypoint=["find"])
        built = build(spec)
    finally:
        sys.path.remove(str(tree / "src"))
        for name in ("app.m", "app"):
            sys.modules.pop(name, None)
    assert docker.run("run", "--rm", built, "/root", "-type", "f", "-not", "-name", ".*").split() == ["/root/app/m.py"]
    made = json.loads(docker.run("image", "inspect", built))[0]["Config"]
    assert made["Entrypoint"] == ["find"]


def test_packages_see_the_files_of_secrets_and_the_image_does_not(
    tree: Path, docker: DockerParts, runs: Callable[..., str]
) -> None:
    (tree / "secret.txt").write_text("idna==3.9\n")
    spec = spec_named(
        packages=["idna"],
        pip_secret_mounts=[("secret.txt", "/etc/pip/pins")],
        pip_extra_args="--constraints /etc/pip/pins",
    )
    build(spec)
    shown = runs(spec.image_name(), "sh", "-c", "cat /etc/pip/pins 2>/dev/null; python -c 'import idna as i; print(i)'")
    assert "idna" in shown
    assert "idna==" not in shown
    said = "import importlib.metadata as m; print(m.version('idna'))"
    assert runs(spec.image_name(), "python", "-c", said) == "3.9"
    missing = spec_named(packages=["idna==3.10"], pip_secret_mounts=[("nowhere", "/etc/pip/netrc")])
    with pytest.raises(NotReadyError, match=r"the file nowhere, which the build would see at /etc/pip/netrc"):
        build(missing)


def test_conda_packages_are_asked_of_micromamba(
    tree: Path, docker: DockerParts, runs: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "micromamba"
    (folder / "usr" / "bin").mkdir(parents=True)
    program = folder / "usr" / "bin" / "micromamba"
    program.write_text(RECORDING_MICROMAMBA)
    program.chmod(0o755)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY usr /usr\n")
    image = f"{docker.repository()}/micromamba:2"
    docker.run("buildx", "build", "--push", "--provenance=false", "-t", image, str(folder))
    monkeypatch.setenv("FLYTE_IMAGE_MICROMAMBA_IMAGE", image)
    spec = spec_named(conda_packages=["xz", "zlib>=1"], conda_channels=["pytorch"], packages=["idna==3.10"])
    build(spec)
    calls = runs(spec.image_name(), "cat", "/opt/micromamba/envs/runtime/conda-meta/calls")
    assert calls == (
        "create --yes --root-prefix /opt/micromamba --name runtime --channel conda-forge --channel pytorch "
        f"python={MINOR} xz zlib>=1"
    )
    said = "import idna, flyte, sys; print(sys.prefix)"
    assert runs(spec.image_name(), "python", "-c", said) == "/opt/micromamba/envs/runtime"
    assert "micromamba" not in runs(spec.image_name(), "ls", "/usr/local/bin")


def test_it_is_pushed_under_both_names_and_again_only_by_force(tree: Path, docker: DockerParts) -> None:
    spec = spec_named(registry=docker.repository(), env={"A": "1"}, tag_format="v1-{spec_hash}")
    assert spec.exist() is False
    said: list[str] = []
    assert build(spec, note=said.append) == spec.image_name()
    assert said
    assert ":v1-" in spec.image_name()
    assert spec.exist() is True
    said.clear()
    build(spec, note=said.append)
    assert said == []
    build(spec.force_push(), note=said.append)
    assert said


def test_other_logins_than_those_in_effect_are_refused(
    tree: Path, docker: DockerParts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = docker.config(tmp_path / "logins", {"auths": {}})
    spec = spec_named(registry_config=str(tmp_path / "logins" / "config.json"), env={"A": "1"})
    with pytest.raises(NotReadyError, match=r"names .*logins/config.json for the logins"):
        build(spec)
    monkeypatch.setenv("DOCKER_CONFIG", environment["DOCKER_CONFIG"])
    assert build(spec) == spec.image_name()
