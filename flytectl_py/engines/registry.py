"""Engines by name, each imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import Final

from flytectl_py.engines.api import Engine, Note, RunOptions
from flytectl_py.errors import UnknownNameError

ENGINES: Final = {
    "local": "flytectl_py.engines.local:LocalEngine",
    "cluster": "flytectl_py.engines.cluster:ClusterEngine",
}


def make_engine(name: str, options: RunOptions, note: Note) -> Engine:
    """Return a new engine for one run.

    :raises UnknownNameError: no engine of that name.
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    module, _, attribute = ENGINES[name].partition(":")
    engine: Engine = getattr(importlib.import_module(module), attribute)(options, note)
    return engine
