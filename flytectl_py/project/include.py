"""Files, folders and globs that travel by name: ``Environment(include=…)`` and ``--include``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from flytectl_py.errors import UsageError, did_you_mean
from flytectl_py.plan.bundle import Include
from flytectl_py.project.ignore import IgnoreRules, built_in_rule
from flytectl_py.project.walk import Entry, Excluded, walk

_WILD = re.compile(r"[*?\[]")


class _Named(NamedTuple):
    """An include below the root: `base` is its part before the first wildcard, relative, POSIX, without end slash."""

    include: Include
    base: str
    pattern: re.Pattern[str]
    wild: bool

    def matches(self, path: str) -> bool:
        return self.pattern.fullmatch(path) is not None


class Included(NamedTuple):
    """A file that an include brings.

    :param by_name: the include is exactly this file.
    """

    entry: Entry
    include: Include
    by_name: bool


@dataclass(frozen=True, slots=True)
class _IncludeRules(IgnoreRules):
    """Leads a walk to what is included: ignore files do not count, built-in folders only where they are named."""

    named: tuple[_Named, ...] = ()

    def entering(self, folder: str, location: str, names: set[str]) -> IgnoreRules:
        return self

    def excluded_by(self, path: str, location: str) -> str:
        if not path.endswith("/"):
            return "" if any(each.matches(path) for each in self.named) else "not included"
        folder = path[:-1]
        if any(each.base == folder or each.base.startswith(path) for each in self.named):
            return ""
        within = [each for each in self.named if not each.base or folder.startswith(each.base + "/")]
        if not any(each.wild or each.matches(folder) for each in within):
            return "not included"
        return built_in_rule(folder.rpartition("/")[2], location)


def included_files(root: Path, includes: Sequence[Include]) -> Iterator[Included | Excluded]:
    """Yield every file that `includes` name, in the order of the paths; of special files and bad links, that they are.

    A folder brings all that is in it, and ``**`` stands for any number of folders. What is named beats every ignore
    rule; within what is named, the built-in folders (caches, virtual environments, ``.git`` …) stay out.

    :raises UsageError: a name that lies outside the root or does not exist; a glob that matches nothing.
    """
    named = [_below(root, include) for include in includes]
    found: set[int] = set()
    for entry in walk(root, _IncludeRules(named=tuple(named))):
        if isinstance(entry, Excluded):
            if entry.rule != "not included":
                yield entry
            continue
        first = next(index for index, each in enumerate(named) if each.matches(entry.path))
        found.update(index for index, each in enumerate(named) if each.matches(entry.path))
        exact = any(not each.wild and each.base == entry.path for each in named)
        yield Included(entry, named[first].include, exact)
    for index, each in enumerate(named):
        if index not in found:
            raise UsageError(
                f"include '{each.include.text}' brings no file",
                hint="check the name: it is relative to the folder of the file that declares it, or with --include to "
                "the current one",
                where=each.include.declared,
            )


def _below(root: Path, include: Include) -> _Named:
    absolute = os.path.normpath(os.path.join(include.anchor, include.text))
    if not include.text or "\0" in include.text:
        raise UsageError(f"include {include.text!r} names nothing", where=include.declared)
    literal = os.path.normpath(os.path.join(include.anchor, _literal(include.text)))
    top = str(root)
    if absolute != top and not absolute.startswith(os.path.join(top, "")):
        # The root or the anchor may be written through a symbolic link.
        real, real_top = os.path.realpath(literal), os.path.realpath(top)
        if real != real_top and not real.startswith(os.path.join(real_top, "")):
            raise UsageError(
                f"include '{include.text}' lies outside the root {root}",
                hint="name a root that holds it with --root-dir, or copy it into the image: Image.with_source_folder()",
                where=include.declared,
            )
        absolute = top + real[len(real_top) :] + absolute[len(literal) :]
        literal = top + real[len(real_top) :]
    if not os.path.lexists(literal):
        raise _missing(include, literal)
    relative = absolute[len(top) :].strip(os.sep).replace(os.sep, "/")
    base = literal[len(top) :].strip(os.sep).replace(os.sep, "/")
    wild = _WILD.search(relative) is not None and base != relative
    # A name with brackets or stars in it that exists as it stands is that file.
    if not wild or os.path.lexists(absolute):
        return _Named(include, relative, re.compile(re.escape(relative) + "(?:/.*)?" if relative else ".*"), wild=False)
    return _Named(include, base, _regex(relative), wild=True)


def _literal(text: str) -> str:
    """Return the folders of `text` before the first part with a wildcard."""
    parts = text.split("/")
    first = next((index for index, part in enumerate(parts) if _WILD.search(part)), len(parts))
    return "/".join(parts[:first]) or ("/" if text.startswith("/") else ".")


def _regex(pattern: str) -> re.Pattern[str]:
    """Return the expression for a glob: the files that match it, and all that lies in a folder that matches."""
    parts = pattern.split("/")
    regex = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            regex += ".*" if last else "(?:[^/]+/)*"
        else:
            regex += _part(part) + ("" if last else "/")
    return re.compile(regex + "(?:/.*)?", re.DOTALL)


def _part(text: str) -> str:
    """Return the expression for one part of a glob: ``*``, ``?`` and ``[…]`` as in a shell, hidden names too."""
    regex, at = "", 0
    while at < len(text):
        char = text[at]
        end = text.find("]", at + 2) if char == "[" else -1
        if end > 0:
            inner = text[at + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            regex += f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]"
            at = end
        else:
            regex += {"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char)
        at += 1
    return regex


def _missing(include: Include, literal: str) -> UsageError:
    folder, _, name = literal.rpartition(os.sep)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return UsageError(
        f"include '{include.text}': there is no {literal}",
        hint=did_you_mean(name, names) or f"it is relative to {include.anchor}",
        where=include.declared,
    )
