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
from flytectl_py.errors import UnknownNameError, UsageError

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
    "auth_type": Option(("--auth-type",), "How to log in.", "TYPE", values=("Pkce", "ClientSecret", "DeviceFlow")),
    "builder": Option(("--builder",), "What builds images.", "NAME", values=("local", "docker", "podman")),
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

Options win over FLYTE_* variables, and those over the configuration file.
"""


WORDS: Mapping[str, Word] = {
    "show": Word("", "Every setting.", SHOWING),
    "init": Word("", "Write .flyte/config.toml, from options or answers.", WRITING),
    "path": Word("", "The file that is in force.", {}),
    "get": Word("KEY", "One setting.", SCOPE),
    "set": Word("KEY VALUE", "Write one into the file.", {}),
    "unset": Word("KEY", "Take one out of the file.", {}),
}
DESCRIPTION = Description("config", HELP, "show|init|path|get|set|unset [KEY] [VALUE]", {**SHOWING, **WRITING}, WORDS)


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
    settings = settings_of(options, output)
    with_origin = bool(options.get("origin"))
    output.result(as_text(settings, with_origin), as_document(settings, with_origin))


def _path(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    del words
    source = settings_of(options, output).source
    if source is None:
        output.note("there is no configuration file; 'flyte config init' writes one")
    output.result("" if source is None else str(source), {"file": None if source is None else str(source)})


def _get(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.config.editing import key_of
    from flytectl_py.config.table import ROWS

    settings = settings_of(options, output)
    (word,) = words
    name = word if word in ROWS else next((name for name, row in ROWS.items() if row.key == key_of(word)), None)
    if name is None or word in ("admin.clientSecretLocation", "admin.clientSecretEnvVar"):
        name = "client_credentials_secret"  # Both say where it is.
    value, origin = values_of(settings)[name], settings.origin(name)
    output.detail(f"{name}: from {origin}")
    output.result(shown(value), {"setting": name, "key": ROWS[name].key or None, "value": value, "origin": origin})


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
    output.note(f"{path}: {key} {'is not set any more' if removed else 'was not set'}")
    _tell_what_wins(key, output)
    output.result("", {"file": str(path), "key": key, "removed": removed})


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
    from flytectl_py.config.table import ROWS

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
