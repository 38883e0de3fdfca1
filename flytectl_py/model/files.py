"""File and Dir: values that name a file or a folder, here or in a store."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from flytectl_py.errors import DeclarationError

T = TypeVar("T")

# RFC 3986 section 3.1, but at least two letters: C:\ is a drive.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


@dataclass(frozen=True)
class _Named(Generic[T]):
    path: str

    def __post_init__(self) -> None:
        given = os.fspath(self.path) if isinstance(self.path, os.PathLike) else self.path
        if not isinstance(given, str) or not given:
            raise DeclarationError(f"{type(self).__name__}(path)", self.path, "give a path or a URI")
        object.__setattr__(self, "path", given)

    @property
    def name(self) -> str:
        """The last part of the path: ``x.csv`` of ``s3://bucket/x.csv``."""
        return re.split(r"[/\\]" if os.sep == "\\" else "/", self.path.rstrip("/"))[-1]

    @property
    def is_remote(self) -> bool:
        """Whether the path is a URI other than ``file://…``."""
        scheme = _SCHEME.match(self.path)
        return scheme is not None and scheme[1].lower() != "file"

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class File(_Named[T]):
    """A file, by path or URI: ``File("s3://bucket/x.csv")``. ``File[T]`` may say what is in it.

    :raises DeclarationError: the path is empty or not a path.
    """


@dataclass(frozen=True)
class Dir(_Named[T]):
    """A folder, by path or URI: ``Dir("data/")``. ``Dir[T]`` may say what is in its files.

    :raises DeclarationError: the path is empty or not a path.
    """
