"""Engines by name, each imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from flytectl_py.engines.api import Engine, Note, RunOptions
from flytectl_py.errors import UnknownNameError

if TYPE_CHECKING:
    from flytectl_py.engines.watching import Watcher

ENGINES: Final = {
    "local": "flytectl_py.engines.local:LocalEngine",
    "cluster": "flytectl_py.engines.cluster:ClusterEngine",
    "hybrid": "flytectl_py.engines.hybrid:HybridEngine",
}


def make_engine(name: str, options: RunOptions, note: Note, watchers: Sequence[Watcher] = ()) -> Engine:
    """Return a new engine for one run.

    :raises UnknownNameError: no engine of that name.
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    module, _, attribute = ENGINES[name].partition(":")
    engine: Engine = getattr(importlib.import_module(module), attribute)(options, note, watchers)
    return engine
