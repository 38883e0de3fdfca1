"""How a bundle is told: one line and warnings for a person, a list or a tree, one JSON document."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from flytectl_py.cli.output import Output
from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.plan.bundle import BundlePlan, shown_size

if TYPE_CHECKING:
    from flytectl_py.engines.bundle_delivery import Delivered


def say(plan: BundlePlan, output: Output) -> None:
    """Tell the person in one line what travels, and each warning."""
    for warning in plan.warnings:
        output.note(f"warning: {warning}")
    output.note(plan.summary)


def document(plan: BundlePlan, delivered: Delivered | None) -> dict[str, Any]:
    """Return the JSON document of a plan and of what became of it."""
    archive: dict[str, Any] | None = None
    if delivered is not None:
        archive = {"uri" if delivered.is_uri else "path": delivered.place, "bytes": delivered.bytes}
    return {
        "digest": plan.digest,
        "root": plan.root,
        "copy_style": plan.copy_style,
        "files": [
            {"path": each.path, "size": each.size, "mode": _mode(each), "why": plan.whys[each.path]}
            for each in plan.files
        ],
        "excluded": [{"path": each.path, "rule": each.rule, "folder": each.is_dir} for each in plan.excluded],
        "warnings": list(plan.warnings),
        "archive": archive,
        "uploaded": delivered is not None and delivered.uploaded,
    }


def listed(plan: BundlePlan, *, excluded: bool, tree: bool) -> str:
    """Return the lines of ``flyte bundle ls``: path, size and why, or path and rule of what is left out."""
    if excluded:
        rows = [(f"{each.path}/" if each.is_dir else each.path, "", each.rule) for each in plan.excluded]
    else:
        rows = [(each.path, shown_size(each.size), plan.whys[each.path]) for each in plan.files]
    if tree:
        rows = list(_drawn(rows))
    width = max((len(name) for name, _, _ in rows), default=0)
    sizes = max((len(size) for _, size, _ in rows), default=0)
    lines = (f"{name:<{width}}{f'  {size:>{sizes}}' if sizes else ''}  {why}" for name, size, why in rows)
    return "\n".join(visible(line.rstrip()) for line in lines)


def visible(line: str) -> str:
    """Return a line with its control characters escaped: names of files may hold any, a terminal's commands too."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def compared(one: Manifest, other: Manifest) -> tuple[str, dict[str, Any]]:
    """Return how two bundles differ: a line for each file (``+`` only in `other`, ``-``, ``~``)."""
    before = {each.path: each for each in one}
    after = {each.path: each for each in other}
    added = sorted(after.keys() - before.keys())
    removed = sorted(before.keys() - after.keys())
    changed = sorted(path for path in before.keys() & after.keys() if before[path] != after[path])
    lines = [(path, f"+ {path}  {shown_size(after[path].size)}") for path in added]
    lines += [(path, f"- {path}  {shown_size(before[path].size)}") for path in removed]
    lines += [(path, f"~ {path}  {_change(before[path], after[path])}") for path in changed]
    found = {
        "same": one.digest == other.digest,
        "a": one.digest,
        "b": other.digest,
        "added": added,
        "removed": removed,
        "changed": changed,
    }
    return "\n".join(line for _, line in sorted(lines)), found


def _change(before: FileEntry, after: FileEntry) -> str:
    said = []
    if before.sha256 != after.sha256:
        said.append(f"{shown_size(before.size)} → {shown_size(after.size)}")
    if before.executable != after.executable:
        said.append(f"{_mode(before)} → {_mode(after)}")
    return ", ".join(said)


def _mode(entry: FileEntry) -> str:
    return "755" if entry.executable else "644"


def _drawn(rows: Iterable[tuple[str, str, str]]) -> Iterable[tuple[str, str, str]]:
    """Yield the rows as a tree, each folder before what is in it."""
    top: dict[str, Any] = {}
    for row in rows:
        place = top
        *folders, name = row[0].rstrip("/").split("/")
        for folder in folders:
            place = place.setdefault(f"{folder}/", {})
        place[name + ("/" if row[0].endswith("/") else "")] = row
    yield from _branches(top, "")


def _branches(place: Mapping[str, Any], lead: str) -> Iterable[tuple[str, str, str]]:
    names = list(place)
    for name in names:
        last = name == names[-1]
        value = place[name]
        shown = f"{lead}{'└── ' if last else '├── '}{name}"
        if isinstance(value, dict):
            yield shown, "", ""
            yield from _branches(value, lead + ("    " if last else "│   "))
        else:
            yield shown, value[1], value[2]


class Meter:
    """Draws how far packing and sending are, on a terminal, once they have taken a second.

    :param progress: to be told what is done, and the bytes done and in all; None where nobody watches.
    """

    def __init__(self, output: Output) -> None:
        self.progress = self._take_in if output.draws() else None
        self._next = time.monotonic() + 1
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _take_in(self, doing: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next, self._drawn = now + 0.1, True
            share = 100 * done // total if total else 100
            sys.stderr.write(f"\r\x1b[K{doing} {shown_size(done)} of {shown_size(total)}, {share} %")
            sys.stderr.flush()
