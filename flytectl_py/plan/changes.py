"""What moved between two makings of a name, field by field, in words; of parts as they are kept, in plain JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final

from flytectl_py.plan.bundle import shown_size
from flytectl_py.plan.requirement import name_of

Parts = Mapping[str, Any]

_HASH: Final = re.compile(r"\b[0-9a-f]{32}(?:[0-9a-f]{32})?\b")
_PACKAGES: Final = {"pip": "pip package", "apt": "apt package", "conda": "conda package"}
_IMAGE_HEAD: Final = ("recipe", "base", "platforms", "python")
_BUNDLE_HEAD: Final = ("recipe", "copy style")
_CACHE_FIELDS: Final = ("salt", "image", "policies", "version_override", "inputs", "ignored_inputs")
_TOLD_ELSEWHERE: Final = frozenset({"image", "code"})
"""Fields of a task that follow from its image and the bundle, of which more is said there."""


def field_changes(before: Parts, now: Parts, fields: Sequence[str] = ()) -> list[str]:
    """Return ``cpu 1 → 2``, ``gpu T4 added``, ``disk 1Gi removed`` for fields that differ: those named, or all."""
    found = []
    for name in fields or dict.fromkeys((*before, *now)):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        old, new = _shortened(old), _shortened(new)
        if _is_nothing(old) and _is_nothing(new):
            continue
        if isinstance(old if new is None else new, bool):
            found.append(f"{name} {shown(old or False)} → {shown(new or False)}")
        elif _is_nothing(old):
            found.append(f"{name} {shown(new)} added")
        elif _is_nothing(new):
            found.append(f"{name} {shown(old)} removed")
        else:
            found.append(f"{name} {shown(old)} → {shown(new)}")
    return found


def bundle_changes(before: Parts, now: Parts) -> list[str]:
    """Return what moved between two bundles.

    Parts: ``recipe``, ``copy style``, and ``files``: ``[path, executable, size, sha256]``, or None where there were too
    many to be kept.
    """
    found = field_changes(before, now, _BUNDLE_HEAD)
    if before.get("files") is None or now.get("files") is None:
        return [*found, "files, of which there are too many to be kept"]
    old = {path: tuple(rest) for path, *rest in before["files"]}
    new = {path: tuple(rest) for path, *rest in now["files"]}
    for path in sorted({*old, *new}):
        found += _file_change(path, old.get(path), new.get(path))
    return found


def _file_change(path: str, old: tuple[Any, ...] | None, new: tuple[Any, ...] | None) -> Iterator[str]:
    if old is None and new is not None:
        yield f"{path} added ({shown_size(new[1])})"
    elif new is None and old is not None:
        yield f"{path} removed"
    elif old is not None and new is not None:
        if old[2] != new[2]:
            grown = f" ({shown_size(old[1])} → {shown_size(new[1])})" if old[1] != new[1] else ""
            yield f"{path} changed{grown}"
        if old[0] != new[0]:
            yield f"{path} is {'executable now' if new[0] else 'not executable any more'}"


def image_changes(before: Parts, now: Parts) -> list[str]:
    """Return what moved between two images.

    Parts: ``recipe``, ``base``, ``platforms``, ``python`` and ``layers``, each with ``kind``, ``declared_by``,
    ``hash``, ``fields`` and ``files`` as of bundles.
    """
    found = field_changes(before, now, _IMAGE_HEAD)
    old, new = before.get("layers") or [], now.get("layers") or []
    if old != new and Counter(map(_identity, old)) == Counter(map(_identity, new)):
        return [*found, "the order of the layers"]
    matcher = SequenceMatcher(None, [*map(_identity, old)], [*map(_identity, new)], autojunk=False)
    gone: list[Parts] = []
    came: list[Parts] = []
    for what, one, two, three, four in matcher.get_opcodes():
        if what != "equal":
            gone += old[one:two]
            came += new[three:four]
    for layer in came:
        pair = next((each for each in gone if each["declared_by"] == layer["declared_by"]), None)
        if pair is None:
            found.append(f"{_named(layer)} is new")
        else:
            gone.remove(pair)
            found += _layer_changes(pair, layer)
    return [*found, *(f"{_named(each)} is gone" for each in gone)]


def _identity(layer: Parts) -> tuple[str, str]:
    return str(layer["declared_by"]), str(layer["hash"])


def _named(layer: Parts) -> str:
    packages = layer["fields"].get("packages")
    return f"{layer['declared_by']} ({', '.join(packages)})" if packages else str(layer["declared_by"])


def _layer_changes(old: Parts, new: Parts) -> list[str]:
    by, kind = str(new["declared_by"]), str(new["kind"])
    before, now = dict(old["fields"]), dict(new["fields"])
    found = []
    if kind == old["kind"] and kind in _PACKAGES:
        found += _list_changes(_PACKAGES[kind], before.pop("packages", []), now.pop("packages", []), _package)
    if kind == "commands":
        found += _list_changes("command", before.pop("commands", []), now.pop("commands", []), str)
    if kind == "env":
        variables = field_changes(before.pop("variables", {}), now.pop("variables", {}))
        found += [f"variable {each}" for each in variables]
    if before.get("files") != now.get("files") and old.get("files") is not None and new.get("files") is not None:
        before.pop("files", None)
        now.pop("files", None)
        found += [f"{by}: {each}" for each in bundle_changes({"files": old["files"]}, {"files": new["files"]})]
    before["kind"], now["kind"] = old["kind"], kind
    found += [f"{by}: {each}" for each in field_changes(before, now)]
    return found or ([f"{by} changed"] if old["hash"] != new["hash"] else [])


def _package(requirement: str) -> str:
    return name_of(requirement) or requirement


def _list_changes(what: str, old: Sequence[str], new: Sequence[str], key: Callable[[str], str]) -> list[str]:
    """Return what came, went and changed; two that `key` makes the same are one that changed."""
    gone = [each for each in old if each not in new]
    found = []
    for each in (each for each in new if each not in old):
        pair = next((other for other in gone if key(other) == key(each)), None)
        if pair is None:
            found.append(f"{what} {each} added")
        else:
            gone.remove(pair)
            found.append(f"{what} {pair} → {each}")
    found += [f"{what} {each} removed" for each in gone]
    return found or ([f"the order of each {what}"] if list(old) != list(new) else [])


def cache_changes(before: Parts, now: Parts) -> list[str]:
    """Return what moved between two versions of a cached task, with parts as `flyte explain cache --json` has them."""
    found = field_changes(before, now, _CACHE_FIELDS)
    found += [f"variable {each}" for each in field_changes(before["variables"], now["variables"])]
    old, new = before["code"], now["code"]
    found += [f"{name} changed" for name in new if name in old and old[name] != new[name]]
    found += [f"{name} is new" for name in new if name not in old]
    found += [f"{name} is gone" for name in old if name not in new]
    return found or ["which definitions some names lead to"]


def version_changes(before: Parts, now: Parts) -> list[str]:
    """Return what moved between two versions.

    Parts: ``recipe``, ``bundle`` (parts and ``digest``, or None), ``images`` (by environment: parts and ``name``) and
    ``tasks`` (by name: ``sha256`` and ``fields``, None where there were too many to be kept).
    """
    found = field_changes(before, now, ("recipe",))
    found += [f"bundle: {each}" for each in _part_changes(before.get("bundle"), now.get("bundle"), bundle_changes)]
    old, new = before["images"], now["images"]
    for name in dict.fromkeys((*old, *new)):
        moved = _part_changes(old.get(name), new.get(name), image_changes)
        found += [f"image {name}: {each}" for each in moved]
    old, new = before["tasks"], now["tasks"]
    for name in dict.fromkeys((*old, *new)):
        found += [f"task {name}{each}" for each in _task_changes(old.get(name), new.get(name))]
    return found


def _part_changes(old: Parts | None, new: Parts | None, changes: Callable[[Parts, Parts], list[str]]) -> list[str]:
    if old is None or new is None:
        return [] if old is new else ["added"] if old is None else ["removed"]
    if old["name"] == new["name"]:
        return []
    if old.get("given") or new.get("given"):
        return [f"{old['name']} → {new['name']}"]
    return changes(old, new) or [f"{old['name']} → {new['name']}"]


def _task_changes(old: Parts | None, new: Parts | None) -> list[str]:
    if old is None or new is None:
        return [" added" if old is None else " removed"]
    if old["sha256"] == new["sha256"]:
        return []
    if old.get("fields") is None or new.get("fields") is None:
        return [" changed"]
    fields = [each for each in dict.fromkeys((*old["fields"], *new["fields"])) if each not in _TOLD_ELSEWHERE]
    return [f": {each}" for each in field_changes(old["fields"], new["fields"], fields)] if fields else []


def _shortened(value: Any) -> Any:
    """Return a value with its hashes cut to what tells them apart."""
    return _HASH.sub(lambda match: match[0][:12], value) if isinstance(value, str) else value


def _is_nothing(value: object) -> bool:
    return value is None or value is False or value in ("", [], {})


def shown(value: object) -> str:
    """Return a value of plain JSON as a person reads it, on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}={shown(each)}" for key, each in value.items()) or "none"
    text = "none" if value is None or value == "" else str(value)
    return text if text.isprintable() else ascii(text)
