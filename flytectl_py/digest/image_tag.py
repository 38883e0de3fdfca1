"""The tag of an image: MD5 over its recipe, which says everything that makes one image differ from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flytectl_py.digest.framing import Value, encode_record
from flytectl_py.digest.manifest import FileEntry, encode_entry
from flytectl_py.model.secret import Secret

RECIPE_VERSION = 2
"""Goes up whenever the Dockerfile of an unchanged recipe, or the tag of an unchanged declaration, would change."""


@dataclass(frozen=True)
class LayerRecipe:
    """One layer: its kind, and by name every field that the build depends on."""

    kind: str
    fields: Mapping[str, Value]

    @property
    def encoded(self) -> bytes:
        """The canonical bytes, as they stand in the image's."""
        return encode_record(self.kind, self.fields)

    @property
    def hash(self) -> str:
        """MD5 of the layer alone, 32 hex digits."""
        return _md5(self.encoded)


@dataclass(frozen=True)
class ImageRecipe:
    """An image without its address: registry and name are no part of what it is.

    :param base: the image that it starts from, as declared: neither a mirror nor where uv comes from counts. None for
        a Dockerfile of the user's, which is then the only layer.
    :param platforms: in any order. :param python: such as ``(3, 12)``; None, too, for a Dockerfile of the user's.
    :param layers: in the order of the declaration.
    """

    base: str | None
    platforms: Sequence[str]
    python: tuple[int, int] | None
    layers: Sequence[LayerRecipe]

    @property
    def tag(self) -> str:
        """See `image_tag`."""
        return image_tag(self)


def image_tag(recipe: ImageRecipe) -> str:
    """Return MD5, 32 hex digits, over the record of the image and those of its layers, one after another.

    MD5 is what Flyte 2 uses for tags. Nothing relies on it to resist an attacker: files enter by their SHA-256, and
    whoever declares the image is the one who builds it.
    """
    head = encode_record(
        "image",
        {
            "base": recipe.base,
            "platforms": sorted(set(recipe.platforms)),
            "python": None if recipe.python is None else f"{recipe.python[0]}.{recipe.python[1]}",
            "recipe": RECIPE_VERSION,
        },
    )
    return _md5(head + b"".join([layer.encoded for layer in recipe.layers]))


def files_digest(entries: Iterable[FileEntry]) -> str:
    """Return SHA-256, 64 hex digits, over the records of some files in the order of their paths.

    A file is its path, executable bit, size and content, as in a code bundle; no files is a list as well.
    """
    hasher = hashlib.sha256()
    for entry in sorted(entries):
        hasher.update(encode_entry(entry))
    return hasher.hexdigest()


def secret_fields(secrets: Iterable[Secret]) -> list[Value]:
    """Return how secrets enter a layer: by name and by where the build sees them, never by value."""
    return [
        {
            "group": each.group,
            "key": each.key,
            "mount": None if each.mount is None else str(each.mount),
            "variable": each.as_env_var,
        }
        for each in secrets
    ]


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
