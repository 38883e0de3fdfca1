"""The manual pages, from what describes the commands: ``python -m flytectl_py.cli.man_pages DIR`` writes them all."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from flytectl_py import __version__
from flytectl_py.cli.command_tree import COMMANDS, ROOT, description_of
from flytectl_py.cli.description import Description
from flytectl_py.cli.options import GENERAL, Option

EXIT_STATUS: Mapping[str, str] = {
    "0": "Done.",
    "1": "The work failed: a task, a build, a deployment.",
    "2": "Usage: an unknown option or name, a value of the wrong type.",
    "3": "The surroundings are not ready: no daemon, not logged in, nobody answers.",
    "4": "Conflict: the name is taken by other content.",
    "130": "Interrupted, as by Ctrl-C.",
    "129, 143": "Ended by SIGHUP or SIGTERM: 128 and the number of the signal.",
}
FILES: Mapping[str, str] = {
    ".flyte/config.toml, .flyte/config.yaml": "The configuration of a project; in the home folder, that of a person.",
    ".flyte/state": "What is kept of a project on this machine: records of runs, caches, code. It is never part of a "
    "bundle.",
}


REVISED = "2026-12-01"
"""When the pages were last gone through. It is no date of today, so that the same commands give the same pages."""


def pages() -> dict[str, str]:
    """Return every page by the name of its file."""
    found = {"flyte.1": _root()}
    for name in COMMANDS:
        found[f"flyte-{name}.1"] = _page(description_of(name), COMMANDS[name][1])
    return {**found, "a0.1": _a0()}


def _root() -> str:
    commands = ((f"\\fBflyte\\-{_escaped(name)}\\fR(1)", _escaped(text)) for name, (_, text) in COMMANDS.items())
    return _text(
        _head("flyte", ROOT.sentence),
        _synopsis([ROOT]),
        _section("DESCRIPTION", [".PP", _escaped(ROOT.sentence), ".PP", "Each command has a page of its own:"]),
        _tagged(commands),
        _examples(ROOT),
        _options(ROOT, "OPTIONS"),
        _environment(ROOT.options.values()),
        _listed("EXIT STATUS", EXIT_STATUS),
        _listed("FILES", FILES),
        _see_also(COMMANDS, a0=True),
    )


def _page(described: Description, line: str) -> str:
    words = [described.of_word(word) for word in described.words]
    usages = [described, *words] if not words or described.name in ("run", "bundle") else words
    text = [*([line] if not described.sentence else []), described.sentence, *described.notes, described.more]
    paragraphs = [part for each in text if each for part in (".PP", _escaped(each))]
    listed = (
        (f"\\fB{_escaped(name)}\\fR {_escaped(each.takes)}", _escaped(each.sentence))
        for name, each in described.words.items()
    )
    every = {id(option): option for each in (described, *words) for option in each.options.values()}
    known = {id(option) for option in described.options.values()}
    of_words = {
        each.name: {key: option for key, option in each.options.items() if id(option) not in known} for each in words
    }
    return _text(
        _head(f"flyte-{described.name}", line),
        _synopsis(usages),
        _section("DESCRIPTION", paragraphs),
        _section("COMMANDS", _tagged(listed)) if words else [],
        _examples(described),
        _options(described, "OPTIONS"),
        *(
            [f".SS {_quoted(f'Of flyte {name} alone')}", *_tagged(_entry(each) for each in own.values())]
            for name, own in of_words.items() if own
        ),
        [".PP", "The options of every command are in \\fBflyte\\fR(1)."],
        _environment([*every.values(), *GENERAL.values()]),
        _listed("EXIT STATUS", EXIT_STATUS),
        _listed("FILES", FILES),
        _see_also(["", *_related(described)], a0=described.name == "run"),
    )  # fmt: skip


def _a0() -> str:
    from flytectl_py.runtime.arguments import OPTIONS, SHORT

    shorts = {long: short for short, long in SHORT.items()}
    rows = (
        (", ".join(f"\\fB{_escaped(name)}\\fR" for name in (shorts.get(long, ""), long) if name), _escaped(f"{text}."))
        for long, text in OPTIONS.items()
    )
    return _text(
        _head("a0", "run one action of a run, inside its container"),
        _section(
            "SYNOPSIS",
            ["\\fBa0\\fR [\\fIOPTIONS\\fR] \\fB\\-\\-resolver\\fR \\fINAME\\fR [\\fIARGUMENTS\\fR]..."],
        ),
        _section(
            "DESCRIPTION",
            [
                "Loads the code of a task, runs it with the inputs that it is given, and writes outputs.pb or",
                "error.pb. Clusters start it; people use \\fBflyte\\-run\\fR(1).",
            ],
        ),
        _section("OPTIONS", _tagged(rows)),
        _see_also(["run"]),
    )  # fmt: skip


def _related(described: Description) -> list[str]:
    """Return the commands that the text of another names, as in ``'flyte get run' lists them``."""
    named = re.findall(r"flyte (\w+)", f"{described.text} {described.more}")
    return [name for name in COMMANDS if name in named and name != described.name]


def _head(name: str, line: str) -> list[str]:
    said = line.rstrip(".")
    said = said[0].lower() + said[1:]
    return [
        ".\\\" Written by 'make man' from what describes the command; do not change it here.",
        f'.TH "{_escaped(name.upper())}" "1" "{REVISED}" "flytectl\\-py {_escaped(__version__)}" "Flyte"',
        ".SH NAME",
        f"{_escaped(name)} \\- {_escaped(said)}",
    ]


def _synopsis(usages: Iterable[Description]) -> list[str]:
    lines = []
    for each in usages:
        lines += [".PP", f"\\fB{_escaped(each.path)}\\fR [\\fIOPTIONS\\fR] {_escaped(each.takes)}".rstrip()]
    return _section("SYNOPSIS", lines)


def _examples(described: Description) -> list[str]:
    return _section(
        "EXAMPLES", _tagged((f"\\fB{_escaped(each.line)}\\fR", _escaped(each.about)) for each in described.examples)
    )


def _options(described: Description, title: str) -> list[str]:
    lines = []
    for group, options in described.groups().items():
        lines += [
            *([f".SS {_quoted(group)}"] if group != "Options" else []),
            *_tagged(_entry(each) for each in options),
        ]
    return _section(title, lines or [".PP", "It has none of its own."])


def _entry(option: Option) -> tuple[str, str]:
    names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in option.spelled)
    metavar = f" \\fI{_escaped(option.metavar)}\\fR" if option.metavar else ""
    said = [option.help, option.more]
    listed = all(re.search(rf"\b{re.escape(each)}\b", " ".join(said)) for each in option.choices)
    said += [] if listed else [f"One of: {', '.join(option.choices)}."]
    said += [f"Default: {option.default}."] if option.default else []
    said += [f"The variable {option.env} says the same."] if option.env else []
    return f"{names}{metavar}", _escaped(" ".join(each for each in said if each))


def _environment(options: Iterable[Option]) -> list[str]:
    named = {each.env: each for each in options if each.env}
    rows = (
        (f"\\fB{_escaped(name)}\\fR", f"As \\fB{_escaped(each.spelled[-1])}\\fR.")
        for name, each in sorted(named.items())
    )
    others = [(
        "\\fBNO_COLOR\\fR", "Where it is set, nothing is bold or in colour."
    )]  # fmt: skip
    return _section("ENVIRONMENT", _tagged([*rows, *others]))


def _listed(title: str, rows: Mapping[str, str]) -> list[str]:
    return _section(title, _tagged((f"\\fB{_escaped(name)}\\fR", _escaped(text)) for name, text in rows.items()))


def _see_also(names: Iterable[str], *, a0: bool = False) -> list[str]:
    """Return references to the pages of commands, and to that of `a0`, which runs what they start elsewhere."""
    listed = [*(["a0"] if a0 else []), *(f"flyte-{name}".rstrip("-") for name in sorted(names))]
    return _section("SEE ALSO", [".PP", ",\n".join(f"\\fB{_escaped(page)}\\fR(1)" for page in listed)])


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    if found[:1] == [".PP"]:
        found = found[1:]  # A section begins with a paragraph anyway.
    return [f'.SH "{title}"' if " " in title else f".SH {title}", *found] if found else []


def _tagged(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for tag, text in rows:
        yield from (".TP", tag, *([text] if text else ["\\&"]))


def _quoted(title: str) -> str:
    return f'"{_escaped(title)}"'


def _text(*parts: Iterable[str]) -> str:
    return "".join(f"{line}\n" for part in parts for line in part)


def _escaped(text: str) -> str:
    """Return text as roff takes it: every dash one that can be copied, no letter a command."""
    plain = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha")
    )
    plain = plain.replace("~", "\\(ti").replace('"', "\\(dq")
    plain = "".join(each if ord(each) < 128 else f"\\[u{ord(each):04X}]" for each in plain)
    return f"\\&{plain}" if plain.startswith(".") else plain


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.1"):
        old.unlink()
    for file, page in pages().items():
        (folder / file).write_text(page, encoding="utf-8")
