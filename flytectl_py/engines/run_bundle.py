"""The bundle of a run that Python code starts: the same that the command line makes of the same file."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from flytectl_py.digest.manifest import FileEntry
from flytectl_py.engines.bundle_delivery import deliver, make_bundle
from flytectl_py.engines.bundle_history import remember
from flytectl_py.engines.bundle_imports import Code
from flytectl_py.engines.bundling import Request
from flytectl_py.engines.pickled import plan_pickled, source_file
from flytectl_py.errors import DeclarationError
from flytectl_py.model.registry import current_registry
from flytectl_py.model.task import Task
from flytectl_py.plan.bundle import BundlePlan
from flytectl_py.project.first_party import FirstParty
from flytectl_py.project.root import find_root
from flytectl_py.project.snapshot import loaded_before_runs
from flytectl_py.project.target import absolute, inside


class Bundle(NamedTuple):
    """The code that travels with a run.

    :param digest: 64 hexadecimal digits. :param root: what the files' paths are relative to.
    :param archive: where it was written, if it was.
    """

    digest: str
    root: Path
    files: tuple[FileEntry, ...]
    warnings: tuple[str, ...]
    archive: Path | None
    summary: str


def bundle_for_run(
    task: Task[..., Any],
    copy_style: str,
    to: Path | None,
    root: Path | None,
    configured: Path | None,
    *,
    interactive: bool | None = None,
) -> Bundle | None:
    """Make the bundle for a run of `task`; None where copy style ``none`` leaves the code to the image.

    :param to: a folder for the archive, or a file if it ends in ``.gz`` or ``.tgz``; None packs nothing.
    :param root: if the caller knows it. :param configured: what the settings say of it.
    :param interactive: whether the task has to live in no file; None takes it as it is.
    :raises DeclarationError: that is not so.
    :raises FlyteError: as `make_bundle` and `plan_pickled`.
    """
    check_interactive(task, interactive)
    if to is not None and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(to)):
        raise DeclarationError(
            "with_runcontext(copy_bundle_to=…)",
            str(to),
            "give a folder or a file; `flyte bundle push` sends it to a store",
        )
    if copy_style == "none" and to is None:
        return None
    code, in_file = code_of(task, root, configured)
    target = None if to is None else _target(to)
    if in_file:
        request = Request(copy_style, cwd=str(Path.cwd()), where="with_runcontext(copy_style=…)")
        plan, delivered = make_bundle(code, request, target)
    else:
        plan = plan_pickled(code, task)
        delivered = None if target is None else deliver(plan, target)
        remember(plan, code.root, "bundle")
    return _bundle(plan, None if delivered is None else Path(delivered.place))


def check_interactive(task: Task[..., Any], interactive: bool | None) -> None:
    """Refuse a task that does not live where `interactive` says; None says nothing.

    :raises DeclarationError: as said.
    """
    file = source_file(task)
    if interactive is not None and interactive != (file is None):
        lives = "was typed into a notebook or a REPL" if file is None else f"lives in {file}, and is never pickled"
        raise DeclarationError("with_runcontext(interactive_mode=…)", interactive, f"the task {task.name} {lives}")


def _bundle(plan: BundlePlan, archive: Path | None) -> Bundle:
    return Bundle(plan.digest, Path(plan.root), plan.files, plan.warnings, archive, plan.summary)


def _target(to: Path) -> str:
    return str(to) if to.suffix in (".gz", ".tgz") else f"{to}/"


def code_of(task: Task[..., Any], root: Path | None, configured: Path | None) -> tuple[Code, bool]:
    """Return the project of a task as it is loaded, and whether the task lives in a file of it.

    :param root: if the caller knows it. :param configured: what the settings say of it.
    """
    modules = loaded_before_runs()
    if task.func.__module__ not in modules:  # The program has loaded more since its first run.
        modules = dict(sys.modules)
    environments = tuple(current_registry.get())
    file = source_file(task)
    if file is None:
        return Code(root or configured or Path.cwd(), (), Path.cwd(), environments, dict(sys.modules)), False
    entry = _program() or file
    given = root or configured
    if given is not None and not inside(absolute(entry), absolute(given)):
        entry = file  # The program lies elsewhere, as a test or a launcher does.
    found = find_root(entry, explicit=root, configured=configured)
    code = Code(found.path, found.import_paths, entry, environments, modules, ran_main=True, needed=(str(file),))
    return code, True


def _program() -> Path | None:
    """Return the user's own script that is running, if one is: a test runner or a tool is none."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py"):
        return None
    path = Path(file).absolute()
    return path if path.is_file() and FirstParty().is_own(str(path)) else None
