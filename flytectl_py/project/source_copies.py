"""Which files of a folder Flyte 1 puts into an image: all, or those that modules of this process come from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from flytectl_py.model.layers import CodeStyle


def copied_files(folder: Path, style: CodeStyle) -> list[str]:
    """Return the files that go into an image, relative to `folder`, sorted. Ignore files do not count."""
    if style == "loaded_modules":
        return loaded_files(folder)
    return sorted(path for path in every_file(folder, follow=False) if not _is_by_product(path))


def loaded_files(folder: Path) -> list[str]:
    """Return the files below `folder` that modules of this process come from, relative to it, sorted."""
    top = os.path.join(os.path.abspath(folder), "")
    installed = tuple(os.path.join(each, "") for each in (sys.prefix, sys.base_prefix, sys.exec_prefix))
    found = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not os.path.isfile(file):
            continue
        path = os.path.abspath(file)
        if path.startswith(top) and not path.startswith(installed):
            found.add(path[len(top) :])
    return sorted(found)


def every_file(folder: Path, *, follow: bool) -> Iterator[str]:
    """Yield the files below `folder`, relative to it; those of one folder are sorted.

    :param follow: enter folders that are symbolic links.
    """
    for place, _, names in os.walk(folder, followlinks=follow):
        for name in sorted(names):
            location = os.path.join(place, name)
            if os.path.exists(location):  # no broken link
                yield os.path.relpath(location, folder)


def _is_by_product(path: str) -> bool:
    return path.endswith(".pyc") or not {"__pycache__", ".git"}.isdisjoint(path.split(os.sep))
