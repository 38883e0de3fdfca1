"""`flyte config`: shows the settings and where each came from, and writes the file that holds them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.config_shown import as_document, as_text, shown, values_of
from flytectl_py.cli.connecting import settings_of
from flytectl_py.cli.description import Description, Word
from flytectl_py.cli.images import check_options, make_command
from flytectl_py.cli.options import Option
from flytectl_py.config.checks import AUTH_TYPES, OFFERED_BUILDERS
from flytectl_py.config.table import ROWS
from flytectl_py.errors import ConfigError, FlyteError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

SCOPE: Mapping[str, Option] = {
    "project": Option(("--project", "-p"), "Project that counts.", "NAME", env="FLYTE_PROJECT"),
    "domain": Option(("--domain", "-d"), "Domain that counts.", "NAME", env="FLYTE_DOMAIN"),
}
SHOWING: Mapping[str, Option] = {
    "origin": Option(("--origin",), "Also where each value came from.", kind="flag"),
    **SCOPE,
}
WRITING: Mapping[str, Option] = {
    **SCOPE,
    "auth_type": Option(("--auth-type",), "How to log in.", "TYPE", values=AUTH_TYPES),
    "builder": Option(("--builder",), "What builds images.", "NAME", values=OFFERED_BUILDERS),
    "registry": Option(("--registry",), "Where images are pushed.", "HOST/PATH"),
    "force": Option(("--force",), "Replace a file that is there.", kind="flag"),
}

HELP = """Show the settings that commands take here, and write the file that holds them.

Examples:
  flyte config show --origin            which file, variable or option said so?
  flyte config init                     asks, and writes .flyte/config.toml
  flyte config init --endpoint dns:///flyte.example.com --project web
  flyte config get endpoint
  flyte config set task.project web     comments in the file stay
  flyte config unset task.project
  flyte config path                     the file that is in force

KEY is a setting as 'show' names it (project), or its key in the file (task.project), in any spelling with capitals,
hyphens and underscores.

Options win over FLYTE_* variables, and those over the configuration file.
"""

MORE = "The settings and their keys in the file: " + ", ".join(
    f"{name} ({row.key})" if row.key else f"{name} (none)" for name, row in ROWS.items()
)


WORDS: Mapping[str, Word] = {
    "show": Word("", "Every setting.", SHOWING),
    "init": Word("", "Write .flyte/config.toml, from options or answers.", WRITING),
    "path": Word("", "The file that is in force.", {}),
    "get": Word("KEY", "One setting.", SCOPE),
    "set": Word("KEY VALUE", "Write one into the file.", {}),
    "unset": Word("KEY", "Take one out of the file.", {}),
}
DESCRIPTION = Description(
    "config", HELP, "show|init|path|get|set|unset [KEY] [VALUE]", {**SHOWING, **WRITING}, WORDS, f"{MORE}."
)


def command() -> Any:
    """Return the command `config`."""
    return make_command(DESCRIPTION, _config)


def _config(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    if not words:
        raise UsageError(
            f"which command? flyte config needs one of {', '.join(WORDS)}", hint="see 'flyte config --help'"
        )
    name, *rest = words
    if name not in WORDS:
        raise UnknownNameError("command", name, WORDS, hint="see 'flyte config --help'")
    described = DESCRIPTION.of_word(name)
    if len(rest) != len(described.takes.split()):
        takes = described.takes or "no argument"
        raise UsageError(
            f"flyte config {name} takes {takes}, got {' '.join(rest) or 'nothing'}", hint="see 'flyte config --help'"
        )
    check_options(DESCRIPTION, name, options)
    ACTS[name](rest, options, output)


def _show(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    del words
    try:
        settings = settings_of(options, output)
    except FlyteError:
        _tell_sources(output)
        raise
    with_origin = bool(options.get("origin"))
    output.result(as_text(settings, with_origin), as_document(settings, with_origin))


def _tell_sources(output: Output) -> None:
    """Say where settings come from, for who has to find the one that is wrong."""
    from flytectl_py.config.discovery import everywhere
    from flytectl_py.config.table import ENVIRONMENT_VARIABLES

    files = [str(each) for each in everywhere()]
    variables = [each for each in ENVIRONMENT_VARIABLES if os.environ.get(each)]
    output.note(f"configuration files: {', '.join(files) or 'none'}")
    output.note(f"variables that are set: {', '.join(variables) or 'none'}")


def _path(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    del words
    from flytectl_py.config.discovery import find

    # The file is named also where it, or a variable, is wrong: so it is found.
    named = options.get("config")
    if named and not os.path.lexists(named):
        raise ConfigError(f"no such configuration file: {named}", hint="check the path", where=named)
    source = named or find()
    if source is None:
        output.note("there is no configuration file; 'flyte config init' writes one")
    output.result("" if source is None else str(source), {"file": None if source is None else str(source)})


def _get(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.config.editing import setting_of

    name = setting_of(words[0])
    settings = settings_of(options, output)
    value, origin = values_of(settings)[name], settings.origin(name)
    output.detail(f"{name}: from {origin}")
    text = "" if value in (None, "") else shown(value)
    output.result(text, {"setting": name, "key": ROWS[name].key or None, "value": value, "origin": origin})


def _set(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.config.editing import key_of, set_key, value_of

    key = key_of(words[0])
    value = value_of(key, words[1])
    path = _file(options)
    set_key(path, key, value)
    output.note(f"{path}: {key} is {shown(_unsaid(value))}")
    if value != _unsaid(value):
        output.note(f"warning: there is a password in {key}, which whoever reads {path} can read")
    _tell_what_wins(key, output)
    output.result("", {"file": str(path), "key": key, "value": _unsaid(value)})


def _unset(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.config.editing import key_of, unset_key

    key, path = key_of(words[0]), _file(options)
    removed = unset_key(path, key)
    there = path.exists()
    if there:
        output.note(f"{path}: {key} {'is not set any more' if removed else 'was not set'}")
    else:
        output.note(f"there is no configuration file{f' {path}' if options.get('config') else ''}; {key} was not set")
    _tell_what_wins(key, output)
    output.result("", {"file": str(path) if there else None, "key": key, "removed": removed})


def _init(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    del words
    from flytectl_py.cli.config_init import write

    write(options, output)


def _file(options: Mapping[str, Any]) -> Path:
    """Return the file to change: the one that is named, else the one in force, else a new one in this folder."""
    from flytectl_py.config.discovery import FILE_NAMES, FOLDER, find

    if options.get("config"):
        return Path(options["config"])
    return find() or Path.cwd() / FOLDER / FILE_NAMES[0]


def _tell_what_wins(key: str, output: Output) -> None:
    """Say that a variable wins over what was written just now."""
    for row in ROWS.values():
        if row.key == key and row.variable and os.environ.get(row.variable):
            output.note(f"{row.variable} is set, and wins over the file")


def _unsaid(value: Any) -> Any:
    from flytectl_py.cli.config_shown import without_password

    return without_password(value) if isinstance(value, str) else value


ACTS: Mapping[str, Callable[[list[str], Mapping[str, Any], Output], None]] = {
    "show": _show,
    "init": _init,
    "path": _path,
    "get": _get,
    "set": _set,
    "unset": _unset,
}
