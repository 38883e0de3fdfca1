"""What may stand at a place of a command line: what the scripts of `flyte completion` ask for at each TAB.

It runs before anything else of the command line is imported, and needs the standard library only. Whatever goes wrong,
it offers nothing and says nothing: the person is in the middle of a line.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from flytectl_py.cli.command_tree import COMMANDS, ROOT, description_of
from flytectl_py.cli.offers import Answer, Offer
from flytectl_py.cli.options import GENERAL, Option, option_name

if TYPE_CHECKING:
    from flytectl_py.cli.complete_code import InputFound, TaskFound
    from flytectl_py.cli.description import Description

SHELLS: Final = ("bash", "zsh", "fish")


class _Line:
    """The words before the one that is completed, as far as they are understood."""

    def __init__(self, words: Sequence[str]) -> None:
        self.described: Description = ROOT
        self.placed: list[str] = []
        self.given: set[str] = set()
        self.pending: Option | InputFound | None = None
        self.known = True
        for word in words:
            self._take(word)

    def _take(self, word: str) -> None:
        if self.pending is not None:
            self.pending = None
        elif word.startswith("-") and word != "-":
            name, equals, _ = word.partition("=")
            self.given.add(name)
            self.pending = None if equals else self.taking(name)
        elif self.described is ROOT:
            self.known = word in COMMANDS
            self.described = description_of(word) if self.known else ROOT._replace(name=word)
        elif not self.placed and word in self.described.words and not os.path.exists(word):
            self.described = self.described.of_word(word)
        else:
            self.placed.append(word)

    def options(self) -> dict[str, Option]:
        """Return every option that may be given, by each of its names."""
        options = [*self.described.options.values(), *GENERAL.values()]
        return {name: each for each in options for name in each.spelled}

    def taking(self, name: str) -> Option | InputFound | None:
        """Return the option or input of that name, if it takes a value."""
        for spelled, each in self.inputs().items():
            if spelled == name.replace("_", "-"):
                return None if each.is_flag else each
        option = self.options().get(name)
        return option if option is not None and option.kind in ("text", "texts") else None

    def inputs(self) -> dict[str, InputFound]:
        """Return the inputs of the task that is named already, by their options."""
        task = self._task()
        if task is None:
            return {}
        names = [each.name for each in task.inputs]
        return {option_name(each.name, names): each for each in task.inputs}

    def _task(self) -> TaskFound | None:
        from flytectl_py.cli.complete_code import InputFound, TaskFound, tasks_of

        name = self.described.name
        if name == "run" and len(self.placed) > 1:
            file, wanted = self.placed[:2]
        elif name == "rerun" and self.placed:
            from flytectl_py.cli.complete_runs import recorded_runs

            run = next((each for each in recorded_runs() if each.name == self.placed[0]), None)
            if run is None:
                return None
            file, wanted = run.file, run.task
        elif name == "run deployed-task" and self.placed:
            from flytectl_py.cli.kept_names import kept_names

            inputs = kept_names("task").get(self.placed[0].partition(":")[0], [])
            return TaskFound(self.placed[0], "", "", tuple(InputFound(each, "") for each in inputs))
        else:
            return None
        environment, _, short = wanted.rpartition(".")
        alike = [each for each in tasks_of(os.path.expanduser(file)) if each.name == short]
        return next((each for each in alike if each.environment == environment), alike[0] if alike else None)

    def slot(self) -> str:
        """Return what the next word is, by its name in the usage line: ``FILE``, ``TASK``, …; empty for nothing."""
        takes = re.sub(r"\[:VERSION\]|[\[\]]", "", self.described.takes).split()
        takes = [each for each in takes if each != "COMMAND"]
        if self.described.words and takes and takes[0].split("|")[0] in self.described.words:
            return ""  # One of those must come first.
        at = len(self.placed)
        if at < len(takes):
            return takes[at].rstrip(".")
        return takes[-1].rstrip(".") if takes and takes[-1].endswith("...") else ""


def answer(before: Sequence[str], current: str) -> Answer:
    """Return what may stand in the place of `current`, after the words `before`, the program left out."""
    if "--" in before:
        return Answer()
    line = _Line(before)
    if line.pending is not None:
        found = _values(line.pending, current)
        return Answer(_beginning(found.offers, current), found.files)
    if current.startswith("--") and "=" in current:
        name, _, value = current.partition("=")
        taking = line.taking(name)
        found = Answer() if taking is None else _values(taking, value)
        whole = [Offer(f"{name}={each.word}", each.about) for each in found.offers]
        return Answer(_beginning(whole, current), found.files if not value.startswith("-") else "")
    if current.startswith("-"):
        return Answer(_beginning(_options(line, current), current))
    if line.described is ROOT or not line.known:
        return Answer(
            _beginning([Offer(name, text) for name, (_, text) in COMMANDS.items()] if line.known else [], current)
        )
    words = [Offer(name, word.sentence) for name, word in line.described.words.items()] if not line.placed else []
    found = _SLOTS.get(line.slot(), _nothing)(line, current)
    return Answer(_beginning([*words, *found.offers], current), found.files)


def _beginning(offers: Sequence[Offer], current: str) -> list[Offer]:
    return [each for each in offers if each.word.startswith(current)]


def _options(line: _Line, current: str) -> list[Offer]:
    inputs = line.inputs()
    offers = _input_offers(line)
    for name, option in line.options().items():
        repeated = option.kind in ("texts", "count")
        told = not line.given.isdisjoint(option.spelled) and not repeated
        if name not in inputs and not told and (name.startswith("--") or not current.startswith("--")):
            offers.append(Offer(name, option.help))
    return offers


def _input_offers(line: _Line) -> list[Offer]:
    offers = []
    for name, each in line.inputs().items():
        negative = f"--no-{name.removeprefix('--')}"
        if line.given.isdisjoint((name, negative)):
            offers.append(Offer(name, each.annotation))
            offers += [Offer(negative, each.annotation)] if each.is_flag else []
    return offers


def _values(taking: Option | InputFound, current: str) -> Answer:
    if isinstance(taking, Option):
        if taking.choices:
            return Answer([Offer(each) for each in taking.choices])
        places = (taking.metavar or "").split("|")
        return Answer(files="/" if places[0] == "DIR" else "*" if places[0] in ("FILE", "PATH") else "")
    if taking.values:
        return Answer([Offer(each) for each in taking.values])
    if current.startswith("@"):
        from flytectl_py.cli.complete_shells import paths

        return Answer([Offer(f"@{each}") for each in paths(current[1:], "*")])
    return Answer(files="*" if taking.is_path else "")


def _nothing(line: _Line, current: str) -> Answer:
    del line, current
    return Answer()


def _as_written(line: _Line, current: str) -> Answer:
    """Offer a word that the usage line has as it is typed."""
    del current
    return Answer([Offer(line.slot())])


def _python_files(line: _Line, current: str) -> Answer:
    del line, current
    return Answer(files=".py")


def _any_files(line: _Line, current: str) -> Answer:
    del line, current
    return Answer(files="*")


def _folders(line: _Line, current: str) -> Answer:
    del line, current
    return Answer(files="/")


def _tasks(line: _Line, current: str) -> Answer:
    from flytectl_py.cli.complete_code import tasks_of

    found = tasks_of(os.path.expanduser(line.placed[0]))
    names = [each.name for each in found]
    offers = []
    for each in found:
        if names.count(each.name) == 1 or not each.environment:
            offers.append(Offer(each.name, each.about))
        if each.environment and (names.count(each.name) > 1 or current.startswith(f"{each.environment}.")):
            offers.append(Offer(f"{each.environment}.{each.name}", each.about))
    return Answer(offers)


def _environments(line: _Line, current: str) -> Answer:
    del current
    from flytectl_py.cli.complete_code import environments_of

    names = environments_of(os.path.expanduser(line.placed[0]))
    return Answer([Offer(each) for each in dict.fromkeys(names) if each not in line.placed])


def _runs(line: _Line, current: str) -> Answer:
    """Runs of this machine, and those that a cluster named lately; only those for what is on a cluster only.

    What has ended cannot be aborted any more.
    """
    del current
    from flytectl_py.cli.complete_runs import recorded_runs
    from flytectl_py.cli.kept_names import kept_names

    name = line.described.name
    here = [] if name in ("abort", "get action") else [Offer(each.name, each.task) for each in recorded_runs()]
    there = {} if name == "rerun" else kept_names("run", going=name == "abort")
    return Answer([*here, *(Offer(each, "on a cluster") for each in there)])


def _deployed(line: _Line, current: str) -> Answer:
    del line, current
    from flytectl_py.cli.kept_names import kept_names

    return Answer([Offer(each) for each in kept_names("task")])


def _inputs(line: _Line, current: str) -> Answer:
    del current
    return Answer(_input_offers(line))


def _settings(line: _Line, current: str) -> Answer:
    del line
    from flytectl_py.cli.complete_settings import setting_names

    return Answer([Offer(each) for each in setting_names(current)])


def _setting_values(line: _Line, current: str) -> Answer:
    del current
    from flytectl_py.cli.complete_settings import setting_values

    return Answer([Offer(each) for each in setting_values(line.placed[0])])


def _actions(line: _Line, current: str) -> Answer:
    """Actions of a run of this machine."""
    del current
    if line.described.name == "get action":
        return Answer()  # They are on a cluster.
    from flytectl_py.cli.complete_runs import recorded_actions

    return Answer([Offer(f"a{number}", name) for number, name in recorded_actions(line.placed[0])])


def _shells(line: _Line, current: str) -> Answer:
    del line, current
    return Answer([Offer(each) for each in SHELLS])


def _sides(line: _Line, current: str) -> Answer:
    del line, current
    return Answer([Offer("last", "as it was last made")], "*")


_SLOTS: Final[dict[str, Callable[[_Line, str], Answer]]] = {
    "FILE": _python_files, "FILE|DIR": _python_files, "FILE|DIR|IMAGE": _python_files, "DIR": _folders,
    "ARCHIVE|URI": _any_files,
    "A": _sides, "B": _sides, "TASK": _tasks, "ENV": _environments, "RUN": _runs, "ENV.TASK": _deployed,
    "INPUTS": _inputs, "KEY": _settings, "VALUE": _setting_values, "SHELL": _shells,
    "ACTION": _actions, "workflows": _as_written,
}  # fmt: skip
"""What the words of usage lines stand for."""


def main(arguments: Sequence[str]) -> None:
    """Print what a script asks for, see `cli.complete_shells`, and end the process; never an error."""
    text = ""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        from flytectl_py.cli.complete_shells import reply

        text = reply(arguments[0], arguments[1:], answer)
    except Exception:  # noqa: BLE001, S110  nothing is offered, see above
        pass
    with contextlib.suppress(OSError):
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    os._exit(0)  # What is left to do takes longer than all before.
