"""Makes a virtual environment out of an image's layers with uv, for runs in plain processes; needs no daemon."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, ClassVar

from flytectl_py.builders.api import Answer, BuildRequest, BuildResult, Existence
from flytectl_py.builders.context_folder import write_folder
from flytectl_py.builders.failures import SHOWN_LINES
from flytectl_py.builders.processes import Processes
from flytectl_py.errors import FlyteError, ImageBuildError, NotReadyError, UsageError
from flytectl_py.plan import virtual_environment as virtual
from flytectl_py.plan.image import ImagePlan


class EnvironmentBuilder:
    """Keeps one environment for each image tag, in the user's cache. What it cannot honour it says, and goes on.

    :param folder: where environments are kept.
    """

    name: ClassVar[str] = "environment"
    pushes: ClassVar[bool] = False

    def __init__(self, folder: Path | None = None) -> None:
        kept = virtual.environments_folder(os.environ, os.path.expanduser("~"))
        self._folder = folder or Path(kept)
        self._processes = Processes()

    def refusals(self, request: BuildRequest) -> list[str]:
        return ["it pushes nothing: leave out --push"] if request.push else []

    def prepare(self, request: BuildRequest) -> None:
        if virtual.has_environment(request.plan) and (lacking := self.lacking()):
            raise NotReadyError(lacking, hint="pip install uv; or --engine docker, which builds real images")

    def exists(self, uri: str) -> Answer:
        name = virtual.environment_name(uri)
        made = _record(self._folder / name) if name else None
        if made is not None:
            said = f"{self._folder / name} is its environment"
            return Answer(uri, Existence.EXISTS, said, notes=_notes(uri, made.notes))
        return Answer(uri, Existence.ABSENT, f"no environment was made of {uri}")

    def build(self, request: BuildRequest) -> BuildResult:
        began = time.perf_counter()
        plan = request.plan
        folder = self._folder / virtual.environment_name(plan.uri)
        with _locked(folder):
            if _record(folder) is None or request.no_cache:
                self._make(request, folder)
        notes = _notes(plan.uri, virtual.notes(plan))
        return BuildResult(plan.uri, "built", plan.platforms, time.perf_counter() - began, notes=notes)

    def cancel(self) -> None:
        self._processes.cancel()

    def lacking(self) -> str:
        return "" if _uv() else "environments are made by uv, which is not on the PATH"

    def _make(self, request: BuildRequest, folder: Path) -> None:
        plan = request.plan
        shutil.rmtree(folder, ignore_errors=True)  # half made by a process that was killed
        python = Path(sys.executable)
        if virtual.has_environment(plan):
            python = folder / "bin" / "python"
            with tempfile.TemporaryDirectory() as work:
                context = Path(work, "context")
                write_folder(plan, context)
                place = virtual.Place(_uv(), str(context), str(folder), str(python))
                for each in virtual.commands(plan, place):
                    self._run(request, each)
                _copy(plan, context, folder / virtual.FILES)
            if not virtual.brings_flyte(plan):
                _lend_flyte(folder, python)
        made = virtual.Environment(plan.uri, str(python), virtual.variables(plan), virtual.notes(plan))
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{virtual.RECORD}.part"
        part.write_text(made.as_text(), "utf-8")
        part.replace(folder / virtual.RECORD)

    def _run(self, request: BuildRequest, command: virtual.Command) -> None:
        said: deque[str] = deque(maxlen=SHOWN_LINES)

        def line(text: str) -> None:
            said.append(text)
            request.progress(text)

        own = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
        secrets = {}
        for name, key in command.secrets:
            if key not in request.secrets:
                raise NotReadyError(f"{command.layer} needs the secret '{key}', which is not here", hint=f"set {name}")
            secrets[name] = request.secrets[key].decode()
        code = self._processes.follow(
            command.words, _close, line, {**own, **secrets, **command.variables}, folder=command.folder
        )
        if self._processes.cancelled:
            raise FlyteError(f"the environment of {request.plan.uri} was stopped")
        if code:
            shown = "".join(f"\n  {each}" for each in said) or f" exit code {code}"
            raise ImageBuildError(f"image {request.plan.uri} has no environment: {command.layer}:{shown}")


def _close(stream: BinaryIO) -> None:
    """Give the program no input."""
    stream.close()


def _uv() -> str:
    """Return uv's program: the one on the PATH, else the one that is installed beside this Python; empty for none."""
    beside = Path(sys.executable).with_name("uv")
    return shutil.which("uv") or (str(beside) if beside.exists() else "")


def _record(folder: Path) -> virtual.Environment | None:
    try:
        found = virtual.Environment.from_text((folder / virtual.RECORD).read_text("utf-8"))
    except OSError:
        return None
    return found if found is not None and os.path.exists(found.python) else None


def _notes(uri: str, notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{uri} as an environment: {each}" for each in notes)


def _copy(plan: ImagePlan, context: Path, into: Path) -> None:
    for path, source in virtual.placed(plan).items():
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(context / source, target)


def _lend_flyte(folder: Path, python: Path) -> None:
    """Let the environment see, after its own packages, those of the Python that runs this, and give it the runtime."""
    for library in folder.glob("lib/python*/site-packages"):
        (library / "zz_flyte.pth").write_text("".join(f"{each}\n" for each in sys.path if os.path.isdir(each)), "utf-8")
    program = folder / "bin" / "a0"
    program.write_text(f"#!{python}\nfrom flytectl_py.runtime.start import main\n\nmain()\n", "utf-8")
    program.chmod(0o755)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from making the same environment."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with Path(f"{folder}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except PermissionError as error:
        raise UsageError(f"environments cannot be kept in {folder.parent}: {error.strerror}") from error
