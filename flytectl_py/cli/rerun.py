"""`flyte rerun`: a recorded run once more, with its inputs or others, and the current code or the one that was kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import typer
from typer.core import TyperGroup

from flytectl_py.cli.early import given_early
from flytectl_py.cli.get import is_local
from flytectl_py.cli.loading import load_target
from flytectl_py.cli.options import declare, merged
from flytectl_py.cli.output import Output, keep_stdout, settle_output
from flytectl_py.cli.plain_params import keep_pydantic_out
from flytectl_py.cli.records import records, run_record
from flytectl_py.cli.run import AnyTask, command_of, task_command
from flytectl_py.cli.run_options import DEPLOYED_OPTIONS, RERUN_DESCRIPTION, RUN_OPTIONS
from flytectl_py.cli.running import Again, run_task
from flytectl_py.cli.spoken import SaysWhere
from flytectl_py.errors import NotReadyError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.engines.recording import KeptCode
    from flytectl_py.project.loaded import Loaded
    from flytectl_py.records.reading import ActionRecord, RunRecord

_EARLY: Final = (
    "config", "endpoint", "insecure", "org", "project", "domain", "local",
    "as_json", "output_format", "quiet", "verbose",
)  # fmt: skip
"""Options that say where a run is looked for, and how it is told that there is none, wherever they stand."""


class RunArgument(SaysWhere, TyperGroup):
    """The part of the command line before NAME: whatever stands first and is no option is the name of a run."""

    inputs_after = "NAME"

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str, Any, list[str]]:
        name, rest = args[0], args[1:]
        for_help = any(each in ("-h", "--help") for each in rest)
        early = given_early(rest, {key: RUN_OPTIONS[key] for key in _EARLY}, ())
        return name, _command_of(name, merged([*ctx.obj, ctx.params]), early, for_help=for_help), rest


def command() -> Any:
    """Return the command `rerun`."""
    app = typer.Typer(name="rerun", rich_markup_mode=None, add_completion=False)

    def rerun(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [*ctx.obj, given]
        if ctx.invoked_subcommand is None:
            raise UsageError("which run? flyte rerun needs RUN", hint="'flyte get run' lists them")

    settings: dict[str, Any] = {
        "cls": RunArgument,
        "subcommand_metavar": RERUN_DESCRIPTION.takes,
        "invoke_without_command": True,
        "add_help_option": False,
    }
    app.callback(**settings)(declare(rerun, RUN_OPTIONS))
    made: Any = typer.main.get_command(app)
    made.description = RERUN_DESCRIPTION
    keep_pydantic_out(made)
    return made


def _command_of(name: str, options: Mapping[str, Any], early: Mapping[str, Any], *, for_help: bool) -> Any:
    """Return the command that runs the task of the run `name`: loaded now, or as the cluster has it.

    :param early: options after NAME, for a run on a cluster, which are not told from inputs of those names.
    """
    from flytectl_py.records.reading import root_action

    output = settle_output(merged([options, early]))
    with records(options, output) as (root, found):
        try:
            database, run = run_record(found, name, root)
        except UnknownNameError:
            everywhere = merged([options, early])
            if is_local(everywhere, output):
                raise
            return _command_of_remote(name, everywhere, for_help=for_help)
        first = root_action(database, run)
    if first is None:
        raise NotReadyError(f"{run.name} ended before its task began, so its inputs are not recorded")
    code = _kept(run, root)
    place = root if code is None else Path(code.root)
    if merged([options, early]).get("dry_run"):
        keep_stdout()
    loaded = load_target(
        str(place / run.file),
        {"project": run.project, "domain": run.domain, **options, "root_dir": str(place)},
    )
    task = loaded.task(run.task)

    def act(loaded: Loaded, task: AnyTask, typed: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        output = settle_output(given)
        again = Again(root, _inputs(task, first, output), code)
        _tell_of_code(run, loaded, code, output)
        run_task(loaded, task, typed, given, again)

    return task_command(loaded, task, act, for_help=for_help, recorded=first.inputs or {})


def _command_of_remote(name: str, options: Mapping[str, Any], *, for_help: bool) -> Any:
    """Return the command that has the cluster run its run `name` once more: task, code and inputs are what it has."""
    from flytectl_py.bridge import run_sync
    from flytectl_py.cli.deployed import connected, run_remote
    from flytectl_py.engines.deployed import task_of_run
    from flytectl_py.wire.run_request import launch_again

    remote = connected(options)
    task, before = run_sync(lambda: task_of_run(remote, name))

    def act(typed: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        run_remote(remote, task, typed, given, lambda launch: launch_again(launch, before))

    return command_of(cast("AnyTask", task), act, for_help=for_help, shown=DEPLOYED_OPTIONS)


def _kept(run: RunRecord, root: Path) -> KeptCode | None:
    """Return the code that was kept of a run, unpacked now, or None if none was.

    :raises NotReadyError: its archive is gone.
    """
    if run.bundle is None or run.archive is None:
        return None
    from flytectl_py.engines.recording import KeptCode
    from flytectl_py.project.state import state_folder
    from flytectl_py.records.places import unpacked_folder
    from flytectl_py.storage.extract import extract

    archive, into = root / run.archive, unpacked_folder(state_folder(root)) / run.bundle
    if not archive.is_file():
        raise NotReadyError(
            f"the code of {run.name} was kept in {archive}, and is not there any more",
            hint=f"run the current code instead: flyte run {run.file} {run.task}",
            where=str(archive),
        )
    extract(archive, into, expected_digest=run.bundle)
    return KeptCode(run.bundle, str(archive), str(into))


def _inputs(task: AnyTask, first: ActionRecord, output: Output) -> Mapping[str, Any]:
    """Return the recorded inputs that the task still takes."""
    recorded = first.inputs or {}
    names = {each.name for each in task.interface.inputs}
    gone = [name for name in recorded if name not in names]
    if gone:
        output.note(
            f"warning: {task.name} takes no {', '.join(gone)} any more, so what the record says of it is left out"
        )
    return {name: value for name, value in recorded.items() if name in names}


def _tell_of_code(run: RunRecord, loaded: Loaded, code: KeptCode | None, output: Output) -> None:
    from flytectl_py.digest.manifest import short_digest

    if code is not None:
        output.note(f"the code is the one that was kept of {run.name}: {short_digest(code.digest)}")
        return
    from flytectl_py.engines.loaded_code import loaded_code
    from flytectl_py.records.code_digest import digest_of

    now = digest_of(loaded_code(str(loaded.root.path)))
    if run.code is not None and now is not None and now != run.code:
        output.note(
            f"the code has changed since {run.name}: {short_digest(run.code)} then, {short_digest(now)} now"
            " ('flyte run --keep-code' keeps it)"
        )
