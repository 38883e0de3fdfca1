"""`flyte run deployed-task ENV.TASK[:VERSION]`: a task that a cluster holds, with its inputs as typed options."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from typer.core import TyperGroup

from flytectl_py.cli.connecting import settings_of
from flytectl_py.cli.early import given_early
from flytectl_py.cli.options import Option, merged
from flytectl_py.cli.output import about_run, settle_output
from flytectl_py.cli.spoken import SaysWhere
from flytectl_py.errors import UsageError
from flytectl_py.model.task import Task

if TYPE_CHECKING:
    from flytectl_py.engines.deployed import DeployedTask
    from flytectl_py.engines.remote import Remote
    from flytectl_py.wire.run_request import Launch

_OF_CODE = ("root_dir", "copy_style", "image", "version", "keep_code")
"""Options of `flyte run` that speak of code, which stays where it is."""
_OF_PLACE = ("local", "mode", "engine", "open")
"""Options that speak of another place than the cluster."""

TaskCommandMaker = Callable[[Task[..., Any], Callable[[Mapping[str, Any], Mapping[str, Any]], None], bool], Any]
"""Makes the command of a task from what it runs: (typed inputs, options) -> None; True asks for texts for help."""


class DeployedArgument(SaysWhere, TyperGroup):
    """The part before ENV.TASK."""

    inputs_after = "ENV.TASK"
    make: TaskCommandMaker
    options: Mapping[str, Option]

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str, Any, list[str]]:
        reference, rest = args[0], args[1:]
        settled = merged([*ctx.obj, ctx.params, given_early(rest, self.options, ())])
        remote = connected(settled)
        task = fetched(remote, reference)
        wants_help = any(each in ("-h", "--help") for each in rest)

        def run(typed: Mapping[str, Any], options: Mapping[str, Any]) -> None:
            run_remote(remote, task, typed, options)

        return reference, self.make(cast("Task[..., Any]", task), run, wants_help), rest


def connected(options: Mapping[str, Any]) -> Remote:
    """Return the control plane that the options name."""
    from flytectl_py.engines.remote import remote_of

    output = settle_output(options)
    settings = settings_of(options, output)
    return remote_of(settings, note=output.note)


def fetched(remote: Remote, reference: str) -> DeployedTask:
    """Return the task that a cluster holds under that name."""
    from flytectl_py.bridge import run_calls
    from flytectl_py.engines.deployed import deployed_task

    return run_calls(lambda: deployed_task(remote, reference))


def run_remote(
    remote: Remote,
    task: DeployedTask,
    typed: Mapping[str, Any],
    options: Mapping[str, Any],
    settle: Callable[[Launch], Launch] = lambda launch: launch,
) -> None:
    """Run a task whose code is on the cluster, as the command line asks.

    :param settle: adds what an earlier run says of how it should go.
    """
    from flytectl_py.bridge import run_calls
    from flytectl_py.cli.params import read_inputs
    from flytectl_py.cli.remote_run import tell
    from flytectl_py.cli.run_options import launch_of
    from flytectl_py.engines.deployed import requests_of, run_deployed

    output = settle_output(options)
    for key in (*_OF_CODE, *_OF_PLACE):
        if options.get(key) and options[key] not in ("remote", "cluster"):
            flag = "--" + key.replace("_", "-")
            why = "the code is what" if key in _OF_CODE else "it runs there, with what"
            raise UsageError(f"{flag}: {why} the cluster has of {task.name}:{task.version}", where=flag)
    name = options.get("name")
    launch = settle(launch_of(remote, name or ("" if options.get("dry_run") else f"r{os.urandom(9).hex()}"), options))
    values = read_inputs(cast("Task[..., Any]", task), typed, options.get("inputs"))
    if options.get("dry_run"):
        from flytectl_py.values.convert import to_json
        from flytectl_py.values.render import readable

        shown = readable(values) if values else "no inputs"
        document = {
            "task": task.name,
            "version": task.version,
            "phase": "planned",
            "inputs": {key: to_json(value) for key, value in values.items()},
            "requests": requests_of(task, values, launch),
        }
        output.result(f"would run {task.name}:{task.version} with {shown}", document)
        return
    about_run(launch.name)
    run = run_calls(lambda: run_deployed(remote, task, values, launch))
    tell(run, output, follow=bool(options.get("follow")))
