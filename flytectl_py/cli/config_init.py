"""`flyte config init`: writes a configuration file with the settings that were given, or asks a person for them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flytectl_py.config.checks import OFFERED_BUILDERS
from flytectl_py.errors import DeclarationError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

KEYS: Final = {
    "endpoint": "admin.endpoint",
    "insecure": "admin.insecure",
    "auth_type": "admin.authType",
    "org": "task.org",
    "project": "task.project",
    "domain": "task.domain",
    "builder": "image.builder",
    "registry": "image.registry",
}
"""Option -> what it writes."""

QUESTIONS: Final = (
    ("admin.endpoint", "endpoint of the control plane (empty: everything runs on this machine)", ""),
    ("task.project", "project", "default"),
    ("task.domain", "domain", "development"),
    ("image.builder", f"what builds images: {', '.join(OFFERED_BUILDERS)}", "local"),
    ("image.registry", "registry that images are pushed to, such as ghcr.io/acme (empty: none)", ""),
)
"""Key, question, and what an empty answer means."""


def write(options: Mapping[str, Any], output: Output) -> None:
    """Write the file.

    :raises DeclarationError: a value that cannot be. :raises ConflictError: there is a file already.
    :raises NotReadyError: it cannot be written.
    """
    from flytectl_py.config.discovery import FILE_NAMES, FOLDER
    from flytectl_py.config.editing import value_of, write_new
    from flytectl_py.config.template import new_file

    path = Path(options["config"]) if options.get("config") else Path.cwd() / FOLDER / FILE_NAMES[0]
    given = {KEYS[name]: value for name, value in options.items() if name in KEYS}
    values = {key: value if isinstance(value, bool) else value_of(key, value) for key, value in given.items()}
    if not values and not output.as_json and not output.quiet and sys.stdin.isatty() and sys.stderr.isatty():
        values = _asked(output)
    write_new(path, new_file(values), overwrite=bool(options.get("force")))
    named = f"-c {shlex.quote(str(path))} " if options.get("config") else ""
    output.note(
        f"wrote {path}; 'flyte {named}config show --origin' says what is in force {'with it' if named else 'now'}"
    )
    output.result(str(path), {"file": str(path), "values": values})


def _asked(output: Output) -> dict[str, Any]:
    """Ask the person; what is answered with nothing, or with the default, is not written."""
    from flytectl_py.config.editing import value_of

    values: dict[str, Any] = {}
    for key, question, default in QUESTIONS:
        while True:
            answer = _answer(f"{question}{f' [{default}]' if default else ''}: ")
            if not answer or answer == default:
                break
            try:
                values[key] = value_of(key, answer)
                break
            except DeclarationError as error:
                output.note(str(error))
    return values


def _answer(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:  # The person does not want to go on: nothing is written.
        raise KeyboardInterrupt
    return line.strip()
