"""`flyte config show`: every setting, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.connecting import settings_of
from flytectl_py.cli.description import Description, Word
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.config.resolution import Settings

OPTIONS: Mapping[str, Option] = {
    "origin": Option(("--origin",), "Also show where each value came from.", kind="flag"),
    "project": Option(("--project", "-p"), "To see what would count.", "NAME", env="FLYTE_PROJECT"),
    "domain": Option(("--domain", "-d"), "To see what would count.", "NAME", env="FLYTE_DOMAIN"),
}

HELP = """Show the settings that commands take here.

Examples:
  flyte config show --origin            which file, variable or option said so?
  flyte -c other.yaml config show --json

Options win over FLYTE_* variables, and those over the configuration file.
"""


WORDS: Mapping[str, Word] = {"show": Word("", "Every setting.")}
DESCRIPTION = Description("config", HELP, "show", OPTIONS, WORDS)


def command() -> Any:
    """Return the command `config`."""
    return make_command(DESCRIPTION, _config)


def _config(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    if not words:
        raise UsageError("what of the configuration? flyte config show", hint="see 'flyte config --help'")
    if words[0] != "show":
        raise UnknownNameError("command of 'flyte config'", words[0], ["show"])
    if words[1:]:
        raise UsageError(f"config show takes no argument, got '{words[1]}'", hint="see 'flyte config --help'")
    settings = settings_of(options, output)
    with_origin = bool(options.get("origin"))
    output.result(_text(settings, with_origin), _document(settings, with_origin))


def _text(settings: Settings, with_origin: bool) -> str:
    rows = [(name, _shown(value), settings.origin(name)) for name, value in _values(settings).items()]
    lines = [f"file: {settings.source or 'none'}"]
    sent = _sent_org(settings)
    rows = [
        (name, f"{sent} (from the endpoint's host)" if name == "org" and sent else value, origin)
        for name, value, origin in rows
    ]
    if not with_origin:
        return "\n".join([*lines, *(f"{name}: {value}" for name, value, _ in rows)])
    width = max(len(f"{name}: {value}") for name, value, _ in rows)
    return "\n".join([*lines, *(f"{f'{name}: {value}':<{min(width, 60)}}  # {origin}" for name, value, origin in rows)])


def _document(settings: Settings, with_origin: bool) -> dict[str, Any]:
    values = _values(settings)
    document: dict[str, Any] = {
        "file": str(settings.source) if settings.source else None,
        "settings": values,
        "warnings": list(settings.warnings),
    }
    if sent := _sent_org(settings):
        document["org_from_endpoint"] = sent
    if with_origin:
        document["origins"] = {name: settings.origin(name) for name in values}
    return document


def _values(settings: Settings) -> dict[str, Any]:
    """Return every setting as plain JSON; a secret only as being there."""
    from flytectl_py.config.table import ROWS

    found: dict[str, Any] = {}
    for name, row in ROWS.items():
        value = getattr(settings, name)
        if row.secret:
            value = "(hidden)" if value else None
        elif name == "images":
            value = dict(value)
        elif isinstance(value, tuple):
            value = list(value)
        elif value is not None and not isinstance(value, (bool, int, str)):
            value = str(value)
        found[name] = without_password(value) if isinstance(value, str) else value
    return found


def _sent_org(settings: Settings) -> str:
    """Return the organisation that requests name although none is set, or an empty text."""
    if settings.org or not settings.endpoint:
        return ""
    from flytectl_py.engines.remote import organisation

    return organisation(settings)


def without_password(value: str) -> str:
    """Return a URL without the password in it, as a proxy's may have one."""
    from flytectl_py.controlplane.redaction import without_secrets

    return without_secrets(value) if "@" in value and "://" in value else value


def _shown(value: Any) -> str:
    import json

    return "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
