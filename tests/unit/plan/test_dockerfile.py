"""The text of a Dockerfile: one golden file for each kind of layer, and for combinations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flytectl_py.model.image import Image
from flytectl_py.model.ported_layers import CondaPackages, Entrypoint, PythonVenv, RootUser
from flytectl_py.model.secret import MOUNT_PATH, Secret
from flytectl_py.plan.dockerfile import secret_id
from flytectl_py.plan.image_plan import ImageOptions, plan_image
from flytectl_py.plan.image_sources import OwnDistribution
from tests.support.golden import Golden
from tests.support.image_sources import MemoryFiles

PYPROJECT = '[project]\nname = "app"\nversion = "1"\ndependencies = ["httpx"]\n'
LOCK = """
version = 1

[[package]]
name = "app"
version = "1"
source = { editable = "." }

[package.metadata]
requires-dist = [{ name = "httpx" }]

[[package]]
name = "httpx"
version = "1"
source = { registry = "https://index.example/simple" }
"""
POETRY = '[tool.poetry]\nname = "app"\n[tool.poetry.dependencies]\npython = "^3.12"\nhttpx = "*"\n'
SCRIPT = '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["httpx<1"]\n# ///\nprint("hi")\n'

FILES = {
    "pyproject.toml": PYPROJECT,
    "uv.lock": LOCK,
    "src/app/__init__.py": "",
    "poetry/pyproject.toml": POETRY,
    "poetry/poetry.lock": "",
    "requirements.txt": "-c pins/constraints.txt\nhttpx\n",
    "pins/constraints.txt": "httpx<1\n",
    "script.py": SCRIPT,
    "data/a b.txt": "x",
    "conf.yaml": "x: 1",
}
USERS = ("USER 0", "ARG FLYTE_BASE_USER=0", "USER ${FLYTE_BASE_USER}")
"""What lets steps run as root, and the image as its base does: no layer declares it."""

BARE = Image.from_debian_base(python_version=(3, 12), install_flyte=False)
DEBIAN = Image.from_debian_base(python_version=(3, 12))
OTHER = Image.from_base("nvcr.io/nvidia/pytorch:24.05-py3").clone(python_version=(3, 12))

IMAGES = {
    "flyte": DEBIAN,
    "apt": BARE.with_apt_packages("git", "libpq-dev=15.*"),
    "apt-secret": BARE.with_apt_packages("private-tool", secret_mounts="apt-token"),
    "pip": BARE.with_pip_packages("numpy", "pandas>=2,<3", "uvicorn[standard]"),
    "pip-options": BARE.with_pip_packages(
        "numpy",
        index_url="https://a.example/simple",
        extra_index_urls=["https://b.example/simple?x=1&y=2", "https://c.example/simple"],
        pre=True,
        extra_args="--no-deps",
        secret_mounts=[Secret("token"), Secret("netrc", "pip", mount=Path(MOUNT_PATH))],
    ),
    "requirements": BARE.with_requirements("requirements.txt"),
    "uv-script": Image.from_uv_script("script.py", name="script", python_version=(3, 12)),
    "uv-dependencies": BARE.with_uv_project("pyproject.toml", extra_args="--only-group etl"),
    "uv-install": BARE.with_uv_project("pyproject.toml", project_install_mode="install_project"),
    "poetry-dependencies": BARE.with_poetry_project("poetry/pyproject.toml"),
    "poetry-install": BARE.with_poetry_project("poetry/pyproject.toml", project_install_mode="install_project"),
    "commands": BARE.with_commands(
        ["mkdir -p /data && chmod 777 /data", "printf 'two\nlines'", "[ -d /data ]", "cat <<EOF", "uv --version"]
    ),
    "env": BARE.with_env_vars({"PLAIN": "1", "QUOTED": 'a "b" $HOME \\ #c', "EMPTY": ""}),
    "workdir": BARE.with_workdir("/srv/my $app"),
    "source-file": BARE.with_source_file("conf.yaml").with_source_file("conf.yaml", "/app/config.yaml"),
    "source-folder": BARE.with_source_folder("data", "/app").with_source_folder("data", copy_contents_only=True),
    "other-base": OTHER.with_pip_packages("numpy").with_uv_project("pyproject.toml"),
    "other-base-users": OTHER.with_workdir("/first")
    .with_apt_packages("git")
    .with_workdir("/work")
    .with_source_file("conf.yaml")
    .with_commands(["id"]),
    "everything": DEBIAN.with_apt_packages("git")
    .with_requirements("requirements.txt")
    .with_uv_project("pyproject.toml")
    .with_env_vars({"A": "1"})
    .with_source_folder("data")
    .with_commands(["flyte --version"]),
}


@pytest.mark.parametrize("name", IMAGES)
def test_golden(name: str, golden: Golden) -> None:
    plan = plan_image(IMAGES[name], MemoryFiles(FILES), ImageOptions())
    golden.text(f"dockerfiles/{name}.Dockerfile", plan.dockerfile)


def test_code_is_copied_where_it_was_declared_and_only_with_copy_style_none(golden: Golden) -> None:
    image = BARE.with_code_bundle(dst="/app").with_commands(["python -m compileall /app"])
    files = MemoryFiles({"app.py": "x = 1"})
    baked = plan_image(image, files, ImageOptions(code=lambda style: (files.file("app.py"),)))
    golden.text("dockerfiles/code-bundle.Dockerfile", baked.dockerfile)
    travelling = plan_image(image, files, ImageOptions())
    assert "COPY" not in travelling.dockerfile
    without = plan_image(BARE.with_commands(["python -m compileall /app"]), files, ImageOptions())
    assert travelling.tag == without.tag != baked.tag


def test_a_version_that_no_index_has_is_installed_from_a_wheel(golden: Golden) -> None:
    unreleased = MemoryFiles(own=OwnDistribution("0.1.dev0", released=False))
    golden.text("dockerfiles/flyte-wheel.Dockerfile", plan_image(DEBIAN, unreleased, ImageOptions()).dockerfile)


def test_mirrors_change_where_images_come_from_and_nothing_else() -> None:
    image = DEBIAN.with_pip_packages("numpy")
    here = plan_image(image, MemoryFiles(), ImageOptions())
    there = plan_image(
        image, MemoryFiles(), ImageOptions(base_registry="mirror.example/hub/", uv_image="m.example/uv:1")
    )
    assert there.tag == here.tag
    assert there.dockerfile.splitlines()[0] == "FROM m.example/uv:1 AS uv"
    assert "FROM mirror.example/hub/python:3.12-slim-bookworm\n" in there.dockerfile
    assert here.dockerfile.count("FROM ") == there.dockerfile.count("FROM ") == 2


def test_what_needs_no_uv_does_not_fetch_it() -> None:
    plan = plan_image(BARE.with_apt_packages("git"), MemoryFiles(), ImageOptions())
    assert plan.uv_image == ""
    assert plan.dockerfile.startswith("FROM python:3.12-slim-bookworm\n")
    assert plan.files == ()


@pytest.mark.parametrize("name", IMAGES)
def test_no_remote_syntax_and_every_line_belongs_to_a_layer(name: str) -> None:
    plan = plan_image(IMAGES[name], MemoryFiles(FILES), ImageOptions())
    lines = plan.dockerfile.splitlines()
    assert not any(line.lower().replace(" ", "").startswith("#syntax=") for line in lines)
    for number, line in enumerate(lines, start=1):
        layer = plan.layer_at(number)
        if line and not line.startswith(("FROM", "WORKDIR /root")) and line not in USERS:
            assert layer is not None, line
        if line.startswith("# "):
            assert layer is not None
            assert line.endswith(f": {layer.declared_by}")


def test_the_builder_is_told_to_say_who_the_user_of_a_base_is_where_that_counts() -> None:
    def restores(image: Image) -> bool:
        return plan_image(image, MemoryFiles(FILES), ImageOptions()).restores_user

    assert restores(OTHER.with_commands(["id"]))
    assert not restores(OTHER.with_env_vars({"A": "ARG FLYTE_BASE_USER=1"}).with_source_file("conf.yaml"))
    assert not restores(BARE.with_commands(["id"]))


def test_no_two_secrets_have_one_name() -> None:
    pairs = [
        (None, "a"),
        ("g", "a"),
        (None, "g-a"),
        ("g-a", "b"),
        ("g", "a-b"),
        (None, "a b"),
        (None, "a/b"),
        ("", "a"),
    ]
    assert len({secret_id(*each) for each in pairs}) == len(pairs)
    assert secret_id(None, "my_token-1") == "my_token-1"


def test_the_page_on_tags_lists_every_kind_of_layer_with_its_fields() -> None:
    page = (Path(__file__).parents[3] / "docs" / "image-tag.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|.*?\| (.*?) \|$", page, re.MULTILINE))
    options = {"extra_args", "extra_index_urls", "index_url", "pre", "secrets"}
    seen = set()
    # Layers of Flyte 1's image specs, which have no method of `Image`.
    ported = (PythonVenv("3.12"), CondaPackages(("p",), ("c",), "3.12"), Entrypoint(("sh",)), RootUser())
    of_specs = [Image.from_base("debian:12").clone(addl_layer=each) for each in ported]
    for image in (*IMAGES.values(), *of_specs):
        for layer in plan_image(image, MemoryFiles(FILES), ImageOptions()).layers:
            said = set(re.findall(r"`([a-z_]+)`", rows[layer.kind])) - {"flyte"}
            said |= options if "the options below" in rows[layer.kind] else set()
            assert said == set(layer.fields), layer.kind
            seen.add(layer.kind)
    assert set(rows) - seen == {"flyte-wheel", "code-bundle", "dockerfile"}
