"""The last bundle of a project, and of each file or folder in it: what moved since, and what `last` stands for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.engines.ledger import By, Entry, Ledger, settled
from flytectl_py.plan.bundle import BundlePlan
from flytectl_py.plan.changes import bundle_changes

MOST_FILES_ELSEWHERE: Final = 5_000
"""Of a bundle that is a part of something else that is kept: the files of a larger one are not listed there."""


def bundle_parts(plan: BundlePlan, most: int | None = None) -> dict[str, Any]:
    """Return what makes up a bundle, for the ledger.

    :param most: files that are listed at most.
    """
    few = most is None or len(plan.files) <= most
    return {
        "name": plan.digest,
        "recipe": plan.manifest.recipe_version,
        "copy style": plan.copy_style,
        "files": [list(each) for each in plan.files] if few else None,
    }


def remember(plan: BundlePlan, root: Path, by: By) -> None:
    """Take `plan` as the last bundle of the project at `root`; where that cannot be kept, there is no last one."""
    Ledger.of(root).keep("bundle", plan.target, plan.digest, by, lambda: bundle_parts(plan))


def moved(plan: BundlePlan, ledger: Ledger) -> tuple[Entry | None, tuple[str, ...]]:
    """Return the last bundle of the same target, if there was one, and what moved since."""
    before = ledger.last("bundle", plan.target)
    if before is None or before.name == plan.digest:
        return before, ()
    return before, tuple(bundle_changes(before.parts, settled(bundle_parts(plan))))


def last_bundle(root: Path) -> Manifest | None:
    """Return the files of the last bundle that was made of `root`, or None where none is known."""
    found = next(Ledger.of(root).entries("bundle"), None)
    try:
        return None if found is None else Manifest(FileEntry(*each) for each in found.parts["files"])
    except (TypeError, KeyError):
        return None
