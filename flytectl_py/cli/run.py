"""`flyte run`: options, FILE, options, TASK, then the task's own inputs and options once more.

Each of the three places is a command of Typer's, made when the one before it is parsed: the file is loaded when the
options that say how are known, and the task's inputs become options when the file is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from flytectl_py.cli.early import given_early, hidden_by_inputs
from flytectl_py.cli.loading import load_target
from flytectl_py.cli.options import SaysWhere, declare, merged
from flytectl_py.cli.output import settle_output
from flytectl_py.cli.params import INPUT, description, input_options, read_inputs, signature, summary
from flytectl_py.cli.plain_params import keep_pydantic_out
from flytectl_py.cli.run_options import RUN_OPTIONS, engine_of, run_context
from flytectl_py.cli.start import user_code
from flytectl_py.errors import DeclarationError, UsageError
from flytectl_py.model.task import Task

if TYPE_CHECKING:
    from flytectl_py.engines.api import Run
    from flytectl_py.engines.remote_run import RemoteRun
    from flytectl_py.project.loaded import Loaded

AnyTask = Task[..., Any]

HELP = """Run a task of a Python file, and print what it returns.

It runs on this machine, or, where an endpoint is configured, on the cluster there: then its page is printed.

\b
Examples:
  flyte run app.py --help               which tasks are there?
  flyte run app.py main --help          which inputs does it take?
  flyte run app.py main --x 1 --name first
  flyte run app.py main --inputs inputs.json --json
  flyte run --follow app.py main --x 1  on a cluster: wait for it, with its logs
  flyte run --engine docker app.py main  here, in the image and with the bundle that a cluster gets
  flyte run deployed-task env.main --x 1  what was deployed, without its code

Options may stand before FILE, before TASK, or after it; there the inputs of the task come first. FILE may be a folder:
then the tasks of all its Python files can be run.
"""

DEPLOYED = "deployed-task"

_BEFORE_LOADING = (
    "config", "endpoint", "insecure", "org", "project", "domain", "root_dir",
    "as_json", "output_format", "quiet", "verbose",
)  # fmt: skip
"""Options that must be known before the file is loaded, wherever they stand."""


class FileArgument(SaysWhere, TyperGroup):
    """The part of the command line before FILE: whatever stands first and is no option is the file."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str, Any, list[str]]:
        del ctx
        from flytectl_py.project.target import locate

        if args[0] == DEPLOYED and not Path(DEPLOYED).exists():
            return args[0], _deployed_command(), args[1:]
        if not args[0]:
            raise UsageError("FILE is empty", hint="give a .py file, or a folder that holds some")
        locate(Path(args[0]))  # Said before options that follow are found wrong.
        return args[0], _file_command(args[0]), args[1:]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List nothing: FILE is no command."""


class TaskArgument(SaysWhere, TyperGroup):
    """The part between FILE and TASK. `file` is as it was typed."""

    file: str = ""
    _loaded: Loaded | None = None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str, Any, list[str]]:
        name, rest = args[0], args[1:]
        options = {key: RUN_OPTIONS[key] for key in _BEFORE_LOADING}
        early = given_early(rest, options, hidden_by_inputs(options, self.file, name))
        loaded = self.load([*ctx.obj, ctx.params, early])
        wants_help = any(each in ("-h", "--help") for each in rest)
        return name, _task_command(loaded, loaded.task(name), for_help=wants_help), rest

    def load(self, levels: Sequence[Mapping[str, Any]]) -> Loaded:
        """Load the file with the options that were given so far."""
        if self._loaded is None:
            self._loaded = load_target(self.file, merged(levels))
        return self._loaded

    def format_options(self, ctx: Any, formatter: Any) -> None:
        # The tasks first: they are what one asks for.
        tasks = self.load([*ctx.obj, ctx.params]).tasks()
        with formatter.section("Tasks"):
            for name, task in tasks:
                try:
                    shown = signature(name, task)
                except DeclarationError as error:
                    shown = f"{name}: cannot run, {error.message}"
                formatter.write(f"  {shown}\n")
                if summary(task):
                    formatter.write(f"      {summary(task)}\n")
            if not tasks:
                formatter.write(f"  none: decorate a function of {self.file} with @env.task\n")
        _format_section(self, ctx, formatter, "Options", frozenset())

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List nothing: the tasks are listed already."""


class TaskCommand(SaysWhere, TyperCommand):
    """A task: its help shows the task's inputs before the options of every run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            flags = [name for each in self.params if each.name.startswith(INPUT) for name in each.secondary_opts]
            if flags and ("extra argument" in error.message or "does not take a value" in error.message):
                error.message += f" A flag takes no value: give it, or {' or '.join(flags)}."
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        inputs = {each.name for each in self.params if each.name.startswith(INPUT)}
        if inputs:
            _format_section(self, ctx, formatter, "Inputs", frozenset({each.name for each in self.params} - inputs))
        _format_section(self, ctx, formatter, "Options", frozenset(inputs))


def _format_section(command: Any, ctx: Any, formatter: Any, title: str, without: frozenset[str]) -> None:
    records = [each.get_help_record(ctx) for each in command.get_params(ctx) if each.name not in without]
    with formatter.section(title):
        formatter.write_dl([record for record in records if record is not None])


def command() -> Any:
    """Return the command `run`."""
    app = _group(FileArgument, "run", HELP, "FILE TASK [INPUTS]...")

    def run(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [*ctx.obj, given]
        if ctx.invoked_subcommand is None:
            raise UsageError("which file? flyte run needs FILE and TASK", hint="see 'flyte run --help'")

    return _made(app, run)


def _file_command(file: str) -> Any:
    app = _group(TaskArgument, file, f"Run a task of {file}.", "TASK [INPUTS]...")

    def of_file(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [*ctx.obj, given]
        if ctx.invoked_subcommand is None:
            names = [name for name, _ in made.load(ctx.obj).tasks()]
            listed = (
                f"{file} has: {', '.join(names)}"
                if names
                else f"{file} has no tasks: decorate a function with @env.task"
            )
            raise UsageError(f"which task? {listed}", hint=f"see 'flyte run {file} --help'")

    made: TaskArgument = _made(app, of_file)
    made.file = file
    return made


def _deployed_command() -> Any:
    from flytectl_py.cli.deployed import DeployedArgument

    app = _group(DeployedArgument, DEPLOYED, "Run a task that a cluster holds.", "ENV.TASK[:VERSION] [INPUTS]...")

    def of_cluster(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [*ctx.obj, given]
        if ctx.invoked_subcommand is None:
            raise UsageError("which task? give ENV.TASK or ENV.TASK:VERSION", hint="'flyte get task' lists them")

    made: DeployedArgument = _made(app, of_cluster)
    made.options = {key: RUN_OPTIONS[key] for key in _BEFORE_LOADING}
    made.make = lambda task, run, for_help: _command_of(task, run, for_help=for_help)
    return made


def _group(cls: type[TyperGroup], name: str, text: str, metavar: str) -> tuple[typer.Typer, dict[str, Any]]:
    app = typer.Typer(name=name, rich_markup_mode=None, add_completion=False)
    return app, {
        "cls": cls,
        "help": text,
        "subcommand_metavar": metavar,
        "invoke_without_command": True,
        "add_help_option": False,
    }


def _made(group: tuple[typer.Typer, dict[str, Any]], callback: Any) -> Any:
    app, settings = group
    app.callback(**settings)(declare(callback, RUN_OPTIONS))
    made = typer.main.get_command(app)
    keep_pydantic_out(made)
    return made


def _task_command(loaded: Loaded, task: AnyTask, *, for_help: bool) -> Any:
    return _command_of(task, lambda typed, options: _run(loaded, task, typed, options), for_help=for_help)


def _command_of(task: AnyTask, run: Callable[[Mapping[str, Any], Mapping[str, Any]], None], *, for_help: bool) -> Any:
    inputs = input_options(task, for_help=for_help)
    taken = {name for option in inputs.values() for part in option.names for name in part.split("/")}
    left = {key: option.without(taken) for key, option in RUN_OPTIONS.items()}

    def run_task(ctx: typer.Context, **given: Any) -> None:
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
        help=description(task) if for_help else None,
        options_metavar="[INPUTS] [OPTIONS]",
        add_help_option=False,
        context_settings={"token_normalize_func": normalized},
    )(declare(run_task, {**inputs, **{key: option for key, option in left.items() if option is not None}}))
    made = typer.main.get_command(app)
    keep_pydantic_out(made)
    return made


def _run(loaded: Loaded, task: AnyTask, typed: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    from flytectl_py.engines.api import Phase
    from flytectl_py.engines.runner import Runner

    output = settle_output(options)
    context = run_context(options)
    inputs = read_inputs(task, typed, options.get("inputs"))
    copy_style = _copy_style(options.get("copy_style", "loaded_modules"))
    engine = engine_of(options)
    if engine in ("process", "docker") and not options.get("dry_run"):
        from flytectl_py.cli.one_machine import run_on_own_plane

        runner = Runner(mode="remote", copy_style=copy_style, note=output.note, root=loaded.root.path, **context)
        run_on_own_plane(engine, runner, task, inputs, output)
        return
    runner = Runner(
        mode={"": None, "local": "local"}.get(engine, "remote"),
        copy_style=copy_style,
        dry_run=bool(options.get("dry_run")),
        note=output.note,
        root=loaded.root.path,
        **context,
    )
    if task.is_async:
        import asyncio  # noqa: F401  now, while the collector is off
    with user_code():
        run = runner.run(task, **inputs)
    for name, place in loaded.siblings.items():
        output.detail(f"{name} is the sibling package at {place}")
    if run.phase == Phase.PLANNED:
        first_line = f"would run {task.name} with {_shown_inputs(inputs)}"
        if run.plan is None:
            output.result(first_line, _plan_document(run, inputs))
            return
        from flytectl_py.cli.remote_run import tell_plan

        tell_plan(run.plan, first_line, _plan_document(run, inputs), output)
        return
    if run.phase == Phase.QUEUED:
        from flytectl_py.cli.remote_run import tell

        tell(cast("RemoteRun", run), output, follow=bool(options.get("follow")))
        return
    output.detail(f"run {run.name}: {run.actions} actions in {run.seconds:.3f} s")
    output.result(_readable(run), _document(run))


def _copy_style(given: str) -> Any:
    if given in ("loaded_modules", "auto"):
        return "loaded_modules"
    from flytectl_py.plan.bundle import checked_copy_style

    return checked_copy_style(given, "--copy-style")


def _shown_inputs(inputs: Mapping[str, Any]) -> str:
    from flytectl_py.values.render import readable

    return readable(inputs) if inputs else "no inputs"


def _plan_document(run: Run, inputs: Mapping[str, Any]) -> dict[str, Any]:
    from flytectl_py.values.convert import to_json

    bundle = run.bundle
    return {
        "task": run.task,
        "phase": str(run.phase),
        "inputs": {name: to_json(value) for name, value in inputs.items()},
        "bundle": None
        if bundle is None
        else {
            "digest": bundle.digest,
            "root": str(bundle.root),
            "files": [{"path": each.path, "size": each.size} for each in bundle.files],
            "warnings": list(bundle.warnings),
        },
    }


def _readable(run: Run) -> str:
    from flytectl_py.values.render import readable

    outputs = run.outputs().named()
    if len(outputs) == 1:
        return readable(outputs["o0"])
    return "\n".join(f"{name}: {readable(value)}" for name, value in outputs.items())


def _document(run: Run) -> dict[str, Any]:
    from flytectl_py.values.convert import to_json

    return {
        "run": run.name,
        "task": run.task,
        "phase": str(run.phase),
        "outputs": {name: to_json(value) for name, value in run.outputs().named().items()},
        "seconds": round(run.seconds, 6),
        "actions": run.actions,
    }
