"""`flyte run`: options, FILE, options, TASK, then the task's own inputs and options once more.

Each of the three places is a command of Typer's, made when the one before it is parsed: the file is loaded when the
options that say how are known, and the task's inputs become options when the file is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from flytectl_py.cli.description import Description
from flytectl_py.cli.early import bare_flags, given_early, hidden_by_inputs
from flytectl_py.cli.loading import load_target
from flytectl_py.cli.options import Option, declare, merged
from flytectl_py.cli.output import keep_stdout
from flytectl_py.cli.params import description, input_options, wrong_values
from flytectl_py.cli.plain_params import keep_pydantic_out
from flytectl_py.cli.run_options import DEPLOYED, DEPLOYED_OPTIONS, OWN_OPTIONS, RUN_DESCRIPTION, RUN_OPTIONS
from flytectl_py.cli.running import run_task
from flytectl_py.cli.spoken import SaysWhere
from flytectl_py.errors import UsageError
from flytectl_py.model.task import Task

if TYPE_CHECKING:
    from flytectl_py.project.loaded import Loaded

AnyTask = Task[..., Any]
Act = Callable[["Loaded", AnyTask, Mapping[str, Any], Mapping[str, Any]], None]

_BEFORE_LOADING = (
    "config", "endpoint", "insecure", "org", "project", "domain", "root_dir",
    "as_json", "output_format", "quiet", "verbose", "dry_run",
)  # fmt: skip
"""Options that must be known before the file is loaded, wherever they stand."""


class OptionsOnDemand:
    """Mixed into a group: its options are made when some stand before its first word, for that takes a while."""

    whole: Callable[[], Any] | None = None
    """Makes the same group with its options; None where it has them."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse the part of the command line that is this group's."""
        if self.whole is not None and (not args or args[0].startswith("-")):
            return self.whole().make_context(info_name, args, parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)  # type: ignore[misc]  # of the group


def on_demand(make: Callable[[Mapping[str, Option]], Any]) -> Any:
    """Return the group that `make` makes of options, which it is given when it needs them."""
    light = make({})
    light.whole = lambda: make(RUN_OPTIONS)
    return light


class FileArgument(OptionsOnDemand, SaysWhere, TyperGroup):
    """The part of the command line before FILE: whatever stands first and is no option is the file."""

    inputs_after = "TASK"

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str, Any, list[str]]:
        del ctx
        from flytectl_py.project.target import locate

        if args[0] == DEPLOYED and not Path(DEPLOYED).exists():
            return args[0], _deployed_command(), args[1:]
        if not args[0]:
            raise UsageError("FILE is empty", hint="give a .py file, or a folder that holds some")
        locate(Path(args[0]))  # Said before options that follow are found wrong.
        return args[0], _file_command(args[0]), args[1:]


class TaskArgument(OptionsOnDemand, SaysWhere, TyperGroup):
    """The part between FILE and TASK. `file` is as it was typed."""

    file: str = ""
    inputs_after = "TASK"
    _loaded: Loaded | None = None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str, Any, list[str]]:
        name, rest = args[0], args[1:]
        options = {key: RUN_OPTIONS[key] for key in _BEFORE_LOADING}
        early = given_early(rest, options, hidden_by_inputs(options, self.file, name))
        loaded = self.load([*ctx.obj, ctx.params, early])
        wants_help = any(each in ("-h", "--help") for each in rest)
        return name, task_command(loaded, loaded.task(name), run_task, for_help=wants_help), rest

    def load(self, levels: Sequence[Mapping[str, Any]]) -> Loaded:
        """Load the file with the options that were given so far."""
        if self._loaded is None:
            settled = merged(levels)
            if settled.get("dry_run"):
                keep_stdout()
            self._loaded = load_target(self.file, settled)
        return self._loaded

    def get_help(self, ctx: Any) -> str:
        """Return the help of a file: its tasks."""
        from flytectl_py.cli.task_screens import file_screen

        return file_screen(self.file, self.load([*ctx.obj, ctx.params]).tasks())


class TaskCommand(SaysWhere, TyperCommand):
    """A task. `text` says what it does, `inputs` are its own options, `left` those of every run beside them."""

    task: AnyTask
    text: str
    inputs: Sequence[Option]
    left: Sequence[Option]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        flags = {each.opts[0]: each.secondary_opts[0] for each in self.params if each.secondary_opts}
        return super().parse_args(ctx, bare_flags(args, flags))

    def wrong_values(self, given: Mapping[str, Any]) -> list[str]:
        return wrong_values(self.task, given)

    def get_help(self, ctx: Any) -> str:
        """Return the help of a task: its inputs, and the names of the options that may stand beside them."""
        from flytectl_py.cli.task_screens import task_screen

        return task_screen(ctx.command_path, self.text, self.inputs, self.left)


def command() -> Any:
    """Return the command `run`."""

    def run(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [*ctx.obj, given]
        if ctx.invoked_subcommand is None:
            raise UsageError("which file? flyte run needs FILE and TASK", hint="see 'flyte run --help'")

    return on_demand(lambda options: _made(FileArgument, RUN_DESCRIPTION, run, options))


def _file_command(file: str) -> Any:
    def of_file(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [*ctx.obj, given]
        if ctx.invoked_subcommand is None:
            names = [name for name, _ in cast(TaskArgument, ctx.command).load(ctx.obj).tasks()]
            listed = (
                f"{file} has: {', '.join(names)}"
                if names
                else f"{file} has no tasks: decorate a function with @env.task"
            )
            raise UsageError(f"which task? {listed}", hint=f"see 'flyte run {file} --help'")

    def make(options: Mapping[str, Option]) -> Any:
        described = Description(f"run {file}", f"Run a task of {file}.", "TASK [INPUTS]...")
        made: TaskArgument = _made(TaskArgument, described, of_file, options)
        made.file = file
        return made

    return on_demand(make)


def _deployed_command() -> Any:
    from flytectl_py.cli.deployed import DeployedArgument

    described = RUN_DESCRIPTION.of_word(DEPLOYED)

    def of_cluster(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [*ctx.obj, given]
        if ctx.invoked_subcommand is None:
            raise UsageError("which task? give ENV.TASK or ENV.TASK:VERSION", hint="'flyte get task' lists them")

    made: DeployedArgument = _made(DeployedArgument, described, of_cluster, RUN_OPTIONS)
    made.options = {key: RUN_OPTIONS[key] for key in _BEFORE_LOADING}
    made.make = lambda task, run, for_help: command_of(task, run, for_help=for_help, shown=DEPLOYED_OPTIONS)
    return made


def _made(cls: type[TyperGroup], described: Description, callback: Any, options: Mapping[str, Option]) -> Any:
    app = typer.Typer(name=described.name.rpartition(" ")[2], rich_markup_mode=None, add_completion=False)
    app.callback(cls=cls, subcommand_metavar=described.takes, invoke_without_command=True, add_help_option=False)(
        declare(callback, options)
    )
    made: Any = typer.main.get_command(app)
    made.description = described
    keep_pydantic_out(made)
    return made


def task_command(
    loaded: Loaded, task: AnyTask, act: Act, *, for_help: bool, recorded: Mapping[str, Any] = MappingProxyType({})
) -> Any:
    """Return the command of one task: the task's inputs as options, then those of every run.

    :param act: takes the inputs as typed and the options of all places of the command line.
    :param for_help: also read what help shows. :param recorded: the inputs of an earlier run, as JSON, for that.
    """
    return command_of(
        task, lambda typed, options: act(loaded, task, typed, options), for_help=for_help, recorded=recorded
    )


def command_of(
    task: AnyTask,
    run: Callable[[Mapping[str, Any], Mapping[str, Any]], None],
    *,
    for_help: bool,
    shown: Collection[str] = OWN_OPTIONS,
    recorded: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """Return the command of a task of which no code need be here. The parameters are those of `task_command`.

    :param shown: the options beside the inputs that its help lists.
    """
    inputs = input_options(task, for_help=for_help, recorded=recorded)
    taken = {name for option in inputs.values() for part in option.names for name in part.split("/")}
    left = {key: option.without(taken) for key, option in RUN_OPTIONS.items()}

    def run_one(ctx: typer.Context, **given: Any) -> None:
        typed = {key: given.pop(key) for key in inputs}
        run(typed, merged([*ctx.obj, given]))

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    known = {name.lstrip("-") for name in taken} | {name[2:] for name in taken}

    def normalized(token: str) -> str:
        """Dashes and underscores are the same in the name of an input, and underscores around it may be left out."""
        plain = token.replace("_", "-")
        return plain if plain in known else plain.strip("-") or plain

    app.command(
        task.short_name,
        cls=TaskCommand,
        options_metavar="[INPUTS] [OPTIONS]",
        add_help_option=False,
        context_settings={"token_normalize_func": normalized},
    )(declare(run_one, {**inputs, **{key: option for key, option in left.items() if option is not None}}))
    made = cast(TaskCommand, typer.main.get_command(app))
    made.task = task
    made.text = description(task) if for_help else ""
    made.inputs = list(inputs.values())
    made.left = [option for key, option in left.items() if option is not None and key in shown]
    keep_pydantic_out(made)
    return made
