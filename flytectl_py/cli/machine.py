"""`flyte start`, `flyte stop` and `flyte status`: a control plane on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.errors import NotReadyError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.machine.keeper import Running, Wanted

START_OPTIONS: Mapping[str, Option] = {
    "port": Option(("--port",), "Port on this machine; 0 takes a free one.", "NUMBER", default="8090"),
    "store": Option(("--store",), "Where the data of runs goes, e.g. s3://bucket/x.", "DIR|URI"),
    "executor": Option(
        ("--executor",), "Tasks run in: process, docker.", "NAME", default="process", values=("process", "docker"),
        more="process: in Python environments made of the images; docker: in the images.",
    ),
    "foreground": Option(("--foreground",), "Stay, and log to the terminal, until interrupted.", kind="flag"),
}  # fmt: skip

START_HELP = """Start a Flyte control plane on this machine.

Examples:
  flyte start
  flyte start --executor docker --port 8091
  flyte run --endpoint http://localhost:8090 --follow app.py main --x 1

It answers on loopback only. Its state and the data of runs are kept in ~/.flyte/machine
(or $FLYTE_MACHINE_HOME); one that runs already is left as it is.
"""

STOP_HELP = """Stop the control plane of this machine.

Examples:
  flyte stop

Tasks that run are stopped, and run again after the next start.
"""

STATUS_HELP = """Show whether a control plane runs on this machine, and where.

Examples:
  flyte status
  flyte status --json  for a script: running, healthy, endpoint
"""

START_DESCRIPTION = Description("start", START_HELP, "", START_OPTIONS)
STOP_DESCRIPTION = Description("stop", STOP_HELP)
STATUS_DESCRIPTION = Description("status", STATUS_HELP)


def command() -> Any:
    """Return the command `start`."""
    return make_command(START_DESCRIPTION, _start)


def stop_command() -> Any:
    """Return the command `stop`."""
    return make_command(STOP_DESCRIPTION, _stop)


def status_command() -> Any:
    """Return the command `status`."""
    return make_command(STATUS_DESCRIPTION, _status)


def _start(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.machine import keeper

    _no_words("start", words)
    home = keeper.home_folder(os.environ)
    wanted = _wanted(options)
    check_installed()
    if options.get("foreground"):
        if output.as_json:
            raise UsageError(
                "--foreground stays and logs, so there is no document to print",
                hint="leave out one of --json and --foreground",
                where="--foreground",
            )
        output.note(f"home: {home}")
        command = keeper.command(home, wanted)
        os.execv(command[0], command)  # noqa: S606  the process becomes the control plane
    found, started = keeper.start(home, wanted)
    output.note(f"{'started' if started else 'it runs already'}; home: {home}")
    output.result(found.url, _document(found, started=started))


def _stop(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.machine import keeper

    del options
    _no_words("stop", words)
    found = keeper.stop(keeper.home_folder(os.environ))
    output.note("no control plane runs on this machine" if found is None else f"stopped {found.url}")
    output.result("", {"stopped": found is not None})


def _status(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.machine import keeper

    del options
    _no_words("status", words)
    home = keeper.home_folder(os.environ)
    found = keeper.running(home)
    if found is None:
        nothing = dict.fromkeys(("endpoint", "executor", "store", "pid"))
        said = {"running": False, "healthy": False, "home": str(home), **nothing}
        output.result("no control plane runs on this machine", said)
        return
    healthy = keeper.answers(found)
    said = {"running": True, "healthy": healthy, "home": str(home), **_document(found)}
    state = "answers" if healthy else "does not answer"
    text = f"{found.url} {state}\nexecutor: {found.executor}\nstore: {found.store}\nhome: {home}\nprocess: {found.pid}"
    output.result(text, said)


def _wanted(options: Mapping[str, Any]) -> Wanted:
    from flytectl_py.machine.executors.registry import EXECUTORS
    from flytectl_py.machine.keeper import DEFAULT_PORT, Wanted

    port = options.get("port", str(DEFAULT_PORT))
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--port: got '{port}'; it takes a number from 0 to 65535")
    executor = options.get("executor", "process")
    if executor not in EXECUTORS:
        raise UnknownNameError("executor", executor, EXECUTORS, where="--executor")
    return Wanted(int(port), _store(options["store"]) if "store" in options else "", executor)


def _store(given: str) -> str:
    """Return the store as a URI. Raises as `_check_store`, and where it has no kind that is known."""
    from flytectl_py.storage.registry import class_for

    if not given.strip():
        raise UsageError("--store: it is empty", hint="give a folder, or s3://bucket/x", where="--store")
    class_for(given, "--store")
    store = given if "://" in given else Path(given).expanduser().absolute().as_uri()
    _check_store(store)
    return store


def _check_store(store: str) -> None:
    """:raises UsageError: `store` is no place for data. :raises OSError: it is a folder that cannot be made."""
    from flytectl_py.runtime.places import local_path

    hint = "give a folder, or s3://bucket/x"
    if store.startswith("memory:"):
        raise UsageError(f"{store} is not seen by the processes of tasks", hint=hint, where="--store")
    if not store.partition("://")[2].strip("/"):
        raise UsageError(f"{store} names no place in the store", hint=hint, where="--store")
    folder = local_path(store)
    if folder is None:
        return
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", hint=hint, where="--store")
    folder.mkdir(parents=True, exist_ok=True)


def check_installed() -> None:
    """:raises NotReadyError: a library that the control plane needs is not installed."""
    from importlib.util import find_spec

    if find_spec("uvicorn") is None:
        raise NotReadyError(
            "the control plane needs the library uvicorn", hint="pip install 'flytectl-py[machine]', then try again"
        )


def _document(found: Running, **more: Any) -> dict[str, Any]:
    return {
        "endpoint": found.url, "executor": found.executor, "store": found.store, "pid": found.pid, **more,
    }  # fmt: skip


def _no_words(name: str, words: list[str]) -> None:
    if words:
        raise UsageError(f"{name} takes no argument, got '{words[0]}'", hint=f"see 'flyte {name} --help'")
