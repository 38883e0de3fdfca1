"""What `flyte doctor` makes of what it was told of the surroundings: one line for each thing, with the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Final, Literal, NamedTuple

from flytectl_py.plan.bundle import MIB, shown_size

State = Literal["ok", "note", "warning", "missing"]

LITTLE_SPACE: Final = 2048 * MIB
NO_SPACE: Final = 100 * MIB
"""Bytes below which a folder is warned of, and below which nothing can be done in it."""


class Finding(NamedTuple):
    """One thing that was looked at.

    :param check: its name. :param state: ``ok``; ``note``: nothing is wrong; ``warning``: something may go wrong;
        ``missing``: something that is needed is not there.
    :param text: what was found. :param fix: what to type, or to do, next; empty where there is nothing.
    """

    check: str
    state: State
    text: str
    fix: str = ""


class Interpreter(NamedTuple):
    """The Python that runs.

    :param venv: empty outside one. :param on_path: the `flyte` that a shell finds. :param ours: this one.
    """

    version: str
    executable: str
    venv: str
    on_path: str
    ours: str


def python_finding(found: Interpreter) -> Finding:
    """Judge the interpreter, which is new enough or would not have come here."""
    text = f"Python {found.version}, {found.executable}"
    if found.on_path and found.ours and found.on_path != found.ours:
        text = f"{text}; but 'flyte' on the PATH is {found.on_path}"
        return Finding("python", "warning", text, f"call {found.ours}, or correct PATH")
    if not found.venv:
        return Finding("python", "note", f"{text}; no virtual environment", "python -m venv .venv")
    return Finding("python", "ok", f"{text}; virtual environment {found.venv}")


def owners_finding(others: Sequence[str], imported: str, *, ours: bool) -> Finding:
    """Judge who else owns the import name `flyte`.

    :param others: distributions that have files in ``flyte/``. :param imported: where it comes from.
    :param ours: whether that is this project's.
    """
    again = "pip install --force-reinstall flytectl-py"
    if others:
        names = ", ".join(others)
        remedy = " ".join(each.partition(" ")[0] for each in others)
        text = f"{names} owns 'flyte' as well, and one overwrites the other's files"
        return Finding("flyte", "missing", text, f"pip uninstall {remedy} && {again}")
    if not ours:
        text = f"'import flyte' leads to {imported or 'nothing'}, which is not this project"
        return Finding("flyte", "missing", text, again)
    return Finding("flyte", "ok", f"'import flyte' leads to {imported}")


def space_finding(what: str, folder: str, free: int | None, *, writable: bool, needed: bool = True) -> Finding:
    """Judge a folder.

    :param free: bytes; None where that cannot be said.
    """
    check = f"space ({what})"
    if not writable:
        state: State = "missing" if needed else "warning"
        return Finding(check, state, f"{folder} cannot be written to", f"ls -ld {folder}; df {folder}")
    if free is None:
        return Finding(check, "note", f"{folder}: how much is free cannot be said")
    text = f"{folder} has {shown_size(free)} left"
    if free < NO_SPACE:
        return Finding(check, "missing", text, "flyte gc --dry-run; df -h")
    if free < LITTLE_SPACE:
        return Finding(check, "warning", text, "flyte gc --dry-run; df -h")
    return Finding(check, "ok", text)


def config_finding(source: PurePath | None, all_files: Iterable[PurePath], variables: Sequence[str]) -> Finding:
    """Judge where the configuration comes from.

    :param all_files: every configuration that is somewhere. :param variables: FLYTE_* variables that are set.
    """
    set_here = f"; set in the environment: {', '.join(variables)}" if variables else ""
    if source is None:
        return Finding("config", "note", f"no configuration file{set_here}", "flyte config init")
    shadowed = [str(each) for each in all_files if each != source]
    if shadowed:
        text = f"{source}{set_here}; it shadows {', '.join(shadowed)}"
        return Finding("config", "note", text, "flyte config show --origin")
    return Finding("config", "ok", f"{source}{set_here}")


def worst(findings: Iterable[Finding]) -> State:
    """Return the worst state among `findings`."""
    order: tuple[State, ...] = ("ok", "note", "warning", "missing")
    return max((each.state for each in findings), key=order.index, default="ok")
