"""Names of tasks and runs that a cluster gave lately, kept for completion, which never asks the network."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

LIFETIME = 24 * 3600.0
"""Seconds for which a name is offered after it was last seen."""
_MOST = 500


def names_file() -> str:
    """Return where the names are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(cache, "flytectl-py", "names.json")


def remember(kind: str, names: Mapping[str, Sequence[str]], ended: Collection[str] = ()) -> None:
    """Keep names that a cluster has just given; where nothing can be written, nothing is kept.

    :param kind: ``task`` or ``run``. :param names: with the inputs of each, if it is a task and they are known.
    :param ended: the runs among them that have ended.
    """
    if not names:
        return
    path, now = names_file(), time.time()
    before = _kept(path, kind)
    kept = {
        **before,
        **{
            name: {
                "at": now,
                "inputs": list(inputs) or before.get(name, {}).get("inputs", []),
                "ended": name in ended,
            }
            for name, inputs in names.items()
        },
    }
    last = dict(sorted(kept.items(), key=lambda each: -each[1]["at"])[:_MOST])  # Those of one time stay in their order.
    document = {other: _kept(path, other) for other in ("task", "run") if other != kind}
    written = f"{path}.{os.getpid()}"
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(written, "w", encoding="utf-8") as file:
            json.dump({**document, kind: last}, file)
        os.replace(written, path)


def kept_names(kind: str, *, going: bool = False) -> dict[str, list[str]]:
    """Return the names that were seen lately, the newest first, each with the inputs that are known.

    :param going: only of runs of which nobody said yet that they have ended.
    """
    oldest = time.time() - LIFETIME
    return {
        name: [str(each) for each in found.get("inputs", [])]
        for name, found in _kept(names_file(), kind).items()
        if found["at"] >= oldest and not (going and found.get("ended"))
    }


def _kept(path: str, kind: str) -> dict[str, dict[str, Any]]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)[kind]
        return {str(name): each for name, each in found.items() if isinstance(each["at"], int | float)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # There is none, or it is not ours.
