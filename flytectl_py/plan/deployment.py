"""What is deployed together, in which order, and the version that names it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from flytectl_py.digest.framing import Value, encode_record
from flytectl_py.errors import DuplicateEnvironmentError, UsageError
from flytectl_py.model.environment import Environment

VERSION_RECIPE: Final = 1
"""Goes up whenever the version of an unchanged deployment would change."""

MOST_CHARACTERS: Final = 63
"""Of the name of an environment or a version, as a cluster stores them."""

_VERSION_DIGITS: Final = 32
_VERSION = re.compile(r"[!-~]+")
# A tag by the distribution specification of the Open Container Initiative.
_IMAGE_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def closure(environments: Iterable[Environment]) -> tuple[Environment, ...]:
    """Return environments and all that they depend on, each once, after those that it depends on itself.

    :raises UsageError: some depend on each other in a circle, or a name is too long for a cluster.
    :raises DuplicateEnvironmentError: two of them have one name.
    """
    found: dict[str, Environment] = {}
    for each in environments:
        _visit(each, found)
    for each in found.values():
        if len(each.name) > MOST_CHARACTERS:
            raise UsageError(
                f"the environment's name '{each.name}' has {len(each.name)} characters, and a cluster takes "
                f"{MOST_CHARACTERS}",
                where=str(each.place),
            )
    return tuple(found.values())


def _visit(start: Environment, found: dict[str, Environment]) -> None:
    """Add `start` after what it depends on. Not by recursion: chains may be long."""
    if _known(start, found):
        return
    path = [start]
    waiting = [iter(start.depends_on)]
    while waiting:
        following = next(waiting[-1], None)
        if following is None:
            waiting.pop()
            done = path.pop()
            found[done.name] = done
        elif any(following is each for each in path):
            names = [each.name for each in (*path[_index(path, following) :], following)]
            raise UsageError(
                f"environments depend on each other in a circle: {' → '.join(names)}",
                hint="take one of them out of depends_on",
                where=str(following.place),
            )
        elif not _known(following, found):
            path.append(following)
            waiting.append(iter(following.depends_on))


def _index(path: Sequence[Environment], wanted: Environment) -> int:
    return next(index for index, each in enumerate(path) if each is wanted)


def _known(environment: Environment, found: dict[str, Environment]) -> bool:
    known = found.get(environment.name)
    if known is None or known is environment:
        return known is not None
    raise DuplicateEnvironmentError(
        f"two environments of this deployment are named '{environment.name}': {known.place} and {environment.place}",
        hint="give one of them another name",
        where=str(environment.place),
    )


def derived_version(bundle: str, images: Iterable[str], specs: Iterable[bytes]) -> str:
    """Return the version of a deployment that was given none: 32 hexadecimal digits, of SHA-256.

    :param bundle: the digest of the code that travels; empty where none does.
    :param images: the tag of each image, or the URI of one that was given.
    :param specs: the content of each task's specification, without the version itself and without where it goes.
    """
    fields: dict[str, Value] = {
        "recipe": VERSION_RECIPE,
        "bundle": bundle,
        "images": sorted(set(images)),
        "specs": sorted(hashlib.sha256(each).digest() for each in specs),
    }
    return hashlib.sha256(encode_record("deployment", fields)).hexdigest()[:_VERSION_DIGITS]


def checked_version(version: str, where: str) -> str:
    """Return a version that was given, if a cluster takes it.

    :param where: the option or the parameter.
    :raises UsageError: it does not.
    """
    if not isinstance(version, str) or not _VERSION.fullmatch(version) or len(version) > MOST_CHARACTERS:
        raise UsageError(
            f"{where}: {version!r} cannot be a version: give 1 to {MOST_CHARACTERS} visible ASCII characters",
            where=where,
        )
    return version


def is_image_tag(version: str) -> bool:
    """Whether an image can have `version` as its tag."""
    return _IMAGE_TAG.fullmatch(version) is not None
