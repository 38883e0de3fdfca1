"""The disk of this machine, as declarations ask about it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from flytectl_py.errors import UsageError
from flytectl_py.project import began  # noqa: F401  the clock is read now


class Disk:
    """Answers for this machine; a relative path counts from `root`, by default the current folder."""

    def __init__(self, root: str = "") -> None:
        self._root = root

    def is_file(self, path: str) -> bool:
        """Whether `path` is a file, or a link to one."""
        return os.path.isfile(os.path.join(self._root, path))

    def is_dir(self, path: str) -> bool:
        """Whether `path` is a folder, or a link to one."""
        return os.path.isdir(os.path.join(self._root, path))

    def source_of(self, function: Callable[..., Any]) -> str:
        """Return the text of `function`, as it stands in its file.

        :raises UsageError: there is no such text, as for functions that were made by `exec` or in C.
        """
        import inspect

        try:
            return inspect.getsource(inspect.unwrap(function))
        except (OSError, TypeError) as error:
            name = getattr(function, "__qualname__", repr(function))
            raise UsageError(
                f"the source text of {name} cannot be read: {error}",
                hint="give its cache a version: flyte.Cache('auto', version_override='1')",
            ) from error

    def code_version(self, function: Callable[..., Any]) -> str:
        """Return the digest of `function` and of the user's own code that it reaches, 64 hex digits.

        :raises UsageError: the code of the function, or of a file that it reaches, cannot be read.
        """
        from flytectl_py.project.code_reach import code_closure

        return code_closure(function).version
