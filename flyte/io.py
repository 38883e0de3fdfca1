"""Files and folders as inputs and outputs of tasks."""

from __future__ import annotations

from flytectl_py.model.files import Dir, File

__all__ = ["Dir", "File"]
