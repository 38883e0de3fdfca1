"""Every command of every page in docs/ is run, in order, in a project that holds the files which the page shows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from flytectl_py.cli.command_tree import COMMANDS, every_description
from tests.support.control_plane import control_plane
from tests.support.docker.parts import DockerParts
from tests.support.docs import TOP, Command, Page, filled, run_command, says
from tests.support.process import SCRIPTS
from tests.support.project import Files, Project

MakeProject = Callable[..., Project]


class Setting(NamedTuple):
    """What a page takes for granted.

    :param files: the reader's own, besides those that the page shows.
    :param plane: whether an endpoint is configured. :param docker: whether there is a daemon.
    :param words: what stands in a command for something of the reader's own -> what it is here.
    :param before: commands that made what the page speaks of.
    :param elsewhere: commands that are run by another test -> the file in tests/e2e, and what stands in it for that.
    """

    files: Files = {}
    plane: bool = False
    docker: bool = False
    words: Mapping[str, str] = {}
    before: Sequence[str] = ()
    elsewhere: Mapping[str, tuple[str, str]] = {}


APP = """
import flyte

env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1", cache="auto")


@env.task
def load(day: str = "monday", verbose: bool = False) -> str:
    return day


@env.task
def main(x: int = 1) -> int:
    print("seen")
    load()
    return x
"""
ETL = """
import flyte

env = flyte.TaskEnvironment("etl", image="ghcr.io/acme/base:1")


@env.task
def extract(x: int = 1) -> int:
    return x
"""
IMAGE = """
import flyte

env = flyte.TaskEnvironment(
    "etl", image=flyte.Image.from_debian_base(install_flyte=False, platform=("linux/amd64",)).with_apt_packages()
)


@env.task
def main(x: int = 1) -> int:
    return x
"""
HYBRID = "flyte run --mode hybrid --run-base-dir s3://bucket/runs app.py main --x 1"
IN_DOCKER = "flyte run --engine docker app.py main --name world"

SETTINGS: Mapping[str, Setting] = {
    "cache.md": Setting({"app.py": APP}),
    "ci.md": Setting(
        {"app.py": APP},
        plane=True,
        before=("git init -q && git add app.py && git -c user.name=a -c user.email=b commit -qm 1",),
    ),
    "containers.md": Setting(
        elsewhere={IN_DOCKER: ("test_engine_option.py", 'words = ("run", "--engine", "docker", "app.py", "main"')},
    ),
    # The endpoint of the page's other commands has a file of its own.
    "control-plane.md": Setting(
        plane=True, elsewhere={"flyte config init": ("test_config_writing.py", '"config", "init"')}
    ),
    "deploy.md": Setting(
        {"app.py": APP + ETL.replace("import flyte\n", "").replace("env", "etl"), "src/jobs.py": ETL}, plane=True
    ),
    "flyte1.md": Setting(
        {"app/tasks.py": ETL, "app/__init__.py": "", "rates.txt": "2"},
        elsewhere={"flytectl register files out/*": ("test_serialize.py", "serialize")},
    ),
    "images.md": Setting(
        {"app.py": IMAGE},
        docker=True,
        words={"ghcr.io/acme": "REPOSITORY"},
        elsewhere={"flyte doctor ghcr.io/acme/app:1": ("test_doctor.py", 'made.flyte("doctor", tag, "--json"')},
    ),
    "local-runs.md": Setting(
        before=("flyte run --name monday etl.py main", "flyte run --name tuesday etl.py main --parts 4"),
        words={"NAME": "tuesday"},
    ),
    "remote-runs.md": Setting(
        {"app.py": APP},
        plane=True,
        words={"RUN": "first"},
        before=("flyte deploy --version v2 app.py", "flyte run --name first app.py main"),
        elsewhere={HYBRID: ("test_hybrid.py", '"--mode", "hybrid", "--run-base-dir"')},
    ),
}  # fmt: skip
"""Pages that take nothing for granted are not in it."""

RUN_BY = dict.fromkeys(("configuration.md", "doctor.md", "explain.md"), "test_explain_docs.py")
"""Pages whose commands another file of tests/e2e runs."""

PAGES = [Page(f"docs/{path.name}") for path in sorted((TOP / "docs").glob("*.md"))]


def short(page: Page) -> str:
    return page.name.removeprefix("docs/")


def parameter(page: Page) -> object:
    marks = [pytest.mark.docker] if SETTINGS.get(short(page), Setting()).docker else []
    return pytest.param(page, id=short(page), marks=marks)


@pytest.mark.parametrize("page", [parameter(page) for page in PAGES if page.commands() and short(page) not in RUN_BY])
def test_every_command_works_and_prints_what_the_page_says(
    project: MakeProject, request: pytest.FixtureRequest, page: Page
) -> None:
    setting = SETTINGS.get(short(page), Setting())
    made = project({**setting.files, **page.files()})
    with ExitStack() as stack:
        env, words = dict[str, str | None](), dict(setting.words)
        if setting.plane:
            made.write({".flyte/config.yaml": stack.enter_context(control_plane()).config})
        if setting.docker:
            docker: DockerParts = request.getfixturevalue("docker")
            env |= {
                **docker.environment,
                "PATH": os.pathsep.join([str(SCRIPTS), docker.environment["PATH"]]),
                "FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry,
                "FLYTE_IMAGE_UV_IMAGE": docker.uv_image,
            }
            words = {word: docker.repository() if value == "REPOSITORY" else value for word, value in words.items()}
        for text in setting.before:
            run_command(made, text, env).expect()
        wrong = [
            f"{page.name}:{command.line}: {said}"
            for command in page.commands()
            if command.text not in setting.elsewhere and (said := complaint(made, command, words, env))
        ]
    assert wrong == [], "\n\n".join(wrong)


def complaint(made: Project, command: Command, words: Mapping[str, str], env: Mapping[str, str | None]) -> str:
    """Run a command and return what is wrong with it, if anything; one that shows an error has to fail."""
    done = run_command(made, filled(command.text, words), env)
    failed = command.shown is not None and re.search(r"^error: ", command.shown, re.MULTILINE)
    if (done.code != 0) != bool(failed):
        return str(done)
    return "" if command.shown is None or says(command.shown, done.out, made) else str(done)


def test_what_is_run_elsewhere_is() -> None:
    for name, file in RUN_BY.items():
        assert name in (TOP / "tests/e2e" / file).read_text(encoding="utf-8")
    for name, setting in SETTINGS.items():
        commands = {each.text for each in Page(f"docs/{name}").commands()}
        for command, (file, words) in setting.elsewhere.items():
            assert command in commands
            assert words in (TOP / "tests/e2e" / file).read_text(encoding="utf-8")
        for word in setting.words:
            assert any(word in each for each in commands), f"{name}: nothing is called {word}"


COMPARING = ("docs/comparison.md", "docs/flyte2.md")
OF_THE_PEER = frozenset({"create", "delete", "edit", "gen", "prefetch", "proxy", "serve", "signal", "update"})
"""Commands of flyte 2.12.1 that are not there; the pages that compare name them."""


def known_options() -> dict[str, set[str]]:
    """The options of each command and its words together; those of every command under an empty name."""
    found: dict[str, set[str]] = {name: set() for name in ("", *COMMANDS)}
    for each in every_description():
        name = each.name.split()[0] if each.name else ""
        for option in each.options.values():
            found[name] |= {part for one in option.names for part in one.split("/")}
    return found


def test_commands_within_sentences_have_options_that_there_are() -> None:
    known = known_options()
    wrong = []
    for page in [*PAGES, Page("README.md")]:
        for span in page.spans():
            words = span.split()[1:]
            name = next((word for word in words if not word.startswith("-")), "")
            if not re.fullmatch(r"[a-z]\w*", name):
                continue
            if name in OF_THE_PEER and page.name in COMPARING:
                continue
            if name not in known:
                wrong.append(f"{page.name}: {span}: no such command")
                continue
            # Whatever follows a task is an input of it, and none of ours.
            given = {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)}
            ours = known[name] | known[""]
            if name not in ("run", "rerun") and not given <= ours:
                wrong.append(f"{page.name}: {span}: {sorted(given - ours)}")
    assert wrong == []


def test_every_room_has_a_page_and_every_link_leads_somewhere() -> None:
    overview = Page("docs/00-overview.md")
    described = overview.text.split("## Where a room is described")[1].split("\n## ")[0]
    rooms = {f"{path.name}/" for path in (TOP / "flytectl_py").iterdir() if (path / "__init__.py").is_file()}
    assert {room for room in rooms if f"`{room}`" not in described} == set()
    broken = [
        f"{page.name}: {link}"
        for page in [*PAGES, Page("README.md")]
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.text)
        if not (TOP / page.name).parent.joinpath(link).exists()
    ]
    assert broken == []
