"""Every code that an error can have: provoked by the command line, as text and as JSON, and told by its page."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from connectrpc.code import Code

import flytectl_py
from flytectl_py.errors import FlyteError
from tests.support.control_plane import ControlPlaneServer
from tests.support.plane.faults import Refuse
from tests.support.plane.state import FAILED, Story
from tests.support.process import Result
from tests.support.project import Project

PAGES = Path(__file__).parents[2] / "docs" / "errors"

APP = """
import asyncio, os
import flyte
import flyte.errors

env = flyte.TaskEnvironment(name="app", image="busybox:1")

@env.task
def main(x: int = 1, text: str = "") -> int:
    return x + 1

@env.task(timeout=0.1)
async def slow() -> int:
    await asyncio.sleep(60)
    return 1

@env.task
def rows() -> int:
    raise flyte.errors.CustomError("BAD_ROWS", "row 3 has no date")

@env.task
def negative() -> int:
    raise ValueError("negative")

@env.task
def useless() -> int:
    raise flyte.errors.NonRecoverableError("the input is empty")

@env.task
def three() -> tuple[int, int]:
    return 1, 2, 3

@env.task
def vanishes() -> int:
    os._exit(7)

@env.task
def interrupted() -> int:
    os.kill(os.getpid(), 15)
    return 1
"""
FILES: Mapping[str, str] = {
    "app.py": APP,
    "many.py": """
    import flyte

    env = flyte.TaskEnvironment(name="many")

    @env.task
    def main(*xs: int) -> int:
        return 1
    """,
    "image.py": """
    import flyte

    env = flyte.TaskEnvironment(name="image", image=flyte.Image.from_debian_base().with_source_file("model.bin"))
    """,
    "twice.py": """
    import flyte

    both = [flyte.TaskEnvironment(name="etl") for _ in range(2)]
    env = flyte.TaskEnvironment(name="main", depends_on=both)

    @env.task
    def main() -> int:
        return 1
    """,
    "broken.py": "import flyte\n\nenv = flyte.TaskEnvironmnt(name='broken')\n",
    "secret.py": """
    import flyte

    env = flyte.TaskEnvironment(name="secret", image="busybox:1", secrets=flyte.Secret("token", as_env_var="TOKEN"))

    @env.task
    def main() -> int:
        return 1
    """,
    "packages.py": """
    import flyte

    image = flyte.Image.from_debian_base(install_flyte=False)
    env = flyte.TaskEnvironment(
        name="packages", image=image.with_pip_packages("no-such-package", index_url="http://127.0.0.1:1")
    )

    @env.task
    def main() -> int:
        return 1
    """,
    "breaks.py": """
    import flyte
    import flytectl_py.values.render as render

    env = flyte.TaskEnvironment(name="breaks")

    @env.task
    def main() -> int:
        return 1

    render.readable = None  # A fault of ours, made on purpose.
    """,
    "leaves.py": """
    import os
    import flyte

    env = flyte.TaskEnvironment(name="leaves", image="busybox:1")
    os.makedirs("gone")
    os.chdir("gone")
    os.rmdir("../gone")
    """,
    "wrong.yaml": "admin:\n  insecure: perhaps\n",
    "code.tar.gz": "no archive",
    "out/notes.txt": "",
}


class Case(NamedTuple):
    """One way to get an error.

    :param page: the page that tells of it. :param exit_code: with which the command ends.
    :param line: what is typed after `flyte`. :param says: a part of the message.
    :param where: the place, a part of it; empty where there is none. :param hint: a part of the hint.
    :param code: the code in JSON, where it is not the page's name.
    :param trouble: what goes wrong with a call to the control plane. :param story: what becomes of runs there.
    :param env: environment variables. :param links: symbolic links in the project, and where they lead.
    """

    page: str
    exit_code: int
    line: str
    says: str
    where: str = ""
    hint: str = ""
    code: str = ""
    plane: bool = False
    trouble: tuple[str, Code] | None = None
    story: Story | None = None
    env: Mapping[str, str] = {}
    links: Mapping[str, str] = {}


def refused(page: str, exit_code: int, code: Code, says: str, hint: str) -> Case:
    """Return the case of a call that the control plane answers with `code`."""
    call = ("IdentityService.UserInfo", code)
    return Case(page, exit_code, "whoami", says, "127.0.0.1", hint, plane=True, trouble=call)


def failed(page: str, story: Story, says: str, code: str = "") -> Case:
    """Return the case of a run on a cluster of which `story` is told."""
    return Case(page, 1, "run --follow app.py main --name r1", says, code=code, plane=True, story=story)


ABORTED = Story(phases=("QUEUED", "RUNNING", "ABORTED"))
OUT_OF_MEMORY = Story(phases=("QUEUED", "RUNNING", "FAILED"), error=("OOMKilled", "the container ran out of memory"))
TAKEN_AWAY = Story(phases=("QUEUED", "RUNNING", "FAILED"), error=("TaskInterrupted", "the node was taken away"))
SYSTEM = Story(phases=("QUEUED", "RUNNING", "FAILED"), error=("NodeLost", "the node does not answer"), system=True)
WAITING = Story(phases=("QUEUED",))
SILENT = Story(phases=("QUEUED", "RUNNING", "FAILED"))
OWN_PLANE: Final = "run --engine process"

CASES = [
    Case("UsageError", 2, "run app.py", "which task? app.py has: main", hint="see 'flyte run app.py --help'"),
    Case("UsageError", 2, "run --x 1 app.py main", "flyte run has no option --x", hint="stand after TASK"),
    Case("UsageError", 2, "get action --local r1", "only runs are recorded here", "--local", "flyte get run NAME"),
    Case("UsageError", 2, "rerun --d", "flyte rerun has no option --d", hint="inputs of the task stand after NAME"),
    Case("DeclarationError", 2, "run many.py main", "a task names each of its inputs", "many.py:5"),
    Case("UnknownNameError", 2, "run app.py mian", "no task 'mian'", "app.py", "did you mean 'main'?"),
    Case("BadInputsError", 2, "run app.py main --x abc", "--x: got 'abc'; takes an integer, e.g. --x 3", "--x"),
    Case("InvalidImageError", 2, "build --dry-run image.py", "model.bin does not exist", "image.py:3"),
    Case("DuplicateEnvironmentError", 2, "deploy --dry-run twice.py", "'etl'", "twice.py:3", "another name"),
    Case("ConfigError", 2, "-c wrong.yaml config show", "perhaps", "wrong.yaml:2"),
    Case("NotReadyError", 3, "deploy app.py", "no endpoint of a cluster is configured", hint="set FLYTE_ENDPOINT"),
    Case("ConflictError", 4, "serialize --pkgs app --image a:1 -f out", "out holds notes.txt", "--folder", "--force"),
    Case("ModuleLoadError", 1, "run broken.py main", "has no attribute 'TaskEnvironmnt'", "broken.py:3"),
    Case("BundleError", 1, "bundle verify code.tar.gz", "the archive is damaged", "code.tar.gz", "download it again"),
    Case("ObjectMissingError", 3, "bundle verify file:///nowhere/code.tar.gz", "no such object", "/nowhere", "push it"),
    Case("StoreUnavailableError", 3, "bundle push app.py file:///proc/nowhere", "cannot upload", "/proc/nowhere"),
    Case("NotReachedError", 3, "whoami --endpoint http://localhost:1", "cannot be reached", "localhost:1", "endpoint"),
    refused("NotLoggedInError", 3, Code.PERMISSION_DENIED, "does not allow this", "'flyte whoami'"),
    refused("ServerFaultError", 3, Code.UNIMPLEMENTED, "does not know this call", "flyte config show --origin"),
    refused("RefusedError", 2, Code.INVALID_ARGUMENT, "refuses the request", "change what was asked for"),
    refused("NotFoundError", 2, Code.NOT_FOUND, "has no such thing", "check the name"),
    refused("AlreadyExistsError", 4, Code.ALREADY_EXISTS, "has it already", "take another name"),
    Case("RuntimeUserError", 1, "run app.py negative", "failed: ValueError: negative", "app.py:22", code="ValueError"),
    Case("RuntimeUserError", 1, "run app.py rows", "row 3 has no date", "app.py:18", code="BAD_ROWS"),
    failed("RuntimeUserError", FAILED, "app.main failed: ValueError: bad luck", code="ValueError"),
    Case("NonRecoverableError", 1, "run app.py useless", "the input is empty", "app.py:26"),
    Case("TaskTimeoutError", 1, "run app.py slow", "ran for longer than its timeout of 0.1 s", "app.py:11"),
    Case("DataValidationError", 1, "run app.py three", "declared are 2, returned was a tuple of 3", "app.py:28"),
    Case(
        "InlineIOMaxBytesBreached", 2, "run app.py main --inputs large.json", "may travel with a call",
        hint="flyte.io.File", plane=True,
    ),
    Case(
        "LogsNotYetAvailable", 1, "logs r1", "r1 has not started yet: queued", hint="'flyte get run r1'", plane=True,
        story=WAITING,
    ),
    Case(
        "DeploymentError", 1, "deploy secret.py", "are deployed, the others are not", hint="deploy again", plane=True,
        trouble=("TaskService.DeployTask", Code.INVALID_ARGUMENT),
    ),
    Case("ImageBuildError", 1, f"{OWN_PLANE} packages.py main", "with_pip_packages", env={"UV_HTTP_RETRIES": "0"}),
    failed("RunAborted", ABORTED, "the run r1 was aborted"),
    failed("OOMKilled", OUT_OF_MEMORY, "the container ran out of memory"),
    failed("TaskInterrupted", TAKEN_AWAY, "the node was taken away"),
    failed("RuntimeSystemError", SYSTEM, "the node does not answer", code="NodeLost"),
    failed("RuntimeUnknownError", SILENT, "the cluster does not say why", code="Unknown"),
    Case("CannotStart", 1, f"{OWN_PLANE} secret.py main", "secrets of the task are not here: token"),
    Case("NoOutcome", 1, f"{OWN_PLANE} app.py vanishes", "its process ended with exit code 7"),
    Case("Interrupted", 143, "run app.py interrupted", "interrupted by SIGTERM"),
    Case("InternalError", 1, "run breaks.py main", "'NoneType' object is not callable", hint="this is a bug in flyte"),
    Case(
        "PermissionError", 3, f"{OWN_PLANE} app.py main", "Operation not permitted", ".flyte/state/process",
        "who may read and write there", links={".flyte/state": "/sys"},
    ),
    Case("FileNotFoundError", 3, "bundle leaves.py", "the current folder is not there any more", hint="cd"),
    Case("OSError", 3, f"run {'long' * 80}.py main", "File name too long", "long.py"),
]  # fmt: skip

WITHOUT_CASE: Final[Mapping[str, str]] = {
    "FlyteError": "needs a file that becomes unreadable between the plan and the upload, or a daemon that goes away",
    "FileChangedError": "needs a file that changes while it is packed: tests/unit/builders/test_build_context.py",
    "ChecksumError": "needs a file that changes while it is sent: tests/contract/store_contract.py",
    "NoSpaceError": "needs a full disk: tests/unit/cli/test_outcome.py",
    "BadOutput": "needs a container that writes a wrong output: tests/e2e/test_machine.py",
    "ControlPlaneAway": "is raised in a container whose children cannot be followed: tests/e2e/test_a0_children.py",
}
"""Pages whose error no test gets by the command line alone, with the reason."""

CODES: Final[Mapping[str, str]] = {
    "LogsNotYetAvailableError": "LogsNotYetAvailable",
    "RunAbortedError": "RunAborted",
    "DeployFailedError": "DeploymentError",
    "InputsTooLargeError": "InlineIOMaxBytesBreached",
    "RuntimeDataValidationError": "DataValidationError",
    "OOMError": "OOMKilled",
    "TaskInterruptedError": "TaskInterrupted",
    "CustomError": "RuntimeUserError",
    "CannotStartError": "CannotStart",
    "BadOutputError": "BadOutput",
}
"""Pages of classes whose code, or whose page, has another name than they."""

NO_CLASS = {
    "Interrupted", "InternalError", "PermissionError", "NoSpaceError", "FileNotFoundError", "OSError",
    "NoOutcome", "ControlPlaneAway",
}  # fmt: skip
"""Codes that are not of a class of this project."""

NEVER_PRINTED: Final[Mapping[str, str]] = {
    "BaseRuntimeError": "only what derives from it is raised",
    "RemoteCallError": "only what derives from it is raised",
    "InitializationError": "only Python programs can call something before flyte.init()",
    "NotInTaskContextError": "raised in Python programs; while a file is loaded it becomes a ModuleLoadError",
    "PolicyFailedError": "raised in Python programs that use the cache of Flyte 1",
    "ReferenceTaskError": "for programs written for Flyte 2, which catch it",
    "RetriesExhaustedError": "for programs written for Flyte 2, which catch it",
    "UnionRpcError": "for programs written for Flyte 2, which catch it",
    "PrimaryContainerNotFoundError": "for programs written for Flyte 2, which catch it",
    "ImagePullBackOffError": "for programs written for Flyte 2, which catch it",
    "InvalidImageNameError": "for programs written for Flyte 2, which catch it",
    "BadValue": "becomes a BadInputsError or a UsageError, with the input or option that it is about",
    "BrokenOffError": "stays in the control plane of this machine, whose client has gone",
}
"""Classes that no command prints, with the reason."""


def classes() -> Iterator[type[FlyteError]]:
    """Yield every class of errors that the project has, the root included."""
    for module in pkgutil.walk_packages(flytectl_py.__path__, "flytectl_py."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    waiting: list[type[FlyteError]] = [FlyteError]
    while waiting:
        found = waiting.pop()
        if not found.__name__.startswith("_") and found.__module__.startswith(("flytectl_py.", "flyte.")):
            yield found
        waiting += found.__subclasses__()


def test_each_class_has_a_page_or_a_reason_and_each_page_a_class() -> None:
    names = {each.__name__ for each in classes()}
    assert NEVER_PRINTED.keys() <= names
    assert CODES.keys() <= names
    pages = {CODES.get(name, name) for name in names - NEVER_PRINTED.keys()} | NO_CLASS
    # The deployment's own class has the code of the public one.
    assert pages == {each.stem for each in PAGES.glob("*.md")} - {"README"}
    assert pages == {each.page for each in CASES} | WITHOUT_CASE.keys()


def test_the_index_lists_each_page_and_each_class_that_is_never_printed() -> None:
    index = (PAGES / "README.md").read_text("utf-8")
    linked = re.findall(r"\[(\w+)\]\((\w+)\.md\)", index)
    assert all(one == two for one, two in linked)
    assert {one for one, _ in linked} == {each.stem for each in PAGES.glob("*.md")} - {"README"}
    for name, reason in NEVER_PRINTED.items():
        assert f"| `{name}` | {reason} |" in index


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda each: each.stem)
def test_a_page_says_what_why_and_what_to_do(page: Path) -> None:
    if page.stem == "README":
        return
    title, *rest = page.read_text("utf-8").splitlines()
    assert title == f"# {page.stem}"
    text = "\n".join(rest)
    assert re.search(r"^Exit code \d", text, re.MULTILINE)
    for part in ("## What happened", "## Why", "## What to do", "## Example"):
        assert re.search(rf"^{part}\n\n\S", text, re.MULTILINE), f"{page.name} lacks {part}"


@pytest.mark.parametrize("case", CASES, ids=lambda each: f"{each.page}-{each.line.replace(' ', '_')[:40]}")
def test_an_error_is_told(case: Case, project: Callable[..., Project], request: pytest.FixtureRequest) -> None:
    made: Project = project(
        {**FILES, "large.json": f'{{"text": "{"x" * 11_000_000}"}}' if "large" in case.line else ""}
    )
    for name, target in case.links.items():
        (made.path / name).parent.mkdir(exist_ok=True)
        (made.path / name).symlink_to(target)
    told = provoke(made, case, request).expect(case.exit_code)
    assert f"\n  code: {case.code or case.page}\n" in told.err
    assert "site-packages" not in told.err
    assert "/flytectl_py/" not in told.err
    error_line = next(line for line in told.err.splitlines() if line.startswith("error: "))
    assert case.says in told.err[told.err.index("error: ") :]
    assert case.hint in "".join(re.findall(r"^  hint: (.*)$", told.err, re.MULTILINE))
    assert masked(error_line, made) in (PAGES / f"{case.page}.md").read_text("utf-8") or not is_example(case)

    document = provoke(made, case, request, "--json").expect(case.exit_code).json
    error = document["error"]
    assert error["code"] == (case.code or case.page)
    assert case.says in error["message"]
    assert case.where in error["where"]
    assert bool(case.where) == bool(error["where"])
    assert case.hint in error["hint"]
    assert bool(case.hint) == bool(error["hint"])


def is_example(case: Case) -> bool:
    """Whether it is the first of its page, which that shows."""
    return next(each for each in CASES if each.page == case.page) is case


def masked(line: str, made: Project) -> str:
    """Return a line as a page shows it: without what differs from one time to the next."""
    line = line.replace(f"{made.path}/", "").replace("long" * 80, "long…")
    for what, instead in _MASKS.items():
        line = re.sub(what, instead, line)
    return line


_MASKS = {
    r"127\.0\.0\.1:\d{2,}": "acme.example.com",
    r"[0-9a-f]{32,}": "…",
    r"/tmp/flyte-run-\w+": "…",
    r"(is not a gzip file): .*": r"\1",
}


def provoke(made: Project, case: Case, request: pytest.FixtureRequest, *more: str) -> Result:
    """Run the command of a case, with its surroundings."""
    env = {"PYTHONDONTWRITEBYTECODE": "1", **case.env}
    if case.plane:
        plane: ControlPlaneServer = request.getfixturevalue("plane")
        made.write({".flyte/config.yaml": plane.config})
        plane.runs.clear()
        plane.story = case.story or plane.story
        if case.trouble:
            plane.fail(case.trouble[0], *[Refuse(case.trouble[1], "the server says why")] * 8)
        if case.line == "logs r1":
            made.flyte("run", "app.py", "main", "--name", "r1").expect()
    return made.flyte("-v", *more, *shlex.split(case.line), env=env)
