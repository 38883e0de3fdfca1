"""What the version of a cached task is made of, and what it was made of when the task last ran here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flytectl_py.engines.cache_inputs import counted_inputs
from flytectl_py.engines.cache_version import image_tag_of, task_version
from flytectl_py.engines.ledger import Entry, Ledger, settled
from flytectl_py.model.cache import CodePolicy
from flytectl_py.model.task import Task
from flytectl_py.plan.changes import cache_changes
from flytectl_py.project.code_reach import code_closure


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
    """The parts of each task's version when it last ran, in a ledger beside the cache.

    :param folder: of the cache.
    """

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder / "last")

    def before(self, task: Task[..., Any]) -> Entry | None:
        """Return what `remember` kept, its parts as `VersionParts.document` gives them."""
        return self.ledger.last("cache", task.name)

    def remember(self, task: Task[..., Any], version: str, root: Path) -> None:
        """Take this version as the one of the last run; what it is made of is found out only if it is a new one.

        Where nothing can be written, nothing is remembered.
        """
        self.ledger.keep("cache", task.name, version, "run", lambda: parts_of(task, root).document())


def changes(before: Entry | None, now: VersionParts) -> tuple[str, ...]:
    """Return what differs from the last run, one line each; nothing where there was none."""
    if before is None or before.name == now.version:
        return ()
    return tuple(cache_changes(before.parts, settled(now.document())))
