"""How large the inputs and outputs of an action may be where they travel inline."""

from __future__ import annotations

from typing import Any

from flytectl_py.errors import InlineIOMaxBytesBreached
from flytectl_py.model.task import Task


def check_size(task: Task[..., Any], what: str, size: int) -> None:
    """Refuse inputs or outputs that are larger than they may be inline.

    :raises InlineIOMaxBytesBreached: they are.
    """
    limit = task.settings.max_inline_io_bytes
    if size > limit:
        raise InlineIOMaxBytesBreached(
            f"the {what} of {task.name} take {size:,} bytes inline, and max_inline_io_bytes allows {limit:,}; "
            "pass what is large as a flyte.io.File, Dir or DataFrame, or raise max_inline_io_bytes"
        )
