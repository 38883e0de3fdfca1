"""What a user interface says of a task: its docstring in two parts, and where its source is on the web."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Final, NamedTuple

from flyteidl2.task import task_definition_pb2

from flytectl_py.model.task import Task

MOST_SHORT: Final = 255
"""Characters of a short description, and of an environment's; a cluster refuses more."""
MOST_LONG: Final = 2048
_CUT: Final = "...(tr.)"


class Docs(NamedTuple):
    """What a task says of itself: in a sentence, at length, and of each input that it describes."""

    short: str = ""
    long: str = ""
    inputs: Mapping[str, str] = {}


class SourceLink(NamedTuple):
    """Where a commit can be read on the web.

    :param top: the top of the working tree, absolute. :param url: the address of that folder at that commit.
    """

    top: str
    url: str

    def of(self, file: str) -> str:
        """Return the address of `file` (absolute), or an empty text if it lies elsewhere."""
        from urllib.parse import quote

        prefix = self.top.rstrip("/") + "/"
        return f"{self.url}/{quote(file[len(prefix) :])}" if file.startswith(prefix) else ""


def documentation(
    task: Task[..., object], docs: Docs, source: SourceLink | None = None
) -> task_definition_pb2.DocumentationEntity:
    """Return the documentation of a task, with the place of its function on the web if there is one."""
    made = task_definition_pb2.DocumentationEntity(
        short_description=shortened(docs.short, MOST_SHORT), long_description=shortened(docs.long, MOST_LONG)
    )
    code = getattr(inspect.unwrap(task.func), "__code__", None)
    link = source.of(code.co_filename) if source is not None and code is not None else ""
    if link:
        made.source_code.link = link
    return made


def docs_of(task: Task[..., object]) -> Docs:
    """Return what a task says of itself: its function's docstring; `docs` stands for the part that is not on inputs."""
    text = inspect.unwrap(task.func).__doc__ or ""
    found = _parsed(text) if text.strip() else Docs()
    if task.settings.docs is None:
        return found
    given = _parsed(task.settings.docs.description)
    return Docs(given.short, given.long, found.inputs)


def shortened(text: str, most: int) -> str:
    """Return `text`, cut to `most` characters with a mark where it is longer."""
    return text if len(text) <= most else text[: most - len(_CUT)] + _CUT


def _parsed(text: str) -> Docs:
    import docstring_parser

    try:
        parsed = docstring_parser.parse(text)
    except docstring_parser.ParseError:
        first, _, rest = inspect.cleandoc(text).partition("\n")
        return Docs(first.strip(), rest.strip())
    inputs = {each.arg_name: each.description for each in parsed.params if each.description}
    return Docs(parsed.short_description or "", parsed.long_description or "", inputs)
