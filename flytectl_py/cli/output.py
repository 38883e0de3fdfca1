"""What is printed where: the result on stdout, everything for a person on stderr, one JSON document under --json."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TextIO

from flytectl_py.config.unattended import in_ci
from flytectl_py.errors import UsageError

_speaks_json: bool | None = None
_run: dict[str, str] = {}


class ReaderGoneError(OSError):
    """Whoever reads the results has closed the pipe, as ``| head`` does: it has what it wanted.

    It has no `errno`: at that of a closed pipe, Typer would end the process with 1.
    """


class CannotPrintError(OSError):
    """The results cannot be written, as where stdout is a file on a full disk."""


class _Results:
    """Where results go: stdout as it was when the process started, whatever the user's code does to `sys.stdout`."""

    def __init__(self) -> None:
        self.stream: TextIO = sys.stdout
        self.reserved = False
        self.process = os.getpid()

    def reserve(self) -> None:
        """Keep stdout for results only: what the user's code prints, in any way, goes to stderr from now on."""
        if not self.reserved:
            sys.stdout.flush()
            self.stream = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
            os.dup2(2, 1)
            self.reserved = True

    def write(self, text: str) -> None:
        """Print `text`, unless this is a copy of the process that the user's code has forked.

        :raises ReaderGoneError: nobody reads it any more. :raises CannotPrintError: it cannot be written.
        """
        if os.getpid() != self.process:
            return
        if self.stream.closed:
            self.stream = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        try:
            print(_printable(text, self.stream), file=self.stream, flush=True)
        except BrokenPipeError as error:
            raise ReaderGoneError from error
        except OSError as error:
            raise CannotPrintError(error.strerror) from error

    def close(self) -> None:
        """Let go of the stream that was kept, if one was."""
        if self.reserved:
            with contextlib.suppress(OSError):  # What could not be written was said when it was tried.
                self.stream.close()


_results = _Results()


class Output(NamedTuple):
    """How this command talks. `verbosity` counts -v; with `no_progress` nothing is drawn."""

    as_json: bool = False
    quiet: bool = False
    verbosity: int = 0
    no_progress: bool = False

    def result(self, text: str, document: Mapping[str, Any]) -> None:
        """Print the result of the command: `text` for a person, or `document` under --json."""
        if self.as_json:
            print_json(document)
        elif text:
            print_result(text)

    def note(self, text: str) -> None:
        """Tell the person something on the way, unless --quiet."""
        if not self.quiet:
            to_stderr(f"flyte: {text}")

    def draws(self) -> bool:
        """Whether what goes on may be drawn on stderr, and taken away again: a terminal that somebody watches."""
        unwanted = self.as_json or self.quiet or self.no_progress or in_ci() or os.environ.get("TERM") == "dumb"
        return not unwanted and sys.stderr.isatty()

    def detail(self, text: str) -> None:
        """Tell what only -v asks for."""
        if self.verbosity:
            to_stderr(f"flyte: {text}")


def counted(number: int, things: str) -> str:
    """Return ``2 records of runs``, ``1 record of runs``; `things` are named in the plural, which ends in s."""
    head, of, rest = things.partition(" of ")
    return f"{number} {head.removesuffix('s') if number == 1 else head}{of}{rest}"


def shown_outputs(outputs: Mapping[str, Any]) -> str:
    """Return what a task returned as a person reads it; only on a terminal is what is huge cut."""
    from flytectl_py.values.render import readable

    whole = _results.stream.closed or not _results.stream.isatty()
    if len(outputs) == 1:
        return readable(outputs["o0"], whole=whole)
    return "\n".join(f"{name}: {readable(value, whole=whole)}" for name, value in outputs.items())


def results_stream() -> TextIO:
    """Return the stream that results go to, for who draws to fit it."""
    return _results.stream


def open_missing_streams() -> None:
    """Give a process that was started with closed streams (``>&-``) some that lead nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free number is taken, so in this order each lands where programs expect it.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  it stays open
    _results.stream = sys.stdout


def settle_output(options: Mapping[str, Any]) -> Output:
    """Return how to talk, by the general options that were given, and talk like that from now on.

    :raises UsageError: a form of output that does not exist.
    """
    global _speaks_json
    form = options.get("output_format", "text")
    if form not in ("json", "text"):
        raise UsageError(f"--output-format: got '{form}'; it takes json or text")
    output = Output(
        bool(options.get("as_json")) or form == "json",
        bool(options.get("quiet")),
        options.get("verbose", 0),
        bool(options.get("no_progress")),
    )
    _speaks_json = output.as_json
    if output.as_json:
        _results.reserve()
    return output


def keep_stdout() -> None:
    """Keep stdout for the result, also in text: what the user's code prints, in any way, goes to stderr."""
    _results.reserve()


def about_run(name: str, url: str = "") -> None:
    """Say which run an error is about, and where a browser shows it, if anywhere; an empty name is none."""
    global _run
    _run = {key: text for key, text in (("run", name), ("url", url)) if text}


def run_of_error() -> dict[str, str]:
    """Return what --json says of the run that an error is about: ``run`` and ``url``, as far as there are any."""
    return _run


def speaks_json(arguments: Sequence[str]) -> bool:
    """Whether errors are JSON: as it was settled, else, while options are being parsed, as the arguments look."""
    if _speaks_json is not None:
        return _speaks_json
    asked = "--json" in arguments or "--output-format=json" in arguments
    return asked or any(one in ("-of", "--output-format") and two == "json" for one, two in pairwise(arguments))


def close_results() -> None:
    """Close what was opened for results: the process ends now."""
    _results.close()


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document as UTF-8, on several lines where a person watches."""
    import json

    indent = 2 if _results.stream.isatty() else None
    print_result(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent))


def print_result(text: str) -> None:
    """Print what was asked for: on stdout, also where that is kept for it."""
    _results.write(text)


def to_stderr(text: str) -> None:
    """Print a line for the person, whatever the encoding of the terminal. Where nobody can read it, it is dropped."""
    try:
        print(_printable(text, sys.stderr), file=sys.stderr, flush=True)
    except OSError:
        give_up(2)


def give_up(number: int) -> None:
    """Let what is still to be written to stdout (1) or stderr (2) lead nowhere.

    What is left in the buffers cannot be written either, and nothing may try that again when the process ends.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def flush_streams() -> None:
    """Write what is left of what was printed.

    :raises CannotPrintError: stdout cannot be written. What is for people only is dropped where it cannot be.
    """
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        if getattr(stream, "closed", True):  # The user's code may have closed it, or taken it away.
            continue
        try:
            stream.flush()
        except OSError as error:
            give_up(number)
            if number == 1 and not _results.reserved:
                raise (ReaderGoneError if isinstance(error, BrokenPipeError) else CannotPrintError)(
                    error.strerror
                ) from error


def indented(text: str) -> str:
    """Return `text` with its further lines two columns in, so that they are seen to belong to the first."""
    first, *more = text.split("\n")
    return "\n".join([first, *(f"  {line}" if line and not line.startswith(" ") else line for line in more)])


def error_mark() -> str:
    """Return the word that begins an error: red on a terminal, and where FORCE_COLOR says so, unless NO_COLOR does."""
    plain = in_ci() or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty()
    coloured = not os.environ.get("NO_COLOR") and (bool(os.environ.get("FORCE_COLOR")) or not plain)
    return "\x1b[1;31merror:\x1b[0m" if coloured else "error:"


def _printable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
