"""Tasks that live in no file, those of notebooks and of the REPL, as one file that another process can load."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from flytectl_py.engines.bundle_imports import Code
from flytectl_py.errors import BundleError, UsageError
from flytectl_py.model.task import Task
from flytectl_py.plan.bundle import BundlePlan, Candidate, check_size
from flytectl_py.project.first_party import FirstParty, own_files
from flytectl_py.project.state import state_folder

FILE_NAME = "task.pkl"
_MAGIC = b"flyte-pickled-task 1\n"


def source_file(task: Task[..., Any]) -> Path | None:
    """Return the file that holds the function of `task`, or None if it was typed into a notebook or a REPL."""
    function: Any = task.func
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    file = getattr(code, "co_filename", "")
    # A notebook's kernel names a temporary file for each cell, for debuggers, which need not exist and is no module.
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if not os.path.isfile(file) or (module is not None and not hasattr(module, "__file__")):
        return None
    return Path(file).absolute()


def pack_task(task: Task[..., Any], modules: dict[str, ModuleType]) -> bytes:
    """Return `task` with everything that it uses of ``__main__`` and of the user's own modules, by value.

    The first line says what it is, the second is JSON: the Python version, which has to be the same where it is loaded.

    :param modules: those that are loaded, by name.
    :raises UsageError: something that it uses cannot be pickled.
    """
    import cloudpickle

    with _by_value(modules):
        try:
            payload = cloudpickle.dumps(task)
        except Exception as error:
            raise UsageError(
                f"the task {task.name} cannot be packed: {type(error).__name__}: {error}",
                hint="make what cannot be pickled inside the task, or move the task into a .py file",
            ) from error
    header = {"python": _python(), "task": task.name}
    return _MAGIC + json.dumps(header).encode() + b"\n" + bytes(payload)


def is_packed(data: bytes) -> bool:
    """Whether `data` begins as what `pack_task` returns."""
    return data.startswith(_MAGIC)


def unpack_task(data: bytes, where: str = FILE_NAME) -> Task[..., Any]:
    """Return the task that `pack_task` packed. Loading runs what is in it, so its source must be trusted.

    :raises BundleError: it is something else, or was packed by another Python version, whose code this one cannot run.
    """
    import pickle

    rest = data.removeprefix(_MAGIC)
    header, newline, payload = rest.partition(b"\n")
    if len(rest) == len(data) or not newline:
        raise BundleError("not a packed task", where=where)
    version = json.loads(header)["python"]
    if version != _python():
        raise BundleError(
            f"the task was packed by Python {version}, and this is Python {_python()}",
            hint=f"give its environment an image with Python {version}, or move the task into a .py file",
            where=where,
        )
    task: Task[..., Any] = pickle.loads(payload)  # noqa: S301  the bundle is the user's own, and is checked by digest
    return task


def plan_pickled(code: Code, task: Task[..., Any]) -> BundlePlan:
    """Return the plan of a bundle that holds nothing but the packed task; it is written beside the project's state.

    :raises UsageError: the task cannot be packed, or is larger than a bundle may be.
    """
    from flytectl_py.storage.hashing import hash_files

    data = pack_task(task, {name: module for name, module in code.modules.items() if isinstance(module, ModuleType)})
    warning = check_size([Candidate(FILE_NAME, len(data), "pickled")])
    folder = _stored(code.root, data)
    why = f"pickled: {task.name} lives in no file"
    warnings = (warning,) if warning else ()
    manifest = hash_files(folder, [FILE_NAME])
    return BundlePlan(str(folder), "pickled", manifest, {FILE_NAME: why}, (), warnings, task.name)


def _stored(root: Path, data: bytes) -> Path:
    """Write a packed task into a folder that is named by its content, and return the folder."""
    import tempfile

    folder = state_folder(root) / "tasks" / hashlib.sha256(data).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{FILE_NAME}.{os.urandom(8).hex()}"
        partial.write_bytes(data)
        partial.replace(folder / FILE_NAME)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="flyte-task-"))
        (folder / FILE_NAME).write_bytes(data)
    return folder


@contextmanager
def _by_value(modules: dict[str, ModuleType]) -> Iterator[None]:
    """Let cloudpickle take the user's own modules along: where the task runs, they are not, or are of another day."""
    import cloudpickle

    first_party = FirstParty()
    own = [module for name, module in modules.items() if name != "__main__" and own_files([module], first_party)]
    own = [module for module in own if module.__name__ in sys.modules]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


def _python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"
