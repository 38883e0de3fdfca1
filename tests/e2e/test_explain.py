"""`flyte explain bundle` and `version`, and what all subjects share; see also test_build.py and test_cache.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.docker.base_image import BASE
from tests.support.project import Project
from tests.support.terminal import left_on_screen

if TYPE_CHECKING:
    from tests.support.control_plane import ControlPlaneServer
    from tests.support.docker.parts import DockerParts

MakeProject = Callable[..., Project]

APP = """
import flyte
import helper

env = flyte.TaskEnvironment("etl", image="r.io/etl:1", resources=flyte.Resources(cpu=1))

@env.task
async def load(x: int) -> int:
    return helper.double(x)
"""
FILES = {"app.py": APP, "helper.py": "def double(x):\n    return 2 * x\n", "run.sh": "#!/bin/sh\n"}


def test_a_bundle_and_what_moved(project: MakeProject) -> None:
    made = project({**FILES, "gone.txt": "x"})
    words = ("app.py", "--copy-style", "all")
    first = made.flyte("explain", "bundle", *words).expect()
    assert first.out.endswith("\n`-- no earlier bundle is known here, so nothing can be compared\n")
    digest = made.flyte("bundle", *words).expect().out.strip()
    assert first.out.startswith(f"bundle of app.py: {digest}\n|-- recipe 1\n|-- root {made.path} (folder of app.py)")
    assert "|-- copy style all\n|-- 4 files, " in first.out
    (made.path / "run.sh").chmod(0o755)
    (made.path / "gone.txt").unlink()
    made.write({"helper.py": "def double(x):\n    return x + x\n", "new.txt": "12345"})
    said = made.flyte("explain", "bundle", *words, "--json").expect().json
    assert said["changed"] == [
        "gone.txt removed",
        "helper.py changed",
        "new.txt added (5 B)",
        "run.sh is executable now",
    ]
    assert (said["since"]["name"], said["since"]["by"], said["since"]["subject"]) == (digest, "bundle", "app.py")
    assert {each["path"]: each["executable"] for each in said["files"]}["run.sh"] is True
    assert all(len(each["sha256"]) == 64 and each["why"] for each in said["files"])
    told = made.flyte("explain", "bundle", *words).expect().out
    assert "`-- moved since the last bundle, " in told
    assert told.endswith("    `-- run.sh is executable now\n")


def test_a_version_and_what_moved_since_it_was_deployed(project: MakeProject, plane: ControlPlaneServer) -> None:
    made = project({**FILES, ".flyte/config.yaml": plane.config})
    version = made.flyte("deploy", "app.py").expect().out.strip()
    same = made.flyte("explain", "version", "app.py").expect().out
    assert same.startswith(f"version of app.py: {version}\n|-- recipe 1\n|-- bundle ")
    assert "|   `-- etl: r.io/etl:1\n" in same
    assert "|       |-- resources.cpu 1\n" in same
    assert "`-- nothing moved since the last deployment, " in same
    made.write(
        {
            "app.py": APP.replace("cpu=1", "cpu=2").replace("etl:1", "etl:2") + "\n@env.task\ndef more(): pass\n",
            "helper.py": "def double(x):\n    return x + x\n",
        }
    )
    said = made.flyte("explain", "version", "app.py", "--json").expect().json
    assert said["version"] != version
    assert said["since"]["name"] == version
    assert said["changed"][1:] == [
        "bundle: helper.py changed",
        "image etl: r.io/etl:1 → r.io/etl:2",
        "task etl.load: resources.cpu 1 → 2",
        "task etl.more added",
    ]
    assert said["changed"][0].startswith("bundle: app.py changed (")
    # A run sends one task under a name of its own; where it is all that is known, it is compared with.
    made.flyte("run", "--project", "flytesnacks", "app.py", "more").expect()
    after = made.flyte("explain", "version", "app.py", "etl", "--json").expect().json
    assert (after["since"]["by"], after["since"]["name"]) == ("deploy", version)
    ledger = made.path / ".flyte/state/ledger"
    for entry in ledger.glob("version-*"):
        if "etl.load" in entry.read_text():
            entry.unlink()
    after = made.flyte("explain", "version", "app.py", "--json").expect().json
    assert (after["since"]["by"], after["changed"]) == ("run", [])


def test_a_ledger_that_cannot_be_read_is_a_warning(project: MakeProject) -> None:
    made = project(FILES)
    made.flyte("bundle", "app.py").expect()
    (entry,) = (made.path / ".flyte/state/ledger").iterdir()
    entry.write_text("{")
    told = made.flyte("explain", "bundle", "app.py").expect()
    assert f"warning: {entry} is damaged, and is not read" in told.err
    assert "no earlier bundle is known here" in told.out
    made.flyte("bundle", "app.py").expect()
    assert "nothing moved since" in made.flyte("explain", "bundle", "app.py").expect().out


def test_a_terminal_shows_boxes_and_eighty_columns(project: MakeProject) -> None:
    made = project(FILES)
    with made.flyte_on_terminal("explain", "version", "app.py") as terminal:
        lines = left_on_screen(terminal.finish().expect().out)
    assert any(line.startswith("├── ") for line in lines)
    assert any(line.startswith("└── no earlier deployment is known here") for line in lines)
    assert max(map(len, lines)) <= 80
    assert not any("|--" in line for line in lines)


def test_of_a_folder_the_files_below_it_count_only_if_that_is_said(project: MakeProject) -> None:
    made = project({**FILES, "sub/other.py": APP.replace("etl", "other").replace("import helper\n", "helper = None\n")})
    top = made.flyte("explain", "version", ".", "--json").expect().json
    assert list(top["tasks"]) == ["etl.load"]
    deep = made.flyte("explain", "version", ".", "--recursive", "--json").expect().json
    assert sorted(deep["tasks"]) == ["etl.load", "other.load"]
    assert top["target"] == deep["target"] == "."


def test_without_code_that_travels(project: MakeProject) -> None:
    said = project(FILES).flyte("explain", "version", "app.py", "--copy-style", "none").expect()
    assert "|-- no bundle: the images hold the code\n" in said.out


@pytest.mark.docker
def test_an_image_and_what_moved_since_it_was_built(project: MakeProject, docker: DockerParts) -> None:
    image = f'flyte.Image.from_base("{docker.registry}/{BASE}").clone(registry="{docker.repository()}", name="x")'
    app = f"""
    import flyte

    image = {image}.with_env_vars({{"A": "1"}})
    env = flyte.TaskEnvironment("etl", image=image)
    """
    made = project({"app.py": app})
    words = ("explain", "image", "app.py", "--json")
    assert made.flyte(*words).expect().json["images"][0]["since"] is None
    tag = made.flyte("build", "app.py", "--json", env=docker.environment, timeout=300).expect().json["images"][0]["tag"]
    made.write({"app.py": app.replace('"1"', '"2"').replace("})\n", '}).with_commands(["true"])\n', 1)})
    (said,) = made.flyte(*words).expect().json["images"]
    assert (said["since"]["name"], said["since"]["by"]) == (tag, "build")
    assert said["changed"] == ["variable A 1 → 2", "with_commands is new"]
    text = made.flyte(*words[:-1]).expect().out
    assert "moved since the last build, " in text
    assert text.endswith("    |-- variable A 1 → 2\n    `-- with_commands is new\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bundle"], "which file? flyte explain bundle needs FILE or DIR"),
        (["bundle", "app.py", "more"], "flyte explain bundle takes FILE|DIR, got app.py more"),
        (["bundle", "app.py", "--platform", "linux/amd64"], "flyte explain bundle has no option --platform"),
        (["bundle", "app.py", "--registry", "r"], "hint: 'flyte explain image' and 'flyte explain version' do\n"),
        (["image", "app.py", "--recursive"], "hint: 'flyte explain version' does\n"),
        (["version", "app.py", "elt"], "did you mean 'etl'?"),
        (["cache", "app.py", "load", "--include", "x"], "flyte explain cache has no option --include"),
        (["version", "none.py"], "none.py"),
    ],
)
def test_what_cannot_be_explained(project: MakeProject, words: list[str], said: str) -> None:
    assert said in project(FILES).flyte("explain", *words).expect(2).err
