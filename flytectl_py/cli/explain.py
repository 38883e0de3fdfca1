"""`flyte explain`: what a name that follows from content is made of, and what moved since it was last made."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from flytectl_py.cli.images import PLANNING_OPTIONS, make_command
from flytectl_py.cli.options import GENERAL, Option
from flytectl_py.cli.tree import Branch
from flytectl_py.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.ledger import Entry, Ledger

OPTIONS: Mapping[str, Option] = {
    **PLANNING_OPTIONS,
    "copy_style": Option(
        ("--copy-style",), "As for 'flyte bundle' and 'flyte deploy': loaded_modules, all or none.", "STYLE"
    ),
    "include": Option(("--include",), "bundle, version: add a file, a folder or a glob. Repeatable.", "PATH", "texts"),
    "recursive": Option(("--recursive",), "version: of DIR, also the files of the folders in it.", kind="flag"),
}

HELP = """Show what makes up a name that follows from content, and what moved since it was last made on this machine.

\b
Examples:
  flyte explain image app.py          the tag of every environment's image
  flyte explain image app.py etl -v   of one, with the files of each layer
  flyte explain bundle app.py         the digest of the code that travels
  flyte explain version app.py        the version under which it is deployed
  flyte explain cache app.py main     the key under which the outputs of a task are kept
"""

_LOADING = ("root_dir", "project", "domain")
DIGITS = 12
"""Of a hash, without -v."""


class Subject(NamedTuple):
    """What can be explained: the module that does, what it takes, and its options."""

    module: str
    metavar: str
    options: tuple[str, ...]


SUBJECTS: Mapping[str, Subject] = {
    "image": Subject("explain_image", "FILE|DIR [ENV]...", tuple(PLANNING_OPTIONS)),
    "bundle": Subject("explain_bundle", "FILE|DIR", ("copy_style", "include", *_LOADING)),
    "version": Subject("explain_version", "FILE|DIR [ENV]...", tuple(OPTIONS)),
    "cache": Subject("explain_cache", "FILE TASK", ("image", *_LOADING)),
}
"""Each module has a function `explain(words, options, output)`."""

_LAST = {"build": "the last build", "bundle": "the last bundle", "deploy": "the last deployment", "run": "the last run"}


def command() -> Any:
    """Return the command `explain`."""
    takes = " | ".join(f"{name} {each.metavar}" for name, each in SUBJECTS.items())
    return make_command("explain", HELP, takes, OPTIONS, _explain)


def _explain(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    if not words:
        listed = ", ".join(f"flyte explain {name} {each.metavar}" for name, each in SUBJECTS.items())
        raise UsageError(f"explain what? {listed}", hint="see 'flyte explain --help'")
    name, *rest = words
    if name not in SUBJECTS:
        raise UnknownNameError("subject", name, SUBJECTS, hint="flyte explain image FILE [ENV]")
    subject = SUBJECTS[name]
    if not rest:
        needs = subject.metavar.replace("|", " or ").partition(" [")[0].replace(" TASK", " and TASK")
        raise UsageError(f"which file? flyte explain {name} needs {needs}", hint="see 'flyte explain --help'")
    for key in options:
        if key not in subject.options and key not in GENERAL:
            raise UsageError(f"flyte explain {name} has no option --{key.replace('_', '-')}")
    importlib.import_module(f"flytectl_py.cli.{subject.module}").explain(rest, options, output)


def since(before: Entry | None, changed: Sequence[str], by: str) -> Branch:
    """Return what moved since the last time.

    :param by: what makes such names, where none is known.
    """
    if before is None:
        return Branch(f"no earlier {_LAST[by].removeprefix('the last ')} is known here, so nothing can be compared")
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(before.when))
    last = _LAST.get(before.by, before.by)
    if not changed:
        return Branch(f"nothing moved since {last}, {when}")
    return Branch.of(f"moved since {last}, {when}:", changed)


def said_of(before: Entry | None, changed: Sequence[str]) -> dict[str, Any]:
    """Return what --json says of the last time and of what moved."""
    return {"since": None if before is None else before.document(), "changed": list(changed)}


def tell_unreadable(ledger: Ledger, output: Output) -> None:
    """Warn of what could not be read of the ledger."""
    for warning in dict.fromkeys(ledger.warnings):
        output.note(f"warning: {warning}")


def short(digest: str, output: Output) -> str:
    """Return a hash as a person reads it: whole with -v only."""
    return digest if output.verbosity else digest[:DIGITS]


def file_line(path: str, size: int, sha256: str, *, executable: bool, output: Output) -> str:
    """Return one file as it enters a digest."""
    from flytectl_py.plan.bundle import shown_size

    return f"{path}  {shown_size(size)}{', executable' if executable else ''}, sha256 {short(sha256, output)}"
