"""The modules that were loaded before any task ran in this process."""

from __future__ import annotations

import sys
from types import ModuleType


class _Snapshot:
    modules: dict[str, ModuleType] | None = None


def loaded_before_runs() -> dict[str, ModuleType]:
    """Return the modules that were loaded when this was first called: tasks that run import more, lazily.

    A script that calls ``flyte.run`` twice so has the same bundle both times, and the one that the command line makes.
    """
    if _Snapshot.modules is None:
        _Snapshot.modules = dict(sys.modules)
    return _Snapshot.modules
