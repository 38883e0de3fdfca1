"""Loads a project for a while only, as if it had been another process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from flytectl_py.project.first_party import FirstParty
from flytectl_py.project.importer import PRIVATE


@contextmanager
def unloaded_again() -> Iterator[None]:
    """Take the user's own modules that the block loads out of `sys.modules` again, and restore how modules are found.

    Installed packages stay: not all of them can be loaded twice.
    """
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    try:
        yield
    finally:
        first_party = FirstParty()
        for name, module in list(sys.modules.items()):
            if modules.get(name) is module:
                continue
            file = getattr(module, "__file__", None)
            if name.partition(".")[0] == PRIVATE or file is None or first_party.is_own(file):
                del sys.modules[name]
        sys.modules["__main__"] = modules["__main__"]
        sys.path[:], sys.meta_path[:] = path, finders
