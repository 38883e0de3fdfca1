"""From a declaration to a plan: what enters the tag and the context, what is refused, and what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from flytectl_py.errors import InvalidImageError, UnknownNameError
from flytectl_py.model.image import Image
from flytectl_py.model.layers import Layer
from flytectl_py.plan.image import ImagePlan, PlannedLayer
from flytectl_py.plan.image_plan import ImageOptions, context_of, plan_image
from flytectl_py.plan.image_sources import OwnDistribution
from tests.support.image_sources import WHEEL, MemoryFiles

BARE = Image.from_debian_base(python_version=(3, 12), install_flyte=False)
DEBIAN = Image.from_debian_base(python_version=(3, 12))


def plan(image: Image | str, files: MemoryFiles | dict[str, str] | None = None, **options: Any) -> ImagePlan:
    sources = files if isinstance(files, MemoryFiles) else MemoryFiles(files)
    return plan_image(image, sources, ImageOptions(**options))


def tag(image: Image, files: dict[str, str] | None = None, **options: Any) -> str:
    return plan(image, files, **options).tag


def paths(planned: ImagePlan | PlannedLayer) -> list[str]:
    """Return where files stand in the context, without the hash in the name of the folder of a layer."""
    return [re.sub(r"^(\d+-[a-z-]+)-[0-9a-f]{12}/", r"\1/", each.path) for each in planned.files]


# --- pairs that another client gives one tag


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BARE.with_pip_packages("git"), BARE.with_apt_packages("git")),
        (BARE.with_commands(["ab"]), BARE.with_commands(["a", "b"])),
        (BARE.with_pip_packages("ab"), BARE.with_pip_packages("a", "b")),
        (BARE.with_workdir("/x"), BARE.with_commands(["/x"])),
        (BARE.with_pip_packages("a", index_url="https://x"), BARE.with_pip_packages("a", extra_index_urls="https://x")),
        (BARE.with_pip_packages("a"), BARE.with_pip_packages("a", pre=True)),
        (BARE.with_pip_packages("a"), BARE.with_pip_packages("a", secret_mounts="token")),
        (BARE.with_pip_packages("a").with_pip_packages("b"), BARE.with_pip_packages("a", "b")),
        (BARE.with_env_vars({"A": "1", "B": "2"}), BARE.with_env_vars({"A": "1"}).with_env_vars({"B": "2"})),
        (BARE.clone(platform="linux/amd64"), BARE.clone(platform="linux/arm64")),
        (BARE, BARE.clone(python_version=(3, 13))),
        (DEBIAN, BARE),
        (Image.from_debian_base((3, 12), "1.0"), Image.from_debian_base((3, 12), "1.1")),
        (Image.from_base("a:1").with_workdir("/"), Image.from_base("a:2").with_workdir("/")),
    ],
)
def test_different_images_have_different_tags(one: Image, other: Image) -> None:
    last = {"HOLDS": "a layer"}  # so that an image without layers is built, too
    assert tag(one.with_env_vars(last)) != tag(other.with_env_vars(last))


def test_the_executable_bit_and_the_place_of_a_file_are_part_of_the_tag() -> None:
    image = BARE.with_source_file("run.sh")
    plain, executable = MemoryFiles({"run.sh": "x"}), MemoryFiles({"run.sh": "x"}, executable=("run.sh",))
    assert plan(image, plain).tag != plan(image, executable).tag
    assert plan(BARE.with_source_file("run.sh", "/a/"), plain).tag != plan(image, plain).tag


def test_what_does_not_make_another_image_does_not_make_another_tag() -> None:
    files = {"a/x.txt": "1"}
    image = DEBIAN.with_source_folder("a").with_env_vars({"B": "2", "A": "1"})
    same = [
        plan(image, MemoryFiles(files, "/elsewhere")),
        plan(image.clone(registry="ghcr.io/x", name="other"), files),
        plan(image, files, registry="localhost:5000", default_registry="x.io"),
        plan(DEBIAN.with_source_folder("a").with_env_vars({"A": "1", "B": "2"}), files),
        plan(image.with_code_bundle(), files),
        plan(image.clone(platform=("linux/arm64", "linux/amd64")), files),
    ]
    assert {each.tag for each in same} == {tag(image, files)}


def test_platforms_of_the_command_line_stand_for_those_declared() -> None:
    planned = plan(DEBIAN, platforms=("linux/arm64",))
    assert planned.platforms == ("linux/arm64",)
    assert planned.tag == tag(DEBIAN.clone(platform="linux/arm64")) != tag(DEBIAN)


# --- addresses


def test_where_an_image_goes() -> None:
    named = DEBIAN.clone(registry="ghcr.io/team", name="app")
    hash_ = tag(DEBIAN)
    assert plan(DEBIAN).uri == f"flyte:{hash_}"
    assert plan(DEBIAN, default_registry="r.io/x").uri == f"r.io/x/flyte:{hash_}"
    assert plan(named, default_registry="r.io/x").uri == f"ghcr.io/team/app:{hash_}"
    assert plan(named, registry="localhost:5000").uri == f"localhost:5000/app:{hash_}"


def test_images_that_exist_are_taken_as_they_are() -> None:
    for given in ("busybox:1", Image("busybox:1"), Image.from_base("busybox:1")):
        assert plan(given) == ImagePlan(uri="busybox:1", given=True)


def test_auto_is_the_debian_base_or_the_image_without_a_name() -> None:
    assert plan("auto").tag == plan(Image.from_debian_base()).tag
    assert plan("auto", refs={"default": "mine:1"}) == ImagePlan(uri="mine:1", given=True)


def test_a_name_is_looked_up_and_an_unknown_one_says_what_is_known() -> None:
    image = Image.from_ref_name("my-app")
    assert plan(image, refs={"my-app": "ghcr.io/x/app:1"}).uri == "ghcr.io/x/app:1"
    with pytest.raises(UnknownNameError, match="no image 'my-app'; known: my-ap, other") as raised:
        plan_image(image, MemoryFiles(), ImageOptions(refs={"other": "b", "my-ap": "a"}), where="app.py:3")
    assert "did you mean 'my-ap'?" in raised.value.hint
    assert "--image my-app=URI" in raised.value.hint
    assert raised.value.where == "app.py:3"


# --- this project


def test_a_release_is_installed_by_version_and_anything_else_by_content() -> None:
    released = plan(DEBIAN, MemoryFiles(own=OwnDistribution("1.2.0", released=True)))
    assert released.layers[0].fields == {
        "distribution": "flytectl-py",
        "extras": ("azure", "gcs", "s3"),
        "version": "1.2.0",
    }
    unreleased = plan(DEBIAN, MemoryFiles(own=OwnDistribution("1.2.0", released=False)))
    assert paths(unreleased.layers[0]) == [f"1-flyte-wheel/{WHEEL}"]
    pinned = plan(Image.from_debian_base((3, 12), "1.2.0"), MemoryFiles(own=OwnDistribution("9", released=False)))
    assert pinned.tag == released.tag != unreleased.tag
    assert plan(BARE.with_local_v2()).layers[0].kind == "flyte-wheel"


def test_the_distribution_flyte_is_left_out_and_ours_goes_in_last() -> None:
    planned = plan(DEBIAN.with_pip_packages("numpy", "Flyte[x]>=2").with_commands(["flyte --version"]))
    assert planned.layers[1].fields["packages"] == ["numpy"]
    text = planned.dockerfile
    assert text.index(" numpy") < text.index("flytectl-py[") < text.index("RUN flyte --version")
    assert context_of(planned)["without-flyte.txt"].content == b"flyte ; sys_platform == 'none'\n"


@pytest.mark.parametrize(
    ("image", "files"),
    [
        (BARE.with_pip_packages("flyte>=2"), {}),
        (BARE.with_requirements("r.txt"), {"r.txt": "-r more.txt\n", "more.txt": "flyte==2.1 \\\n  --hash=sha256:0\n"}),
        (BARE.with_uv_project("pyproject.toml"), {"pyproject.toml": "[project]\nname='a'\ndependencies=['flyte']"}),
        (BARE.with_uv_project("pyproject.toml"), {"pyproject.toml": "[dependency-groups]\netl=['flyte']"}),
        (BARE.with_poetry_project("pyproject.toml"), {"pyproject.toml": "[tool.poetry.dependencies]\nflyte='*'"}),
    ],
)
def test_who_asks_for_flyte_gets_ours_on_any_base(image: Image, files: dict[str, str]) -> None:
    planned = plan(image, files)
    assert [each.kind for each in planned.layers][1:] == ["flyte"]
    assert planned.dockerfile.rstrip().endswith("'flytectl-py[azure,gcs,s3]==1.2.0'")


def test_who_does_not_ask_for_it_does_not() -> None:
    assert [each.kind for each in plan(BARE.with_pip_packages("flytekit", "flyte-sdk")).layers] == ["pip"]


# --- files


def test_a_source_file_lands_in_a_folder_or_under_the_name_given() -> None:
    files = {"conf.yaml": "x"}
    for dst, folder, name in [
        (".", ".", "conf.yaml"),
        ("/app/", "/app/", "conf.yaml"),
        ("/app/c.yaml", "/app", "c.yaml"),
        ("c.yaml", ".", "c.yaml"),
        ("/c.yaml", "/", "c.yaml"),
    ]:
        layer = plan(BARE.with_source_file("conf.yaml", dst), files).layers[0]
        assert (layer.fields["folder"], paths(layer)) == (folder, [f"1-source-file/{name}"])


def test_a_source_folder_keeps_its_name_unless_only_its_contents_are_copied() -> None:
    files = {"proj/app.py": "x"}
    whole = plan(BARE.with_source_folder("proj", "/app"), files).layers[0]
    contents = plan(BARE.with_source_folder("proj", "/app", copy_contents_only=True), files).layers[0]
    assert (whole.fields["folder"], contents.fields["folder"]) == ("/app/proj", "/app")
    assert paths(whole) == ["1-source-folder/app.py"]


def test_requirements_bring_the_files_that_they_lead_to() -> None:
    files = {"a/r.txt": "-r ../b/more.txt  # more\nx\n", "b/more.txt": "--constraint c.txt\n", "b/c.txt": "x<2\n"}
    planned = plan(BARE.with_requirements("a/r.txt"), files)
    assert paths(planned) == [f"1-requirements/{each}" for each in ("a/r.txt", "b/c.txt", "b/more.txt")] + [
        "without-flyte.txt"
    ]
    assert planned.layers[0].fields["file"] == "a/r.txt"
    assert tag(BARE.with_requirements("a/r.txt"), {**files, "b/c.txt": "x<3\n"}) != planned.tag


def test_only_the_header_of_a_script_counts() -> None:
    image = Image.from_uv_script("s.py", name="s", python_version=(3, 12))
    header = "# /// script\n# dependencies = ['httpx']\n# [tool.uv]\n# exclude-newer = '2026-01-01T00:00:00Z'\n# ///\n"
    planned = plan(image, {"s.py": header + "print(1)\n"})
    assert planned.tag == tag(image, {"s.py": header + "print(2)\n"})
    assert planned.tag != tag(image, {"s.py": header.replace("httpx", "rich")})
    assert paths(planned.layers[1]) == ["2-uv-script/pyproject.toml"]
    content = planned.layers[1].files[0].content
    assert content is not None
    assert content.decode().startswith(
        '[project]\nname = "script"\nversion = "0"\ndependencies = [\'httpx\']\n[tool.uv]'
    )


def test_a_dockerfile_of_the_users_is_built_in_its_folder() -> None:
    image = Image.from_dockerfile("ctx/Dockerfile.gpu", "r.io/x", "gpu", platform="linux/arm64")
    files = {"ctx/Dockerfile.gpu": "FROM scratch\nCOPY a /a\n", "ctx/a": "1", "outside": "2"}
    planned = plan(image, files)
    assert planned.uri == f"r.io/x/gpu:{planned.tag}"
    assert planned.dockerfile == files["ctx/Dockerfile.gpu"]
    assert planned.dockerfile_path == "Dockerfile.gpu"
    assert paths(planned) == ["Dockerfile.gpu", "a"]
    assert planned.platforms == ("linux/arm64",)
    layer = planned.layer_at(2)
    assert layer is not None
    assert layer.declared_by == "from_dockerfile"
    assert tag(image, {**files, "outside": "3"}) == planned.tag != tag(image, {**files, "ctx/a": "2"})


def test_the_context_is_the_files_of_the_layers_and_nothing_else() -> None:
    planned = plan(DEBIAN.with_pip_packages("a").with_source_file("x"), {"x": "1"})
    assert set(context_of(planned)) == {"Dockerfile", planned.layers[2].files[0].path, "without-flyte.txt"}
    assert paths(planned) == ["3-source-file/x", "without-flyte.txt"]


def test_what_is_mounted_for_a_step_shows_in_its_instruction() -> None:
    # Buildah takes a cached step for the one asked for where their texts are the same, whatever is mounted.
    image = BARE.with_requirements("r.txt")
    texts = [plan(image, {"r.txt": f"idna=={version}\n"}).dockerfile for version in ("3.10", "3.9")]
    assert texts[0] != texts[1]


# --- faults


def test_all_faults_of_files_that_are_not_there_are_said_at_once() -> None:
    image = BARE.with_requirements("no.txt").with_source_folder("none")
    with pytest.raises(InvalidImageError) as raised:
        plan(image)
    assert [str(each) for each in raised.value.faults] == [
        "with_requirements: no.txt does not exist",
        "with_source_folder: none does not exist",
    ]


@pytest.mark.parametrize(
    ("image", "files", "said"),
    [
        (
            BARE.with_requirements("r.txt"),
            {"r.txt": "x\n-e ./lib\n"},
            "/project/r.txt:2 installs './lib' from this machine",
        ),
        (
            BARE.with_requirements("r.txt"),
            {"r.txt": "-r gone.txt"},
            "/project/gone.txt does not exist, and r.txt leads to",
        ),
        (BARE.with_uv_project("p.toml"), {"p.toml": "= no"}, "is not TOML"),
        (
            BARE.with_uv_project("p.toml", "u"),
            {"p.toml": "", "u": "package = 1"},
            "/project/u is not a lock file of uv",
        ),
        (BARE.with_env_vars({"A B": "1"}), {}, "cannot be the name of a variable in a Dockerfile"),
        (BARE.with_env_vars({"A": "1\n2"}), {}, "has a line break in its value"),
        (Image.from_uv_script("s.py", name="s"), {"s.py": "print()"}, "has no header"),
        (
            Image.from_uv_script("s.py", name="s", python_version=(3, 11)),
            {"s.py": "# /// script\n# requires-python = '>=3.12'\n# ///\n"},
            "requires Python >=3.12, and the image has 3.11",
        ),
        (
            Image.from_uv_script("s.py", name="s"),
            {"s.py": "# /// script\n# [tool.uv.sources]\n# a = {path='x'}\n# ///\n"},
            "takes a from a path of this machine",
        ),
        (BARE.clone(addl_layer=Layer()), {}, "Image(…): Layer is a kind of layer that is not known"),
    ],
)
def test_what_cannot_be_built_is_refused(image: Image, files: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidImageError) as raised:
        plan(image, files)
    assert said in str(raised.value)
