"""Records of runs on this machine, as commands show them: the list, one run as a tree, and what was printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.options import Option
from flytectl_py.cli.output import counted, indented
from flytectl_py.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    import sqlite3

    from flytectl_py.cli.output import Output
    from flytectl_py.records.reading import ActionRecord, Printed, RunRecord

ROOT_OPTION: Mapping[str, Option] = {
    "root_dir": Option(
        ("--root-dir",), "Root of the project whose records are meant.", "DIR",
        more="By default that of the current folder.",
    )
}  # fmt: skip
SHOWN_RUNS = 20


@contextmanager
def records(options: Mapping[str, Any], output: Output) -> Iterator[tuple[Path, sqlite3.Connection | None]]:
    """Give the root of the project that is meant and the database of its records, None where there are none.

    :raises UsageError: several projects could be meant, or ``--root-dir`` is no folder.
    :raises NotReadyError: the records cannot be used.
    """
    from flytectl_py.project.state import state_folder
    from flytectl_py.records.database import opened

    root = root_of_records(options)
    with opened(state_folder(root), output.note) as database:
        yield root, database


def root_of_records(options: Mapping[str, Any]) -> Path:
    """Return the root of the project whose records are meant."""
    from flytectl_py.project.root import upwards
    from flytectl_py.project.state import state_folder
    from flytectl_py.records.finding import recorded_roots, the_one
    from flytectl_py.records.places import records_folder

    given = options.get("root_dir")
    if given:
        if not Path(given).is_dir():
            raise UsageError(f"the root {given} is not a folder", where="--root-dir")
        return Path(given).absolute()
    here = Path.cwd()
    found = recorded_roots(here, upwards(here), str(records_folder(state_folder(Path()))))
    return the_one(found, here) or here


def run_record(database: sqlite3.Connection | None, name: str, root: Path) -> tuple[sqlite3.Connection, RunRecord]:
    """Return the newest run of that name, which may be written as its URL.

    :raises UnknownNameError: there is none.
    """
    from flytectl_py.records.reading import run_named

    if database is None:
        raise UnknownNameError("run", name, (), where=str(root), hint="nothing was run here yet")
    return database, run_named(database, name.removeprefix("local://"))


def show_runs(options: Mapping[str, Any], output: Output) -> None:
    """List the newest runs."""
    from flytectl_py.records.reading import number_of_runs, runs

    limit = _limit(options)
    with records(options, output) as (root, database):
        found = [] if database is None else runs(database, limit)
        total = 0 if database is None else number_of_runs(database)
    if not found:
        output.note(f"no runs are recorded in {root}")
    elif len(found) < total:
        hidden = total - len(found)
        output.note(f"{counted(hidden, 'older runs')} {'is' if hidden == 1 else 'are'} not shown; --limit 0 lists all")
    output.result(_table(found), {"runs": [run_document(each) for each in found], "total": total})


def show_run(name: str, options: Mapping[str, Any], output: Output) -> None:
    """Show one run and the tree of its actions."""
    from flytectl_py.cli.run_tree import tree
    from flytectl_py.records.reading import actions_of

    with records(options, output) as (root, found):
        database, run = run_record(found, name, root)
        actions = actions_of(database, run)
    output.result(
        "\n".join([*_head(run), *tree(actions, whole=output.verbosity > 0)]),
        {**run_document(run), "action_list": [action_document(each) for each in actions]},
    )


def show_logs(name: str, action: str | None, options: Mapping[str, Any], output: Output) -> None:
    """Print what the actions of a run printed, or just one of them."""
    from flytectl_py.records.reading import actions_of, printed_by

    with records(options, output) as (root, found):
        database, run = run_record(found, name, root)
        names = {each.number: each.name for each in actions_of(database, run)}
        number = None if action is None else _number(run.name, action, names)
        pieces = list(_joined(printed_by(database, run, number)))
    if not pieces:
        output.note(f"{run.name} printed nothing" + ("" if action is None else f" in {action}"))
    streams = {1: "stdout", 2: "stderr"}
    document = [
        {
            "action": f"a{each.number}",
            "name": names.get(each.number, ""),
            "stream": streams[each.stream],
            "text": each.text,
        }
        for each in pieces
    ]
    lines = _labelled(pieces, names) if number is None and len({each.number for each in pieces}) > 1 else None
    text = "".join(each.text for each in pieces) if lines is None else "\n".join(lines)
    output.result(text.removesuffix("\n"), {"run": run.name, "printed": document})


def _joined(pieces: Iterable[Printed]) -> Iterator[Printed]:
    """Yield what one action printed in one go as one piece: print(1, 2) writes four times."""
    from itertools import groupby

    for _, together in groupby(pieces, lambda each: (each.number, each.stream)):
        first, *more = together
        yield first._replace(text="".join(each.text for each in (first, *more)))


def _labelled(pieces: list[Any], names: Mapping[int, str]) -> list[str]:
    """Return the lines of each action in the order in which they ended, each with who printed it."""
    open_lines: dict[tuple[int, int], str] = {}
    labels = {number: f"a{number} {name.rpartition('.')[2]}" for number, name in names.items()}
    width = max((len(labels.get(each.number, "")) for each in pieces), default=0)
    found = []
    for number, stream, text in pieces:
        *whole, rest = (open_lines.pop((number, stream), "") + text).split("\n")
        found += [f"{labels.get(number, ''):<{width}} | {line}" for line in whole]
        if rest:
            open_lines[number, stream] = rest
    return [*found, *(f"{labels.get(number, ''):<{width}} | {line}" for (number, _), line in open_lines.items())]


def _number(run: str, action: str, names: Mapping[int, str]) -> int:
    """Return the number of the action that is meant by ``a3``, or by its name if only one has it."""
    by_name = [number for number, name in names.items() if action in (f"a{number}", name, name.rpartition(".")[2])]
    if len(by_name) == 1:
        return by_name[0]
    if by_name:
        shown = ", ".join(f"a{number}" for number in by_name[:8])
        raise UsageError(f"{len(by_name)} actions are called '{action}': {shown}", hint="name one by its number")
    known = [f"a{number}" for number in names][:20]
    raise UnknownNameError("action", action, known, hint=f"see 'flyte get run {run}'")


def _limit(options: Mapping[str, Any]) -> int | None:
    text = options.get("limit")
    if text is None:
        return SHOWN_RUNS
    if not text.isdecimal():
        raise UsageError(f"--limit: got '{text}'; it takes a number of runs, 0 for all", where="--limit")
    return int(text) or None


def run_document(run: RunRecord) -> dict[str, Any]:
    """Return what --json says of a run."""
    return {
        "run": run.name,
        "url": f"local://{run.name}",
        "task": run.task,
        "phase": run.phase,
        "started": moment(run.started),
        "seconds": run.seconds,
        "actions": run.actions,
        "cache_hits": run.cache_hits,
        "error": None if run.error_code is None else {"code": run.error_code, "message": run.error or ""},
        "root": run.root,
        "file": run.file,
        "project": run.project,
        "domain": run.domain,
        "version": run.version,
        "python": run.python,
        "git": None if run.git_commit is None else {"commit": run.git_commit, "dirty": run.git_dirty},
        "code_digest": run.code,
        "bundle": None if run.bundle is None else {"digest": run.bundle, "archive": run.archive},
    }


def action_document(action: ActionRecord) -> dict[str, Any]:
    """Return what --json says of an action."""
    return {
        "action": f"a{action.number}",
        "parent": None if action.parent is None else f"a{action.parent}",
        "name": action.name,
        "kind": action.kind,
        "group": action.group,
        "phase": action.phase,
        "started": moment(action.started),
        "seconds": action.seconds,
        "attempts": action.attempts,
        "failed_attempts": [
            {"attempt": each.attempt, "code": each.error_code, "message": each.error} for each in action.earlier
        ],
        "cache": action.cache,
        "inputs": action.inputs,
        "outputs": action.outputs,
        "error": None if action.error_code is None else {"code": action.error_code, "message": action.error or ""},
    }


def moment(seconds: float) -> str:
    """Return a time as ISO 8601, in UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _table(found: list[RunRecord]) -> str:
    from flytectl_py.cli.run_tree import duration

    rows = [("NAME", "TASK", "PHASE", "STARTED", "TOOK", "ACTIONS")]
    rows += [
        (
            each.name,
            each.task,
            each.phase,
            _local(each.started),
            duration(each.seconds),
            f"{each.actions}" + (f" ({each.cache_hits} cached)" if each.cache_hits else ""),
        )
        for each in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) if found else ""


def _local(seconds: float) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _head(run: RunRecord) -> list[str]:
    from flytectl_py.cli.run_tree import duration

    took = f"in {duration(run.seconds)}" if run.seconds is not None else "for now"
    lines = [f"{run.name}: {run.task} {run.phase} {took}", f"  started {_local(run.started)}", f"  file {run.file}"]
    if run.git_commit:
        changed = {True: ", with changes", False: "", None: ", with or without changes"}[run.git_dirty]
        lines.append(f"  git {run.git_commit[:12]}{changed}")
    if run.code:
        lines.append(f"  code {run.code[:12]}" + (f", kept in {run.archive}" if run.archive else ""))
    if run.error_code:
        lines.append(f"  {indented(f'{run.error_code}: {run.error}')}")
    return [*lines, ""]
