"""What completion offers at one place of a command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Offer(NamedTuple):
    """A word that may stand there, and what it is."""

    word: str
    about: str = ""


class Answer(NamedTuple):
    """What may stand there.

    :param files: the ending of files that may, besides folders: ``.py``, ``*`` for all, ``/`` for folders only.
    """

    offers: Sequence[Offer] = ()
    files: str = ""
