"""What a uv.lock says that an image has to know: which packages come from this machine, and whether it is up to date.

The format is uv's, read without running uv: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from flytectl_py.plan.requirement import name_of, normal_name

LocalKind = Literal["editable", "virtual", "directory", "path"]
_LOCAL_KINDS: tuple[LocalKind, ...] = ("editable", "virtual", "directory", "path")


class LocalPackage(NamedTuple):
    """A package that comes from this machine.

    :param kind: ``editable`` and ``virtual`` run from where they are, ``directory`` is copied, ``path`` is an archive.
    :param path: relative to the lock file's folder, POSIX.
    """

    name: str
    kind: LocalKind
    path: str


class UvLock(NamedTuple):
    """A lock file. `packages` are its tables as they stand there."""

    local: tuple[LocalPackage, ...]
    names: frozenset[str]
    packages: tuple[Mapping[str, Any], ...]


def read_lock(text: str) -> UvLock:
    """Return what a lock file says.

    :raises ValueError: it is not TOML, or has no packages as uv writes them.
    """
    import tomllib

    packages = tomllib.loads(text).get("package", [])
    if not isinstance(packages, list) or not all(isinstance(each, dict) and "name" in each for each in packages):
        raise ValueError("it has no list of packages; write it anew with 'uv lock'")
    local: list[LocalPackage] = []
    for each in packages:
        source = each.get("source", {})
        kinds = [kind for kind in _LOCAL_KINDS if isinstance(source.get(kind), str)]
        local += [LocalPackage(each["name"], kind, source[kind]) for kind in kinds]
    return UvLock(tuple(local), frozenset(normal_name(each["name"]) for each in packages), tuple(packages))


def disagreements(lock: UvLock, project: Mapping[str, Any]) -> list[str]:
    """Return what a pyproject.toml asks for that its lock file does not know, or the other way round.

    A hint that costs nothing: uv decides in the build, with ``--locked``.
    """
    table = project.get("project", {})
    name = normal_name(str(table.get("name", "")))
    package = next((each for each in lock.packages if normal_name(each["name"]) == name), None)
    if not name:
        return []
    if package is None:
        return [f"it does not know the project '{table['name']}'"]
    metadata = package.get("metadata", {})
    wanted = dict(_asked(project, groups=False))
    known = {normal_name(each["name"]): each for each in metadata.get("requires-dist", [])}
    in_groups = {normal_name(each["name"]) for group in metadata.get("requires-dev", {}).values() for each in group}
    found = [f"{each} is not in it" for each in wanted if each not in known]
    found += [f"{each} is only in it" for each in known if each not in wanted]
    found += [f"{each} is not in it" for each, _ in _asked(project, groups=True) if each not in in_groups]
    for each, specifier in wanted.items():
        locked = known.get(each, {})
        from_index = not any(key in locked for key in (*_LOCAL_KINDS, "git", "url"))
        if each in known and from_index and specifier is not None and _parts(locked.get("specifier", "")) != specifier:
            found.append(f"{each} has another version in it")
    return list(dict.fromkeys(found))


def _asked(project: Mapping[str, Any], *, groups: bool) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Yield the names that a project asks for, each with its version specifier; None where it stands there twice."""
    table = project.get("project", {})
    lists = [table.get("dependencies", []), *table.get("optional-dependencies", {}).values()]
    if groups:
        lists = [*project.get("dependency-groups", {}).values()]
    requirements = [each for listed in lists for each in listed if isinstance(each, str)]
    names = [name_of(each) for each in requirements]
    for name, requirement in zip(names, requirements, strict=True):
        if name:
            yield name, _specifier(requirement) if names.count(name) == 1 else None


def _specifier(requirement: str) -> frozenset[str]:
    text = re.sub(r"\[.*?\]", "", requirement.partition(";")[0].partition("@")[0])
    return _parts(re.sub(r"^\s*[A-Za-z0-9._-]+", "", text))


def _parts(specifier: str) -> frozenset[str]:
    return frozenset(part for part in re.sub(r"[\s()]", "", specifier).split(",") if part)
