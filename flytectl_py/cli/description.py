"""What a command is, as data: from it come its help, its man page and its completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flytectl_py.cli.options import Option

EXAMPLES = "Examples:"


class Word(NamedTuple):
    """A word that may follow a command and says what it does: ``ls`` in ``flyte bundle ls FILE``.

    :param takes: what follows it, as usage lines have it.
    :param sentence: what it does.
    :param options: those that it takes; None for all of the command.
    """

    takes: str
    sentence: str
    options: Mapping[str, Option] | None = None


class Example(NamedTuple):
    """A line to type, and what it does; empty where the line says it."""

    line: str
    about: str


class Description(NamedTuple):
    """A command.

    :param name: as it is typed after ``flyte``; several words for a word of a command; empty for ``flyte`` itself.
    :param text: a sentence; then, each after an empty line, ``Examples:`` with one line for each, two blanks before
        what it does; and paragraphs.
    :param takes: what follows the name and the options, as usage lines have it. Completion knows the words in it, see
        `cli.complete`.
    :param options: its own, without those of every command.
    :param words: what may stand first, if that is a choice.
    :param more: paragraphs that only the man page has.
    """

    name: str
    text: str
    takes: str = ""
    options: Mapping[str, Option] = {}
    words: Mapping[str, Word] = {}
    more: str = ""

    @property
    def path(self) -> str:
        """The command as it is typed."""
        return f"flyte {self.name}".rstrip()

    @property
    def usage(self) -> str:
        """The usage line."""
        return f"{self.path} [OPTIONS] {self.takes}".rstrip()

    @property
    def sentence(self) -> str:
        """What it does."""
        return self._paragraphs()[0]

    @property
    def examples(self) -> list[Example]:
        """What to type, first of all."""
        listed = next((each for each in self._paragraphs(joined=False) if each.startswith(EXAMPLES)), "")
        pairs = (line.strip().partition("  ") for line in listed.splitlines()[1:])
        return [Example(line, about.strip()) for line, _, about in pairs]

    @property
    def notes(self) -> list[str]:
        """What else there is to say, in paragraphs."""
        return [each for each in self._paragraphs()[1:] if not each.startswith(EXAMPLES)]

    def of_word(self, name: str) -> Description:
        """Return the description of one of its words, with the examples that begin with it."""
        word = self.words[name]
        start = f"{self.path} {name}"
        lines = [each for each in self.examples if f"{each.line} ".startswith(f"{start} ")]
        shown = "\n".join(f"  {each.line}  {each.about}".rstrip() for each in lines)
        text = f"{word.sentence}\n\n{EXAMPLES}\n{shown}" if lines else word.sentence
        options = self.options if word.options is None else word.options
        return Description(f"{self.name} {name}", text, word.takes, options)

    def groups(self) -> dict[str, list[Option]]:
        """Return its options by the heading that they stand under; one that only some words take begins with these."""
        found: dict[str, list[Option]] = {}
        for key, option in self.options.items():
            takers, marked = self.takers(key), option
            if len(takers) < len(self.words) and not self._may_lack_word:
                said = option.help if option.help[1:2].isupper() else option.help[0].lower() + option.help[1:]
                marked = option._replace(help=f"{', '.join(takers)}: {said}")
            found.setdefault(option.group, []).append(marked)
        return found

    def takers(self, key: str) -> list[str]:
        """Return the words that take an option."""
        return [name for name in self.words if key in self.of_word(name).options]

    @property
    def _may_lack_word(self) -> bool:
        """Whether it does something without any of its words, and takes its options then."""
        return not self.takes.startswith("|".join(self.words))

    def _paragraphs(self, *, joined: bool = True) -> list[str]:
        found = [each.strip("\n") for each in self.text.strip().split("\n\n")]
        return [each if each.startswith(EXAMPLES) or not joined else " ".join(each.split()) for each in found]
