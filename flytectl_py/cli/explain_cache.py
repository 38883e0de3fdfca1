"""`flyte explain cache`: what is in the key under which outputs are kept, and what changed since the last run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.explain import said_of, short, since, tell_unreadable
from flytectl_py.cli.loading import load_target
from flytectl_py.cli.output import keep_stdout
from flytectl_py.cli.tree import Branch, shown
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.cache_history import VersionParts
    from flytectl_py.model.cache import Cache


def explain(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    """Show the key of one task's outputs.

    :param words: FILE and TASK.
    """
    keep_stdout()
    loaded = load_target(words[0], options)
    if len(words) != 2:
        names = ", ".join(name for name, _ in loaded.tasks()) or "none"
        which = "which task?" if len(words) == 1 else "just one task:"
        raise UsageError(f"{which} {words[0]} has: {names}", hint=f"flyte explain cache {words[0]} TASK")
    from flytectl_py.config.settings import require
    from flytectl_py.engines.cache_history import CacheHistory, changes, parts_of
    from flytectl_py.engines.local_cache import cache_folder

    task = loaded.task(words[1])
    cache = task.settings.cache
    document: dict[str, Any] = {"task": task.name, "behavior": cache.behavior}
    if not cache.is_enabled():
        hint = f'write @env.task(cache="auto"), or cache="auto" in the environment of {task.short_name}'
        output.result(f"{task.name} is not cached; {hint}", {**document, "cached": False})
        return
    root = Path(loaded.root.path)
    parts = parts_of(task, root)
    history = CacheHistory(cache_folder(root))
    before = history.before(task)
    changed = changes(before, parts)
    tell_unreadable(history.ledger, output)
    settings = require()
    scope = {"project": settings.project, "domain": settings.domain}
    document |= {
        "cached": True,
        **parts.document(),
        "serialize": cache.serialize,
        "max_age": _seconds(cache),
        **scope,
        **said_of(before, changed),
    }
    facts = [*_parts(document, parts, output), since(before, changed, "run")]
    output.result(shown(Branch.of(f"cache of {task.name}: version {parts.version}", facts)), document)


def _parts(document: Mapping[str, Any], parts: VersionParts, output: Output) -> list[Branch]:
    from flytectl_py.plan.changes import shown as value_text

    facts = {
        "inputs": ", ".join(parts.inputs) or "none",
        "ignored inputs": ", ".join(parts.ignored_inputs),
        "project": document["project"],
        "domain": document["domain"],
        "given version": parts.version_override,
        "salt": parts.salt,
        "policies": ", ".join(parts.policies),
        "image": parts.image,
        "kept for": "" if document["max_age"] is None else f"{document['max_age']:g} s",
        "one at a time": "yes" if document["serialize"] else "",
        "behavior": "override: it always runs" if document["behavior"] == "override" else "",
    }
    found = [Branch(f"{name} {value}") for name, value in facts.items() if value]
    if parts.variables:
        found.append(Branch.of("variables", [f"{name} {value_text(each)}" for name, each in parts.variables.items()]))
    if parts.code:
        code = [f"{label}  sha256 {short(digest, output)}" for label, digest in parts.code.items()]
        found.append(Branch.of("code", code))
    return found


def _seconds(cache: Cache) -> float | None:
    from flytectl_py.model.duration import duration_of

    return None if cache.max_age is None else duration_of("Cache(max_age=…)", cache.max_age).total_seconds()
