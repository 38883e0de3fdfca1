"""Between the shells and `cli.complete`: what each of them says of the line, and the form in which it takes the answer.

Bash gives the text of the line, for its own splitting cuts words at ``:`` and ``=``, and knows no quotes; what it
inserts begins at the last of those. Zsh and fish give words. The first line of an answer is what it holds: ``words``,
or ``files`` and their ending.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from flytectl_py.cli.offers import Answer, Offer

_SPECIAL = frozenset(" \t\"'\\`$&|;<>()*?[]{}!#~=%^")
"""What bash must find after a backslash to take it as it is."""

Ask = Callable[[Sequence[str], str], Answer]


def reply(shell: str, arguments: Sequence[str], ask: Ask) -> str:
    """Return what a script gets.

    :param arguments: for bash the line up to the cursor and what cuts words; for the others the words up to the cursor,
        the program first, the one that is completed last.
    """
    if shell == "bash":
        return _for_bash(arguments[0], arguments[1] if len(arguments) > 1 else "", ask)
    current = _unquoted(arguments[-1]).word if shell == "fish" else arguments[-1]
    found = ask(arguments[1:-1], current)
    offers = list(found.offers)
    if shell == "fish" and found.files:
        offers += [Offer(each) for each in paths(current, found.files)]
        return _lines("words", offers)
    return _lines(f"files {found.files}" if found.files else "words", offers)


def _lines(kind: str, offers: Sequence[Offer]) -> str:
    plain = [each for each in offers if not _is_odd(each.word)]
    said = [f"{each.word}\t{' '.join(each.about.split())}".rstrip("\t") for each in plain]
    return "".join(f"{line}\n" for line in (kind, *said))


def _is_odd(word: str) -> bool:
    """Whether a word cannot be one line of an answer."""
    return any(each in word for each in "\n\r\t")


def paths(current: str, ending: str) -> list[str]:
    """Return the paths that begin with `current`: folders, with a slash at their end, and files of that ending.

    Hidden ones only where a dot was typed.
    """
    name, equals, typed = current.partition("=") if current.startswith("--") else ("", "", current)
    folder, _, start = typed.rpartition("/")
    shown = f"{folder}/" if "/" in typed else ""
    try:
        entries = sorted(os.scandir(os.path.expanduser(shown) or "."), key=lambda each: each.name)
    except OSError:
        return []
    found = []
    for each in entries:
        if not each.name.startswith(start) or (each.name.startswith(".") and not start.startswith(".")):
            continue
        path = f"{name}{equals}{shown}{each.name}"
        if each.is_dir():
            found += [f"{path}/"] if each.name != "__pycache__" else []
        elif ending == "*" or (ending != "/" and each.name.endswith(ending)):
            found.append(path)
    return found


class _Word(NamedTuple):
    """A word as it is meant; the quote that is open at its end; where what bash would replace begins in it."""

    word: str
    quote: str
    replaced: int


def _for_bash(line: str, breaks: str, ask: Ask) -> str:
    words = _split(line)
    last = _unquoted(words[-1], breaks)
    current = last.word
    found = ask([_unquoted(each).word for each in words[1:-1]], current)
    names = paths(current, found.files) if found.files else []
    offers = [each.word for each in found.offers]
    if names:
        # Readline quotes file names itself, and puts the slash after folders; words beside them need no quotes.
        return _lines("files", [Offer(each.rstrip("/")[last.replaced :]) for each in (*offers, *names)])
    return _lines("words", [Offer(_quoted(each[last.replaced :], last.quote)) for each in offers if not _is_odd(each)])


def _split(line: str) -> list[str]:
    """Cut a line into words as they were typed, quotes and backslashes included; the last one may be empty."""
    words, word, quote, escaped = [], "", "", False
    for letter in line:
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in " \t\n":
            words += [word] if word else []
            word = ""
            continue
        word += letter
    return [*words, word] if words or word else ["", word]


def _unquoted(typed: str, breaks: str = "") -> _Word:
    """Take the quotes and backslashes off a word that may not be at its end yet."""
    word, quote, escaped, replaced = "", "", False, 0
    for letter in typed:
        if escaped:
            word += letter if quote != '"' or letter in '"\\$`' else f"\\{letter}"
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote and letter == quote:
            quote, replaced = "", 0
        elif not quote and letter in "\"'":
            quote, replaced = letter, len(word)
        else:
            word += letter
            if not quote and letter in breaks:
                replaced = len(word)
    return _Word(word, quote, replaced)


def _quoted(word: str, quote: str) -> str:
    """Write a word so that bash reads it as it is, after the quote that is open."""
    if quote == "'":
        return word.replace("'", "'\\''")
    if quote == '"':
        return "".join(f"\\{each}" if each in '"\\$`' else each for each in word)
    return "".join(f"\\{each}" if each in _SPECIAL else each for each in word)
