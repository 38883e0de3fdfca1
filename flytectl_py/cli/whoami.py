"""`flyte whoami`: who the control plane thinks asks. Logs in where that is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.connecting import settings_of
from flytectl_py.cli.description import Description
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

OPTIONS: Mapping[str, Option] = {
    "headless": Option(("--headless",), "Log in with a browser elsewhere.", kind="flag", env="FLYTE_HEADLESS"),
}

HELP = """Show who the control plane thinks you are; log in first, if need be.

Examples:
  flyte whoami
  flyte whoami --endpoint acme.example.com --headless
"""


DESCRIPTION = Description("whoami", HELP, "", OPTIONS)


def command() -> Any:
    """Return the command `whoami`."""
    return make_command(DESCRIPTION, _whoami)


def _whoami(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from dataclasses import asdict

    from flytectl_py.bridge import run_calls
    from flytectl_py.controlplane.person import who_asks
    from flytectl_py.engines.remote import organisation

    if words:
        raise UsageError(f"whoami takes no argument, got '{words[0]}'", hint="see 'flyte whoami --help'")
    settings = settings_of(options, output)
    person = run_calls(lambda: who_asks(settings, output.note))
    known = {"org": organisation(settings), **asdict(person)}
    said = {"endpoint": settings.endpoint, **{key: text or None for key, text in known.items()}}
    output.result(_text(said), said)


def _text(said: Mapping[str, Any]) -> str:
    name = said["name"] or said["username"] or said["subject"] or "nobody in particular"
    mail = f" <{said['email']}>" if said["email"] else ""
    return f"{name}{mail} at {said['endpoint']}"
