"""`flyte build` where there is no daemon, registry or network: plans, folders to build elsewhere, and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]
Example = Callable[[str], Project]

APP = """
from pathlib import Path

import flyte

HERE = Path(__file__).parent
base = flyte.Image.from_debian_base(name="app").with_pip_packages("httpx", secret_mounts="index-token")
etl = flyte.TaskEnvironment("etl", image=base.with_source_folder(HERE / "data").with_code_bundle())
ml_env = flyte.TaskEnvironment("ml", image=base.with_env_vars({"LEVEL": "1"}), depends_on=[etl])
same = flyte.TaskEnvironment("same", image=base.with_env_vars({"LEVEL": "1"}))
given = flyte.TaskEnvironment("given", image="busybox:1")


@etl.task
def load(x: int) -> int:
    return x
"""
FILES = {"app.py": APP, "data/a.txt": "1", "pyproject.toml": "[project]\nname = 'p'\n"}
# Nothing may be asked of Docker, so there is none.
NO_DOCKER = {"PATH": "/nowhere", "DOCKER_HOST": "unix:///nowhere"}


def images(made: Project, *args: str, **options: Any) -> list[dict[str, Any]]:
    found = made.flyte("build", *args, "--dry-run", "--json", env=NO_DOCKER, **options).expect().json["images"]
    assert isinstance(found, list)
    return found


def folder(image: dict[str, Any], number: int) -> str:
    """Return the folder of the context for the files of a layer, which is counted from 1."""
    layer = image["layers"][number - 1]
    return f"{number}-{layer['kind']}-{layer['hash'][:12]}"


def by_environment(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: each for each in found for name in each["environments"]}


def test_a_dry_run_says_everything_about_every_image(project: MakeProject) -> None:
    found = images(project(FILES), "app.py")
    assert [each["environments"] for each in found] == [["etl"], ["ml", "same"], ["given"]]
    etl, ml, given = found
    assert etl["uri"] == f"app:{etl['tag']}"
    assert etl["platforms"] == ["linux/amd64", "linux/arm64"]
    assert [layer["kind"] for layer in etl["layers"]] == ["flyte-wheel", "pip", "source-folder"]
    assert [layer["declared_by"] for layer in ml["layers"]][1:] == ["with_pip_packages", "with_env_vars"]
    assert etl["layers"][1]["hash"] == ml["layers"][1]["hash"]
    assert f'COPY ["{folder(etl, 3)}/", "./data/"]' in etl["dockerfile"]
    assert {each["state"] for each in found} == {"unknown"}
    assert all(each["seconds"] == 0 for each in found)
    assert (given["uri"], given["tag"], given["dockerfile"]) == ("busybox:1", None, None)


def test_a_dry_run_of_a_forced_build_knows_that_it_would_build(project: MakeProject) -> None:
    found = by_environment(images(project(FILES), "app.py", "--force"))
    assert {name: each["state"] for name, each in found.items()} == {
        "etl": "to build",
        "ml": "to build",
        "same": "to build",
        "given": "unknown",
    }


def test_for_a_person_a_dry_run_shows_tags_layers_and_dockerfiles(project: MakeProject) -> None:
    made = project(FILES)
    found = images(made, "app.py")
    result = made.flyte("build", "app.py", "--dry-run", env=NO_DOCKER).expect()
    first, given = result.out.split("\n\napp:")[0], result.out.rpartition("\n\n")[2]
    assert given == "busybox:1\n  given by its URI: there is nothing to build\n"
    uri, _, rest = first.partition("\n  layers:\n")
    layers, _, dockerfile = rest.partition("\n  Dockerfile:\n")
    assert uri == found[0]["uri"]
    assert layers.split("\n") == [
        f"    {layer['declared_by']} ({layer['kind']}) {layer['hash'][:12]}" for layer in found[0]["layers"]
    ]
    assert dedent(dockerfile) == found[0]["dockerfile"].rstrip("\n")
    assert f"\n\n{found[1]['uri']}\n  layers:\n" in result.out
    assert "flyte: etl: planned\n" in result.err
    explained = made.flyte("explain", "image", "app.py", "etl", env=NO_DOCKER).expect().out
    assert all(line.strip() in explained for line in layers.split("\n"))


def test_quiet_leaves_of_a_dry_run_the_uris_and_verbose_shows_whole_hashes(project: MakeProject) -> None:
    made = project(FILES)
    (etl,) = images(made, "app.py", "etl")
    assert made.flyte("build", "-q", "app.py", "etl", "--dry-run", env=NO_DOCKER).expect().out == f"{etl['uri']}\n"
    verbose = made.flyte("build", "-v", "app.py", "etl", "--dry-run", env=NO_DOCKER).expect()
    assert f"    with_source_folder (source-folder) {etl['layers'][2]['hash']}\n" in verbose.out
    assert "with_source_folder" not in verbose.err


@pytest.mark.parametrize("name", ["ml", "ml_env"])
def test_an_environment_is_named_or_its_variable_is_and_what_it_depends_on_comes_along(
    project: MakeProject, name: str
) -> None:
    assert [each["environments"] for each in images(project(FILES), "app.py", name)] == [["ml"], ["etl"]]


def test_neither_folder_nor_time_nor_user_nor_settings_move_a_tag(project: MakeProject, tmp_path: Path) -> None:
    here, there = project(FILES), Project(tmp_path / "else" / "where", tmp_path / "home2", FILES)
    (there.path / "data/a.txt").touch()
    (there.path / "data/a.txt").chmod(0o600)
    (there.path / "sub").mkdir()
    there.write({".flyte/config.yaml": "task: {domain: production}\nimage: {registry: r.example/x}\n"})
    tags = {name: each["tag"] for name, each in by_environment(images(here, "app.py")).items()}
    others = by_environment(images(there, "../app.py", cwd="sub"))
    assert {name: each["tag"] for name, each in others.items()} == tags
    assert images(there, "app.py", "etl")[0]["uri"] == f"r.example/x/app:{tags['etl']}"


def test_editing_code_moves_no_tag_unless_it_is_baked_in(project: MakeProject) -> None:
    made = project(FILES)
    before, baked = images(made, "app.py", "etl")[0], images(made, "app.py", "etl", "--copy-style", "none")[0]
    made.write({"app.py": APP + "\n# a comment\n"})
    after, rebaked = images(made, "app.py", "etl")[0], images(made, "app.py", "etl", "--copy-style", "none")[0]
    assert before["tag"] == after["tag"]
    assert "app.py" not in before["dockerfile"]
    assert len({before["tag"], baked["tag"], rebaked["tag"]}) == 3
    assert baked["dockerfile"].endswith(f'COPY ["{folder(baked, 4)}/", "./"]\n')
    assert baked["layers"][-1]["files"] == 1


def test_options_change_where_it_goes_and_for_what(project: MakeProject) -> None:
    made = project(FILES)
    plain = images(made, "app.py", "same")[0]
    pushed = images(made, "app.py", "same", "--registry", "localhost:5000/x")[0]
    assert pushed["uri"] == f"localhost:5000/x/app:{plain['tag']}"
    arm = images(made, "app.py", "same", "--platform", "linux/arm64")[0]
    assert arm["platforms"] == ["linux/arm64"]
    assert arm["tag"] != plain["tag"]


def test_a_dockerfile_and_its_context_for_a_machine_that_has_what_this_one_lacks(project: MakeProject) -> None:
    made = project(FILES)
    result = made.flyte(
        "build", "app.py", "etl", "--emit-dockerfile", "out", "--copy-style=none", env=NO_DOCKER
    ).expect()
    written = sorted(
        each.relative_to(made.path / "out").as_posix() for each in (made.path / "out").rglob("*") if each.is_file()
    )
    wheel = next(each for each in written if each.endswith(".whl"))
    (image,) = images(made, "app.py", "etl", "--copy-style=none")
    source, code = f"{folder(image, 3)}/a.txt", f"{folder(image, 4)}/app.py"
    assert written == sorted([wheel, source, code, "Dockerfile", "without-flyte.txt"])
    assert made.read("out/Dockerfile") == image["dockerfile"]
    assert f"--secret id=index-token,env=INDEX_TOKEN --tag {image['uri']} out" in result.err
    assert (
        made.flyte("build", "app.py", "etl", "--emit-dockerfile", "out", env=NO_DOCKER)
        .expect(2)
        .err.startswith("error: out is not empty")
    )
    both = made.flyte("build", "app.py", "--emit-dockerfile", "all", "--json", env=NO_DOCKER).expect().json
    assert [each["state"] for each in both["images"]] == ["written", "written", "unknown"]
    assert sorted(each.name for each in (made.path / "all").iterdir()) == ["etl", "ml"]


def test_it_says_what_changed_since_the_last_build(project: MakeProject) -> None:
    made = project(FILES)
    script = """
    from pathlib import Path
    from flytectl_py.engines.image_history import ImageHistory
    from flytectl_py.engines.image_planning import PlannedImage, plan_one
    import app
    from flytectl_py.plan.image_plan import ImageOptions
    history = ImageHistory.of(Path.cwd())
    history.remember(PlannedImage(("etl",), plan_one(app.etl.image, Path.cwd(), ImageOptions())))
    """
    made.write({"remember.py": script})
    made.python("remember.py").expect()
    assert images(made, "app.py", "etl")[0]["changed"] == []
    made.write({"data/a.txt": "2", "app.py": APP.replace('"httpx"', '"httpx", "rich"')})
    moved = ["pip package rich added", "with_source_folder: a.txt changed"]
    assert images(made, "app.py", "etl")[0]["changed"] == moved
    assert f"etl: planned ({'; '.join(moved)})" in made.flyte("build", "app.py", "--dry-run").err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "which file? flyte build needs FILE or DIR"),
        (["app.py", "elt"], "did you mean 'etl'?"),
        (["app.py", "etl", "--all"], "--all and etl: give one of them"),
        (["app.py", "--push", "--no-push"], "--push and --no-push: give one of them"),
        (["app.py", "--push", "--dry-run"], "names no registry to push to"),
        (["app.py", "--registry", "bad reg", "--dry-run"], "--registry: 'bad reg' is not allowed"),
        (["app.py", "--registry", "", "--dry-run"], "--registry: '' is not allowed"),
        (["app.py", "--registry", "ghcr.io/Acme/x", "--dry-run"], "did you mean 'ghcr.io/acme/x'?"),
        (["app.py", "--platform", "linux/amd46"], "did you mean 'linux/amd64'?"),
        (["app.py", "--emit-dockerfile", ""], "--emit-dockerfile: it is empty"),
        (["app.py", "--builder", "", "--dry-run"], "no builder ''; known: local"),
        ([""], "FILE is empty"),
        (["app.py", "--platform", "", "--dry-run"], "--platform: got ''; it takes linux/amd64, linux/arm64"),
        (["app.py", "--builder", "dcker"], "did you mean 'docker'?"),
        (["app.py", "--builder", "remote"], "the builder 'remote' is a service of a Flyte backend"),
        (["app.py", "--builder", "dockerfile"], "needs a folder to write to"),
        (["app.py", "--builder", "docker", "--emit-dockerfile", "x"], "--builder docker builds"),
        (["app.py", "--copy-style", "non"], "did you mean 'none'?"),
    ],
)
def test_what_cannot_be_done_as_asked(project: MakeProject, args: list[str], said: str) -> None:
    result = project(FILES).flyte("build", *args, env=NO_DOCKER).expect(2)
    assert said in result.err
    assert "Traceback" not in result.err


def test_without_docker_it_says_what_was_tried_and_the_way_on(project: MakeProject) -> None:
    made = project(FILES)
    result = made.flyte("build", "app.py", "--json", env=NO_DOCKER).expect(3)
    error = result.json["error"]
    assert "docker is not on the PATH" in error["message"]
    assert "--emit-dockerfile DIR" in error["hint"]


def test_a_name_needs_a_uri(project: MakeProject) -> None:
    app = 'import flyte\n\nenv = flyte.TaskEnvironment("e", image=flyte.Image.from_ref_name("my-app"))\n'
    made = project({"app.py": app})
    refused = made.flyte("build", "app.py", "--dry-run").expect(2)
    assert "no image 'my-app'; known: none" in refused.err
    assert "app.py:3" in refused.err
    assert images(made, "app.py", "--image", "my-app=ghcr.io/x/app:1")[0]["uri"] == "ghcr.io/x/app:1"
    made.write({".flyte/config.yaml": "image: {image_refs: {my-app: ghcr.io/x/app:2}}\n"})
    assert images(made, "app.py")[0]["uri"] == "ghcr.io/x/app:2"


def test_auto_is_the_default_image(project: MakeProject) -> None:
    made = project({"app.py": 'import flyte\n\nenv = flyte.TaskEnvironment("e")\n'})
    assert images(made, "app.py")[0]["base"].startswith("python:3.")
    assert images(made, "app.py", "--image", "mine:1")[0]["uri"] == "mine:1"


def test_shared_lock_two_groups_are_two_images(example: Example) -> None:
    found = by_environment(images(example("monorepo_shared_lock"), "src/workspace_app/main.py"))
    assert found["etl"]["tag"] != found["ml"]["tag"]
    assert "--only-group etl" in found["etl"]["dockerfile"]
    assert "--no-install-project" in found["ml"]["dockerfile"]
    assert "COPY" not in found["etl"]["dockerfile"]


def test_siblings_the_library_is_in_the_image_and_the_app_travels(example: Example) -> None:
    made = example("monorepo_siblings")
    main = "my_app/src/my_app/main.py"
    (before,) = images(made, main)
    assert f'COPY ["{folder(before, 3)}/", "./my_lib/"]' in before["dockerfile"]
    made.write({"my_app/src/my_app/tasks.py": made.read("my_app/src/my_app/tasks.py") + "# more\n"})
    assert images(made, main)[0]["tag"] == before["tag"]
    made.write({"my_lib/src/my_lib/stats.py": made.read("my_lib/src/my_lib/stats.py") + "# more\n"})
    assert images(made, main)[0]["tag"] != before["tag"]


def test_from_python(project: MakeProject) -> None:
    script = """
    import asyncio

    import flyte
    import app

    image = flyte.Image.from_debian_base(name="x").with_source_file("data/a.txt")
    print(flyte.build(image, dry_run=True) == asyncio.run(flyte.build.aio(image, dry_run=True)))
    cache = flyte.build_images(app.ml_env, app.given, dry_run=True)
    print(dict(cache) == dict(asyncio.run(flyte.build_images.aio(app.ml_env, app.given, dry_run=True))))
    print(cache["etl"], cache["given"], "nothing" in cache)
    """
    made = project({**FILES, "build.py": script})
    lines = made.python("build.py", env=NO_DOCKER).expect().out.splitlines()
    etl = images(made, "app.py", "etl")[0]["uri"]
    assert lines == ["True", "True", f"{etl} busybox:1 False"]
    refused = made.python("-c", "import flyte; flyte.build('x')").expect(1)
    assert "flyte.build takes an Image" in refused.err


LAYOUT = """
from pathlib import Path

import flyte

HERE = Path(__file__).parent
BASE = flyte.Image.from_debian_base()
env = flyte.TaskEnvironment("e", image=BASE{layers})


@env.task
def main(x: int) -> int:
    return x
"""


@pytest.mark.parametrize(
    ("layers", "root", "said"),
    [
        (".with_source_folder(HERE, copy_contents_only=True)", "proj", ""),
        (".with_source_folder(HERE)", ".", ""),
        (".with_workdir('/app').with_source_folder(HERE, '/app')", ".", ""),
        (".with_code_bundle()", "proj", ""),
        (".with_code_bundle()", ".", ""),
        (".with_commands(['git clone …'])", ".", ""),
        (".with_source_folder(HERE, '/srv').with_env_vars({'PYTHONPATH': '/srv'})", ".", ""),
        (".with_source_folder(HERE)", "proj", "has it at /root/proj/app.py, and it is imported from /root/app.py"),
        (
            ".with_source_folder(HERE, copy_contents_only=True)",
            ".",
            "has it at /root/app.py, and it is imported from /root/proj/app.py",
        ),
        (".with_source_folder(HERE).with_workdir('/app')", ".", "at /root/proj/app.py, and it is imported from /app/p"),
        ("", "proj", "nothing copies it into the image, where it is imported from /root/app.py"),
    ],
)
def test_code_in_the_image_lies_where_it_is_imported_from(
    project: MakeProject, layers: str, root: str, said: str
) -> None:
    made = project({"proj/app.py": LAYOUT.replace("{layers}", layers)})
    args = ("build", "proj/app.py", "--dry-run", "--root-dir", root)
    made.flyte(*args, env=NO_DOCKER).expect()
    result = made.flyte(*args, "--copy-style", "none", env=NO_DOCKER).expect(2 if said else 0)
    assert said in result.err


def test_what_a_dockerignore_names_is_neither_in_the_context_nor_in_the_tag(project: MakeProject) -> None:
    app = """
    from pathlib import Path

    import flyte

    HERE = Path(__file__).parent
    image = flyte.Image.from_debian_base().with_source_folder(HERE).with_dockerignore(HERE / ".dockerignore")
    env = flyte.TaskEnvironment("e", image=image)
    """
    ignored = "__pycache__/\n*.pyc\n.git/\n.venv/\n*.egg-info/\nsecret.txt\n"
    made = project({"app.py": app, "lib/mod.py": "", ".dockerignore": ignored})
    before = images(made, "app.py")[0]["tag"]
    junk = (
        "__pycache__/a.pyc",
        "lib/__pycache__/b.pyc",
        "lib/c.pyc",
        ".git/HEAD",
        ".venv/x",
        "p.egg-info/PKG",
        "secret.txt",
    )
    made.write(dict.fromkeys(junk, "junk"))
    assert images(made, "app.py")[0]["tag"] == before
    made.flyte("build", "app.py", "--emit-dockerfile", "../out", env=NO_DOCKER).expect()
    (copied,) = (made.path.parent / "out").glob("2-source-folder-*")
    found = sorted(each.relative_to(copied).as_posix() for each in copied.rglob("*") if each.is_file())
    assert found == ["app.py", "lib/mod.py"]


def test_a_folder_is_all_its_files_and_a_dockerfile_of_the_users_is_taken_as_it_is(project: MakeProject) -> None:
    app = """
    import flyte

    env = flyte.TaskEnvironment("{}", image=flyte.Image.from_dockerfile("ctx/Dockerfile", "r.io", "x"))
    """
    files = {"one.py": app.format("one"), "two.py": app.format("two"), "ctx/a": "1", "ctx/Dockerfile": "FROM scratch\n"}
    (image,) = images(project(files), ".")
    assert sorted(image["environments"]) == ["one", "two"]
    assert image["uri"] == f"r.io/x:{image['tag']}"
    assert image["dockerfile"] == "FROM scratch\n"


def test_explain_shows_every_field_of_a_tag_and_every_file(project: MakeProject) -> None:
    made = project(FILES)
    result = made.flyte("explain", "image", "app.py", "etl", "-v", env=NO_DOCKER).expect()
    (image,) = images(made, "app.py", "etl")
    assert result.out.startswith(f"image of etl: {image['uri']}\n|-- recipe 2\n|-- base python:3.")
    for layer in image["layers"]:
        assert f"\n|-- {layer['declared_by']} ({layer['kind']}) {layer['hash']}\n" in result.out
    assert "\n|   `-- packages httpx\n" in result.out
    assert "-- a.txt  1 B, sha256 6b86b273ff34" in result.out
    explained = made.flyte("explain", "image", "app.py", "etl", "--json", env=NO_DOCKER).expect().json["images"][0]
    assert explained["tag"] == image["tag"]
    (file,) = explained["layers"][2]["files"]
    assert (file["path"], file["size"], file["executable"]) == ("a.txt", 1, False)
    assert explained["changed"] == []
    given = made.flyte("explain", "image", "app.py", "given", env=NO_DOCKER).expect()
    assert given.out == "image of given: busybox:1\n`-- given by its URI: there is nothing to build\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "which subject? flyte explain needs one of image, bundle, version, cache"),
        (["imge", "app.py"], "no subject 'imge'; known: image, bundle, version, cache\n  hint: did you mean 'image'?"),
        (["image"], "which file? flyte explain image needs FILE or DIR"),
        (["image", "app.py", "elt"], "did you mean 'etl'?"),
    ],
)
def test_what_cannot_be_explained(project: MakeProject, args: list[str], said: str) -> None:
    assert said in project(FILES).flyte("explain", *args, env=NO_DOCKER).expect(2).err
