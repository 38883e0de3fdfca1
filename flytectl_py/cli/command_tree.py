"""Every command of `flyte`, and where what describes it is found without what runs it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Final

from flytectl_py.cli.description import Description
from flytectl_py.cli.options import GENERAL, Option

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "run": ("flytectl_py.cli.run", "Run a task of a Python file."),
    "get": ("flytectl_py.cli.get", "Show runs and actions; of a cluster also tasks and projects."),
    "logs": ("flytectl_py.cli.logs", "Show what a run prints, or printed."),
    "rerun": ("flytectl_py.cli.rerun", "Run once more what was run here."),
    "abort": ("flytectl_py.cli.abort", "Stop a run on a cluster."),
    "gc": ("flytectl_py.cli.gc", "Remove what is kept of old runs."),
    "bundle": ("flytectl_py.cli.bundle", "Show and pack the code that travels with a run."),
    "build": ("flytectl_py.cli.build", "Build the images of environments, where they are missing."),
    "deploy": ("flytectl_py.cli.deploy", "Store the tasks of a file or folder on a cluster."),
    "serialize": ("flytectl_py.cli.serialize", "Write tasks as the files that Flyte 1 registers."),
    "start": ("flytectl_py.cli.machine", "Start a control plane on this machine."),
    "stop": ("flytectl_py.cli.machine", "Stop the control plane of this machine."),
    "status": ("flytectl_py.cli.machine", "Show whether a control plane runs on this machine."),
    "config": ("flytectl_py.cli.config", "Show the settings, and write the file that holds them."),
    "doctor": ("flytectl_py.cli.doctor", "Check that all is there that is needed."),
    "whoami": ("flytectl_py.cli.whoami", "Show who the control plane thinks you are."),
    "explain": ("flytectl_py.cli.explain", "Show what a name by content is made of, and what moved."),
    "completion": ("flytectl_py.cli.completion", "Let bash, zsh or fish complete commands at TAB."),
}
"""Name -> (module, one line of help). The module has `command()`, which makes the command, and `DESCRIPTION`; or
`NAME_command()` and `NAME_DESCRIPTION` where it has several."""

_DESCRIBED_IN: Final = {
    "run": "flytectl_py.cli.run_options",
    "rerun": "flytectl_py.cli.run_options",
}
"""Where the description stands apart from what parses the command, so that completion and help need no parser."""

ROOT: Final = Description(
    "",
    """Take plain Python tasks from a laptop to wherever they run.

Examples:
  flyte run app.py main --x 1  run a task here, now, with no set-up
  flyte run app.py --help  the tasks of a file and their inputs
  flyte COMMAND --help  what a command does, with examples
""",
    "COMMAND [ARGS]...",
    {
        **{key: each._replace(group="Options of every command") for key, each in GENERAL.items()},
        "version": Option(("--version", "-V"), "Show the version.", kind="flag", group="Options of every command"),
    },
)
"""`flyte` itself."""


def description_of(name: str) -> Description:
    """Return the description of a command.

    :raises KeyError: there is no such command.
    """
    module = importlib.import_module(_DESCRIBED_IN.get(name, COMMANDS[name][0]))
    found: Description = getattr(module, f"{name.upper()}_DESCRIPTION", None) or module.DESCRIPTION
    return found


def every_description() -> Iterator[Description]:
    """Yield the description of every command, and of every word of each, from the top."""
    yield ROOT
    for name in COMMANDS:
        described = description_of(name)
        yield described
        for word in described.words:
            yield described.of_word(word)
