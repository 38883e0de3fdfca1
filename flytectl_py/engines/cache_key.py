"""What the entry of one call is named by: task, version, inputs, and what the run sets for all its tasks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from flytectl_py.digest.framing import Value, encode_record
from flytectl_py.model.task import Task

RECIPE_VERSION = 1
"""Goes up whenever the key of an unchanged call would change."""


class Scope(NamedTuple):
    """What tells one run's entries from another's, besides task, version and inputs.

    :param variables: environment variables that the run sets for every task.
    """

    project: str
    domain: str
    variables: Mapping[str, str]


class CallKey(NamedTuple):
    """The name of an entry, 64 hex digits, and the version that is part of it."""

    digest: str
    version: str


def entry_key(task: Task[..., Any], version: str, inputs: str, scope: Scope) -> str:
    """Return SHA-256, 64 hex digits, over everything that has to be equal for two calls to share their outputs.

    :param inputs: see `inputs_digest`.
    """
    fields: dict[str, Value] = {
        "recipe": RECIPE_VERSION,
        "task": task.name,
        "version": version,
        "inputs": inputs,
        "project": scope.project,
        "domain": scope.domain,
        "variables": dict(scope.variables),
    }
    return hashlib.sha256(encode_record("call", fields)).hexdigest()
