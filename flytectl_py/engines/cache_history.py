"""What the version of a cached task is made of, and what it was made of when the task last ran here."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flytectl_py.engines.cache_inputs import counted_inputs
from flytectl_py.engines.cache_version import image_tag_of, task_version
from flytectl_py.model.cache import CodePolicy
from flytectl_py.model.task import Task
from flytectl_py.project.code_reach import code_closure

_FORMAT = 1
_NAMED = ("salt", "image", "policies", "version_override", "inputs", "ignored_inputs")


@dataclass(frozen=True)
class VersionParts:
    """Everything that makes up a version, and the inputs that make up a key with it.

    :param image: its tag; empty where the policies do not ask for it. :param code: definition -> digest of its tree.
    """

    version: str
    inputs: tuple[str, ...]
    ignored_inputs: tuple[str, ...]
    salt: str = ""
    version_override: str = ""
    policies: tuple[str, ...] = ()
    image: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return {
            "version": self.version,
            "version_override": self.version_override or None,
            "inputs": list(self.inputs),
            "ignored_inputs": list(self.ignored_inputs),
            "salt": self.salt,
            "policies": list(self.policies),
            "image": self.image,
            "variables": dict(self.variables),
            "code": dict(self.code),
        }


def parts_of(task: Task[..., Any], root: Path) -> VersionParts:
    """Return what the version of `task` is made of.

    :raises FlyteError: as `task_version`.
    """
    cache = task.settings.cache
    version, inputs, ignored = task_version(task, root), counted_inputs(task), cache.get_ignored_inputs()
    if cache.version_override is not None:
        return VersionParts(version, inputs, ignored, version_override=cache.version_override)
    policies: Any = cache.policies
    image = image_tag_of(task.environment, root)
    code: dict[str, str] = {}
    variables: Mapping[str, str] = {}
    if any(isinstance(each, CodePolicy) for each in policies):
        variables = dict(task.environment.env_vars or {})
        for piece in code_closure(task.func).pieces:
            label = piece.label
            number = 1
            while label in code:
                number += 1
                label = f"{piece.label} ({number})"
            code[label] = piece.digest
    return VersionParts(version, inputs, ignored, cache.salt, "", tuple(map(repr, policies)), image, variables, code)


class CacheHistory:
    """The parts of each task's version when it last ran: a hint, so that a change can be told.

    :param folder: of the cache.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "last"

    def before(self, task: Task[..., Any]) -> dict[str, Any] | None:
        """Return what `remember` wrote, as `VersionParts.document` gives it; None where that is nothing."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            read = json.loads(self._file(task).read_bytes())
            if read["format"] == _FORMAT and isinstance(read["parts"], dict):
                return dict(read["parts"])
        return None

    def remember(self, task: Task[..., Any], version: str, root: Path) -> None:
        """Take this version as the one of the last run; what it is made of is found out only if it is a new one.

        Where nothing can be written, nothing is remembered.
        """
        known = self.before(task)
        if known is not None and known.get("version") == version:
            return
        file = self._file(task)
        partial = file.with_name(f"{file.name}.{os.urandom(8).hex()}")
        with contextlib.suppress(OSError):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.write_text(json.dumps({"format": _FORMAT, "parts": parts_of(task, root).document()}))
            partial.replace(file)

    def _file(self, task: Task[..., Any]) -> Path:
        return self._folder / f"{hashlib.sha256(task.name.encode()).hexdigest()[:32]}.json"


def changes(before: Mapping[str, Any] | None, now: VersionParts) -> tuple[str, ...]:
    """Return what differs from the last run, one line each; nothing where there was none."""
    if before is None or before.get("version") == now.version:
        return ()
    document = now.document()
    found = [
        f"{name}: {_shown(before.get(name))} -> {_shown(document[name])}"
        for name in _NAMED
        if before.get(name) != document[name]
    ]
    for kind in ("variables", "code"):
        old, new = dict(before.get(kind) or {}), document[kind]
        found += [f"{name} changed" for name in new if name in old and old[name] != new[name]]
        found += [f"{name} is new" for name in new if name not in old]
        found += [f"{name} is gone" for name in old if name not in new]
    return tuple(found) or ("which definitions some names lead to",)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) if value else "none"
