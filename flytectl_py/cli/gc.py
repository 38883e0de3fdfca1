"""`flyte gc`: removes what is kept of old runs on this machine, of a project or of the control plane."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.cli.output import counted
from flytectl_py.cli.params import ThisMachine
from flytectl_py.cli.records import ROOT_OPTION, records
from flytectl_py.errors import NotReadyError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.records.collecting import Garbage

HELP = """Remove what is kept of old runs of this project on this machine: records, data, kept code, cached outputs.

Examples:
  flyte gc --dry-run            what would go, and how much it is
  flyte gc                      all that is older than 30 days
  flyte gc --older-than 12h
  flyte gc --machine            of the control plane that 'flyte start' starts, also while it runs
"""

DEFAULT_AGE = timedelta(days=30)

OPTIONS: Mapping[str, Option] = {
    "dry_run": Option(("--dry-run",), "Say what would be removed; remove nothing.", kind="flag"),
    "older_than": Option(
        ("--older-than",), "How long ago it ended or was written: 12h, 0s.", "AGE", default="30d",
        more="For runs since their end, for cached outputs since they were last written.",
    ),
    "machine": Option(
        ("--machine",),
        "Of the control plane of this machine: runs, data, logs, unused uploads.",
        kind="flag",
    ),
    **ROOT_OPTION,
}  # fmt: skip


DESCRIPTION = Description("gc", HELP, "", OPTIONS)


def command() -> Any:
    """Return the command `gc`."""
    return make_command(DESCRIPTION, _gc)


def _gc(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.project.state import state_folder
    from flytectl_py.records.collecting import Garbage, forget_runs, garbage_of, old_runs, remove
    from flytectl_py.records.database import is_copy

    if words:
        raise UsageError(f"flyte gc takes options only, got {' '.join(words)}", hint="see 'flyte gc --help'")
    now = time.time()
    before = now - _age(options.get("older_than")).total_seconds()
    dry_run = bool(options.get("dry_run"))
    if options.get("machine"):
        if options.get("root_dir"):
            raise UsageError("--machine is of no project, and --root-dir names one", hint="give one of them")
        _of_machine(before, now, output, dry_run=dry_run)
        return
    with records(options, output) as (root, database):
        state = state_folder(root)
        runs = [] if database is None else old_runs(database, before)
        cached, needed = _cached(state, before)
        found = [] if database is None else garbage_of(database, state, runs, now, needed)
        found += [cached, *_of_engines(state, before, now)]
        try:
            # The files first: if this fails half-way, their records still tell the next one of them.
            for each in found if not dry_run else ():
                remove(each)
            if runs and database is not None and not dry_run:
                if is_copy(database):
                    output.note("the records of these runs stay for now: run 'flyte gc' again when there is room")
                    runs = []
                else:
                    forget_runs(database, runs)
        except OSError as error:
            raise NotReadyError(
                f"cannot remove {error.filename}: {error.strerror}", where=str(error.filename or "")
            ) from error
    found.insert(0, Garbage("records of runs", len(runs), (), 0))
    _say(found, root, output, dry_run=dry_run)


def _of_engines(state: Path, before: float, now: float) -> list[Garbage]:
    """Return what goes of the data of runs with ``--engine process|docker``, which are in no record."""
    stores = [folder for engine in ("process", "docker") if (folder := state / engine).is_dir()]
    if not stores:
        return []
    import tempfile

    from flytectl_py.cli.one_machine import HOME_PREFIX
    from flytectl_py.machine import keeper
    from flytectl_py.machine.collecting import left_by_runs

    homes = Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*")
    busy = {found.store for home in homes if (found := keeper.running(home)) is not None}
    return [left_by_runs(each, before, now) for each in stores if each.absolute().as_uri() not in busy]


def _of_machine(before: float, now: float, output: Output, *, dry_run: bool) -> None:
    import os

    from flytectl_py.machine import keeper
    from flytectl_py.machine.collecting import STATE, Collection

    home = keeper.home_folder(os.environ)
    if not (home / STATE).exists():
        _say([], home, output, dry_run=dry_run)
        return
    collection = Collection(home, before, now)
    try:
        found = collection.found()
        if not dry_run:
            collection.remove(found)
    except OSError as error:
        raise NotReadyError(
            f"cannot remove {error.filename}: {error.strerror}", where=str(error.filename or "")
        ) from error
    finally:
        collection.close()
    _say(found, home, output, dry_run=dry_run)


def _say(found: Sequence[Garbage], root: Path, output: Output, *, dry_run: bool) -> None:
    from flytectl_py.plan.bundle import shown_size

    some = [each for each in found if each.number]
    lines = [counted(each.number, each.what) + (f", {shown_size(each.bytes)}" if each.paths else "") for each in some]
    head = "would remove" if dry_run else "removed"
    total = sum(each.bytes for each in some)
    output.result(
        "\n".join(f"{head} {line}" for line in lines) or f"nothing to remove in {root}",
        {
            "root": str(root),
            "dry_run": dry_run,
            "bytes": total,
            "removed": [{"what": each.what, "count": each.number, "bytes": each.bytes} for each in some],
        },
    )


def _cached(state: Path, before: float) -> tuple[Garbage, set[str]]:
    """Return the cached outputs that go, and the names of the runs whose data the others refer to."""
    from flytectl_py.cache_store.entries import CacheStore
    from flytectl_py.records.collecting import Garbage, runs_named_in

    old, needed = [], set()
    for each in CacheStore(state / "cache").files():
        if each.used < before:
            old.append(each)
            continue
        try:
            needed |= runs_named_in(each.path.read_bytes())
        except FileNotFoundError:
            continue  # Another process has replaced or removed it.
    garbage = Garbage("cached outputs", len(old), tuple(each.path for each in old), sum(each.size for each in old))
    return garbage, needed


def _age(text: str | None) -> timedelta:
    if text is None:
        return DEFAULT_AGE
    from flytectl_py.values.convert import BadValue, from_text

    try:
        age: timedelta = from_text(timedelta, text, ThisMachine())
    except BadValue as bad:
        raise UsageError(bad.sentence("--older-than"), where="--older-than") from bad
    if age < timedelta(0):
        raise UsageError(f"--older-than: got '{text}', which is not in the past", where="--older-than")
    return age
