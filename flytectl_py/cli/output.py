"""What is printed where: the result on stdout, everything for a person on stderr, one JSON document under --json."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple, TextIO

_document_stream: TextIO | None = None


class Output(NamedTuple):
    """How this command talks. `verbosity` counts -v."""

    as_json: bool = False
    quiet: bool = False
    verbosity: int = 0

    def result(self, text: str, document: Mapping[str, Any]) -> None:
        """Print the result of the command: `text` for a person, or `document` under --json."""
        if self.as_json:
            print_json(document)
        elif text:
            print(_printable(text, sys.stdout))

    def note(self, text: str) -> None:
        """Tell the person something on the way, unless --quiet."""
        if not self.quiet:
            to_stderr(f"flyte: {text}")

    def detail(self, text: str) -> None:
        """Tell what only -v asks for."""
        if self.verbosity:
            to_stderr(f"flyte: {text}")


def reserve_stdout() -> None:
    """Keep stdout for one JSON document: from now on whatever the user's code prints, in any way, goes to stderr."""
    global _document_stream
    if _document_stream is None:
        sys.stdout.flush()
        _document_stream = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
        os.dup2(2, 1)


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document as UTF-8, on the stdout that was reserved for it."""
    import json

    stream = _document_stream or sys.stdout
    indent = 2 if stream.isatty() else None
    print(_printable(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent), stream), file=stream)
    stream.flush()


def to_stderr(text: str) -> None:
    """Print a line for the person, whatever the encoding of the terminal."""
    print(_printable(text, sys.stderr), file=sys.stderr, flush=True)


def _printable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
