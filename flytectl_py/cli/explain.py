"""`flyte explain`: what a name that follows from content is made of, and what moved since it was last made."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description, Word
from flytectl_py.cli.images import PLANNING_OPTIONS, check_options, make_command
from flytectl_py.cli.options import Option
from flytectl_py.cli.tree import Branch
from flytectl_py.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.ledger import Entry, Ledger
    from flytectl_py.plan.image import PlannedLayer

HELP = """Show what makes up a name that follows from content, and what moved since it was last made on this machine.

Examples:
  flyte explain image app.py          the tag of every environment's image
  flyte explain image app.py etl -v   of one, with the files of each layer
  flyte explain bundle app.py         the digest of the code that travels
  flyte explain version app.py        the version under which it is deployed
  flyte explain cache app.py main     the key under which the outputs of a task are kept
"""

_LOADING = {name: PLANNING_OPTIONS[name] for name in ("root_dir", "project", "domain")}
_COPY_STYLE = PLANNING_OPTIONS["copy_style"]._replace(
    help="loaded_modules, all or none.", more="As for 'flyte bundle' and 'flyte deploy'."
)
_INCLUDE = Option(("--include",), "Add a file, a folder or a glob. Repeatable.", "PATH", "texts", group="Code")
_OF_BUNDLE: Mapping[str, Option] = {"copy_style": _COPY_STYLE, "include": _INCLUDE, **_LOADING}
OPTIONS: Mapping[str, Option] = {
    **PLANNING_OPTIONS,
    "copy_style": _COPY_STYLE,
    "include": _INCLUDE,
    "recursive": Option(("--recursive",), "Of DIR, also the folders in it.", kind="flag", group="Code"),
}

WORDS: Mapping[str, Word] = {
    "image": Word("FILE|DIR [ENV]...", "What images' tags are made of.", PLANNING_OPTIONS),
    "bundle": Word("FILE|DIR", "What the digest of the code is made of.", _OF_BUNDLE),
    "version": Word("FILE|DIR [ENV]...", "What the version of a deployment is made of.", OPTIONS),
    "cache": Word("FILE TASK", "The key of a task's outputs in the cache.", {"image": OPTIONS["image"], **_LOADING}),
}
"""Each has a module `cli.explain_WORD` with a function `explain(words, options, output)`."""
DESCRIPTION = Description("explain", HELP, "image|bundle|version|cache FILE|DIR [ENV|TASK]...", OPTIONS, WORDS)

DIGITS = 12
"""Of a hash, without -v."""
_LAST = {"build": "the last build", "bundle": "the last bundle", "deploy": "the last deployment", "run": "the last run"}


def command() -> Any:
    """Return the command `explain`."""
    return make_command(DESCRIPTION, _explain)


def _explain(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    if not words:
        raise UsageError(
            f"which subject? flyte explain needs one of {', '.join(WORDS)}", hint="see 'flyte explain --help'"
        )
    name, *rest = words
    if name not in WORDS:
        raise UnknownNameError("subject", name, WORDS, hint="flyte explain image FILE [ENV]")
    described = DESCRIPTION.of_word(name)
    if not rest:
        needs = described.takes.replace("|", " or ").partition(" [")[0].replace(" TASK", " and TASK")
        raise UsageError(f"which file? flyte explain {name} needs {needs}", hint="see 'flyte explain --help'")
    check_options(DESCRIPTION, name, options)
    importlib.import_module(f"flytectl_py.cli.explain_{name}").explain(rest, options, output)


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


def layer_line(layer: PlannedLayer, output: Output) -> str:
    """Return how a layer of an image is named: who declared it, its kind, its hash."""
    return f"{layer.declared_by or layer.kind} ({layer.kind}) {short(layer.hash, output)}"
