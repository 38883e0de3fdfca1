"""`flyte explain cache`: what is in the key under which outputs are kept, and what changed since the last run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.loading import load_target
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.cache_history import VersionParts
    from flytectl_py.model.cache import Cache

_DIGITS = 12


def explain_cache(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    """Show the key of one task's outputs.

    :param words: FILE and TASK.
    """
    if not words:
        raise UsageError("which file? flyte explain cache needs FILE and TASK", hint="see 'flyte explain --help'")
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
    changed = changes(CacheHistory(cache_folder(root)).before(task), parts)
    settings = require()
    scope = {"project": settings.project, "domain": settings.domain}
    document |= {
        "cached": True,
        **parts.document(),
        "serialize": cache.serialize,
        "max_age": _seconds(cache),
        **scope,
        "changed": list(changed),
    }
    output.result(_text(document, parts, output.verbosity > 0), document)


def _text(document: Mapping[str, Any], parts: VersionParts, at_length: bool) -> str:
    lines = [f"{document['task']}: version {parts.version}"]
    facts = {
        "inputs": ", ".join(parts.inputs) or "none",
        "ignored inputs": ", ".join(parts.ignored_inputs),
        "project": document["project"],
        "domain": document["domain"],
        "given version": parts.version_override,
        "salt": parts.salt,
        "policies": ", ".join(parts.policies),
        "image": parts.image,
        "variables": ", ".join(f"{name}={value}" for name, value in parts.variables.items()),
        "kept for": "" if document["max_age"] is None else f"{document['max_age']:g} s",
        "one at a time": "yes" if document["serialize"] else "",
        "behavior": "override: it always runs" if document["behavior"] == "override" else "",
    }
    lines += [f"  {name}: {value}" for name, value in facts.items() if value]
    if parts.code:
        lines.append("  code:")
        lines += [f"    {digest[: None if at_length else _DIGITS]} {label}" for label, digest in parts.code.items()]
    lines += [f"  changed since the last run: {each}" for each in document["changed"]]
    return "\n".join(lines)


def _seconds(cache: Cache) -> float | None:
    from flytectl_py.model.duration import duration_of

    return None if cache.max_age is None else duration_of("Cache(max_age=…)", cache.max_age).total_seconds()
