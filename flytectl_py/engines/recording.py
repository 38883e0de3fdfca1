"""Writes down a local run: its actions, what went in and came out, and what each of them printed."""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.engines.actions import Action
from flytectl_py.engines.api import Note, Phase, RunOptions
from flytectl_py.engines.printed import listen, stop_listening
from flytectl_py.errors import DeclarationError
from flytectl_py.model.interface import MISSING
from flytectl_py.model.task import Task
from flytectl_py.project.state import writable_state
from flytectl_py.records.journal import ENDING, Journal, RunHeader
from flytectl_py.records.kept import kept
from flytectl_py.records.places import ANSWER, journals_folder, records_folder

if TYPE_CHECKING:
    from flytectl_py.engines.run_bundle import Bundle
    from flytectl_py.engines.watching import Watcher

MOST_PRINTED = 1_000_000
"""Characters of what one action prints that are kept."""
_LONG_SECONDS = 1.0
_BYTES_PER_SECOND = 1_000_000
"""How much a run may have to say for each second that it took, to bring it into the database by itself."""
_MANY_JOURNALS = 200

SWITCH = "FLYTE_RECORDS"
"""Environment variable: ``off`` keeps no records."""


def records_are_on() -> bool:
    """Whether local runs are recorded; they are, unless the environment says that they are not."""
    return os.environ.get(SWITCH, "").lower() not in ("off", "0", "false", "no")


class KeptCode:
    """A bundle that holds the code of a run: its digest, its archive, and the root that the code runs from."""

    def __init__(self, digest: str, archive: str, root: str) -> None:
        self.digest = digest
        self.archive = archive
        self.root = root


def kept_code(bundle: Bundle | None) -> KeptCode | None:
    """Return `bundle` as code that is kept, None where it was not packed."""
    if bundle is None or bundle.archive is None:
        return None
    return KeptCode(bundle.digest, str(bundle.archive), str(bundle.root))


def recorder(
    options: RunOptions, task: Task[..., Any], target: Path | None, code: KeptCode | None, note: Note
) -> tuple[Watcher, ...]:
    """Return who records a run of `task` with `options`; nobody where records are off or nothing can be written.

    :param target: the file or folder that was loaded; the task's own file unless given.
    """
    if not records_are_on():
        return ()
    state = writable_state(Path(options.root_dir))
    if state is None:
        note(f"warning: this run is not recorded: {options.root_dir} cannot be written")
        return ()
    root = os.path.abspath(options.root_dir)
    header: RunHeader = {
        "name": options.name,
        "task": task.name,
        "root": root,
        "file": _relative(str(target or source_of(task)), root if code is None else code.root),
        "project": options.project,
        "domain": options.domain,
        "version": options.version,
    }
    if code is not None:
        header["bundle"], header["archive"] = code.digest, _relative(os.path.abspath(code.archive), root)
    return (Recorder(state, header, root if code is None else code.root, note),)


def source_of(task: Task[..., Any]) -> str:
    """Return the file in which a task's function stands, or an empty text."""
    return getattr(getattr(inspect.unwrap(task.func), "__code__", None), "co_filename", "")


def _relative(path: str, root: str) -> str:
    if path == root:
        return "."
    return path[len(root) + 1 :] if path.startswith(root + os.sep) else path


class Recorder:
    """Records one run in the project whose state folder is `state`.

    :param header: what is known of the run; its start and the code are added here. :param code_root: that of the code.
    :param note: told once if it cannot be recorded.
    """

    def __init__(self, state: Path, header: RunHeader, code_root: str, note: Callable[[str], None]) -> None:
        self._state = state
        self._header = header
        self._code_root = code_root
        self._note = note
        self._journal: Journal | None = None
        self._names: dict[int, tuple[object, Sequence[str]]] = {}
        self._printed: dict[int, int] = {}
        self._git: int | None = None

    def run_began(self, name: str) -> None:
        file = journals_folder(self._state) / f"{name}.{os.urandom(4).hex()}{ENDING}"
        root = self._header["root"]
        header: RunHeader = {**self._header, "started": time.time(), "python": sys.version.partition(" ")[0]}
        from flytectl_py.engines.loaded_code import loaded_code
        from flytectl_py.project.git_state import ask_for_changes, commit_of

        header["code"] = loaded_code(self._code_root, str(records_folder(self._state) / "loaded-code.json"))
        commit = commit_of(root)
        if commit is not None:
            header["commit"] = commit
        self._journal = Journal(file, header, self._note)
        if commit is not None and not self._journal.broken:
            self._git = ask_for_changes(root, f"{file}{ANSWER}")
        listen(name, self._take_print)

    def began(self, action: Action, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        journal = self._journal
        if journal is None:
            return
        inputs = None
        if args or kwargs:
            given = self._named(action.task, args, kwargs)
            exact = action.task if action.parent is None else None
            inputs = {name: _kept(value, exact, name) for name, value in given}
        journal.add(
            ["begin", action.number, action.parent, action.name, action.kind, action.group, time.time(), inputs]
        )

    def attempt_failed(self, action: Action, error: tuple[str, str]) -> None:
        journal = self._journal
        if journal is not None:
            journal.add(["failed", action.number, action.attempts, error])

    def ended(self, action: Action, value: Any) -> None:
        journal = self._journal
        if journal is not None:
            phase = None if action.phase is None else action.phase.value
            outputs = _kept(value) if value is not None else None
            numbers = (action.number, round(action.seconds, 6), action.attempts)
            journal.add(["end", *numbers, phase, action.cache, outputs, action.error])

    def run_ended(self, phase: Phase, seconds: float, error: tuple[str, str] | None) -> None:
        stop_listening(self._header["name"])
        journal, self._journal = self._journal, None  # A thread that was abandoned may call on.
        if journal is None:
            return
        journal.add(["over", phase.value, round(seconds, 6), error])
        journal.close()
        if self._git is not None:
            from flytectl_py.project.git_state import reap

            reap(self._git)
        # Who waited that long does not notice the milliseconds; other runs leave it to whoever reads the records.
        is_worth_it = seconds > _LONG_SECONDS and journal.written < seconds * _BYTES_PER_SECOND
        if phase is not Phase.ABORTED and (is_worth_it or _many(journal.file.parent)):
            from flytectl_py.records.database import gather_into

            gather_into(self._state, self._note)

    def _take_print(self, number: int, stream: int, text: str) -> None:
        journal = self._journal
        if journal is None:
            return
        before = self._printed.get(number, 0)
        self._printed[number] = before + len(text)
        if before < MOST_PRINTED:
            if before + len(text) > MOST_PRINTED:
                text = f"{text[: MOST_PRINTED - before]}\n… (the record ends here: {MOST_PRINTED} characters)\n"
            journal.add(["print", number, stream, text])

    def _named(
        self, task: Task[..., Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[tuple[str, Any]]:
        function = None if task is None else task.func
        _, names = self._names.get(id(function), (None, ()))
        if len(names) < len(args):
            names = _input_names(task, len(args))
            self._names[id(function)] = (function, names)  # It is held, so that no other gets its id.
        return [*zip(names, args, strict=False), *kwargs.items()]


def _input_names(task: Task[..., Any] | None, count: int) -> Sequence[str]:
    try:
        names = [] if task is None else [each.name for each in task.interface.inputs]
    except DeclarationError:
        names = []
    return [*names, *(str(position) for position in range(len(names), count))]


def _kept(value: Any, task: Task[..., Any] | None = None, name: str = "") -> Any:
    """Return what is kept of `value`; as the input `name` of `task` so that the task can be given it again."""
    try:
        annotation = None
        if task is not None:
            annotation = next((each.annotation for each in task.interface.inputs if each.name == name), None)
        return kept(value, None if annotation is MISSING else annotation, "" if task is None else os.getcwd())
    except Exception as error:  # noqa: BLE001  a value's own code may fail in any way, and the run goes on
        return {"type": type(value).__name__, "repr": f"… (cannot be shown: {type(error).__name__})"}


def _many(folder: Path) -> bool:
    try:
        return len(os.listdir(folder)) > _MANY_JOURNALS
    except OSError:
        return False
