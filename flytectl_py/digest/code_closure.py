"""The version of code: the syntax trees of all definitions that a function reaches, and how these reach each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from flytectl_py.digest.framing import Value, encode_record

RECIPE_VERSION = 1
"""Goes up whenever the version of unchanged code would change."""


@dataclass(frozen=True)
class Piece:
    """One statement of a module, or what stands for a whole file that is not Python.

    :param label: ``module.name``, for people; no part of any digest, since moving code does not change what it does.
    :param content: canonical bytes of its syntax tree.
    :param references: in the order of the tree, each name that it uses and where that leads: the number of another
        piece, or text for what lies outside, such as ``numpy.random``.
    """

    label: str
    content: bytes
    references: tuple[tuple[str, int | str], ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the piece alone, 64 hex digits; where its references lead inside the closure does not count."""
        outside: list[Value] = [list(each) for each in self.references if isinstance(each[1], str)]
        return hashlib.sha256(encode_record("piece", {"content": self.content, "outside": outside})).hexdigest()


def closure_version(pieces: Sequence[Piece]) -> str:
    """Return SHA-256, 64 hex digits, over pieces and their references, one after another.

    :param pieces: numbered by their order, which follows from the code alone: as a walk from the first one meets them.
    """
    hasher = hashlib.sha256(encode_record("code", {"recipe": RECIPE_VERSION}))
    for piece in pieces:
        references: list[Value] = [[name, target] for name, target in piece.references]
        hasher.update(encode_record("piece", {"content": piece.content, "references": references}))
    return hasher.hexdigest()
