"""Runs one task as the command line asked, and says how it ended."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flytectl_py.cli.output import Output, about_run, settle_output, shown_outputs
from flytectl_py.cli.params import read_inputs
from flytectl_py.cli.reports import reports_here, tell_reports
from flytectl_py.cli.run_options import engine_of, run_context, without_effect
from flytectl_py.cli.start import user_code
from flytectl_py.errors import NotReadyError
from flytectl_py.model.task import Task

if TYPE_CHECKING:
    from flytectl_py.engines.api import Run
    from flytectl_py.engines.recording import KeptCode
    from flytectl_py.engines.remote_run import RemoteRun
    from flytectl_py.engines.watching import Watcher
    from flytectl_py.project.loaded import Loaded

AnyTask = Task[..., Any]


class Again:
    """What a run takes over from another one: inputs as JSON by name, and its code where that was kept.

    :param root: the root that the other one had.
    """

    def __init__(self, root: Path, inputs: Mapping[str, Any], code: KeptCode | None) -> None:
        self.root = root
        self.inputs = inputs
        self.code = code


def run_task(
    loaded: Loaded,
    task: AnyTask,
    typed: Mapping[str, Any],
    options: Mapping[str, Any],
    again: Again | None = None,
) -> None:
    """Run `task` and print what it returns.

    :param typed: the inputs as they were typed, by the keys of `input_options`. :param options: of the run.
    :raises FlyteError: as reading the inputs and the run do.
    """
    from flytectl_py.engines.api import Phase
    from flytectl_py.engines.runner import Runner

    output = settle_output(options)
    context = run_context(options)
    if options.get("image"):
        from flytectl_py.cli.images import check_image_names

        check_image_names(options["image"], loaded.environments)
    inputs = read_inputs(task, typed, options.get("inputs"), again)
    copy_style = _copy_style(options.get("copy_style", "loaded_modules"))
    engine = engine_of(options)
    if engine in ("process", "docker") and not options.get("dry_run"):
        from flytectl_py.cli.one_machine import run_on_own_plane

        root = loaded.root.path if again is None else again.root
        there = {**context, "mode": "remote"}
        runner = Runner(copy_style=copy_style, note=output.note, root=root, **there)
        run_on_own_plane(engine, runner, task, inputs, output)
        return
    if engine:
        context["mode"] = "local" if engine == "local" else "remote"
    _check_place(context["mode"], options, output)
    runner = Runner(
        copy_style=copy_style,
        dry_run=bool(options.get("dry_run")),
        copy_bundle_to=_bundles(loaded.root.path) if options.get("keep_code") else None,
        note=output.note,
        root=loaded.root.path if again is None else again.root,
        target=loaded.target,
        code=None if again is None else again.code,
        watchers=_watchers(options, output),
        **context,
    )
    if task.is_async:
        import asyncio  # noqa: F401  now, while the collector is off
    try:
        with user_code():
            run = runner.run(task, **inputs)
    except BaseException:
        about_run(runner.began)
        raise
    finally:
        tell_reports(output, opened=bool(options.get("open")))
    for name, place in loaded.siblings.items():
        output.detail(f"{name} is the sibling package at {place}")
    if run.phase == Phase.PLANNED:
        _tell_plan(run, f"would run {task.name} with {_shown_inputs(inputs)}", inputs, output)
        return
    if run.phase == Phase.QUEUED:
        from flytectl_py.cli.remote_run import tell

        tell(cast("RemoteRun", run), output, follow=bool(options.get("follow")))
        return
    output.detail(f"run {run.name}: {run.actions} actions in {run.seconds:.3f} s")
    _keep_tables(run)
    outputs = run.outputs().named()
    output.result(
        shown_outputs(outputs), _document(run, _written(outputs, runner.data_of_run) if output.as_json else outputs)
    )


def _check_place(mode: str | None, options: Mapping[str, Any], output: Output) -> None:
    """Say which options do nothing where the run goes to; a plan shows what they do on a cluster.

    :raises NotReadyError: it is to go to a cluster, and there is none.
    :raises UnknownNameError: its data is to go to a store of a kind that is not known here.
    """
    from flytectl_py.config import settings as config

    settings = config.settings()
    endpoint = settings.endpoint if settings is not None else None
    is_here = mode == "local" or (mode is None and not endpoint)
    if is_here and options.get("raw_data_path"):
        from flytectl_py.storage.registry import class_for

        class_for(options["raw_data_path"], "--raw-data-path")
    if options.get("dry_run"):
        return
    if mode in ("remote", "hybrid") and not endpoint:
        flag = "--mode" if options.get("mode") else "--engine"
        given = f"{flag} {options.get('mode') or options.get('engine')}"
        raise NotReadyError(
            f"{given} needs a cluster, and no endpoint of one is configured",
            hint=f"{config.NAME_AN_ENDPOINT}; without {flag} it runs here",
        )
    unused = without_effect(options) if is_here else ""
    if unused:
        output.note(unused if endpoint else f"{unused}, and no endpoint of a cluster is configured")


def _tell_plan(run: Run, first_line: str, inputs: Mapping[str, Any], output: Output) -> None:
    if run.plan is None:
        output.result(first_line, _plan_document(run, inputs))
        return
    from flytectl_py.cli.remote_run import tell_plan

    tell_plan(run.plan, first_line, _plan_document(run, inputs), output)


def _keep_tables(run: Run) -> None:
    """Write the tables that the run returned, so that they are there when this process is not."""
    tables = sys.modules.get("flytectl_py.model.tables")
    if tables is None:
        return
    for value in run.outputs():
        if isinstance(value, tables.DataFrame) and (value.uri or value.raw_data_path):
            value.saved()


def _written(outputs: Mapping[str, Any], folder: str) -> Mapping[str, Any]:
    """Return `outputs` with the tables of libraries written below `folder`: they do not fit into JSON."""
    if not any(library in sys.modules for library in ("pandas", "polars", "pyarrow")):
        return outputs
    from flytectl_py.model.world import the_data
    from flytectl_py.values.tables import is_of_a_library

    written = dict(outputs)
    for name, value in outputs.items():
        if is_of_a_library(type(value)):
            from flytectl_py.model.tables import DataFrame

            written[name] = the_data().save_table(DataFrame.from_df(value), folder)
    return written


def _watchers(options: Mapping[str, Any], output: Output) -> Sequence[Watcher]:
    if not (sys.stderr.isatty() or options.get("progress")):
        return ()
    from flytectl_py.cli.progress import progress

    return progress(options, output)


def _bundles(root: Path) -> Path:
    from flytectl_py.project.state import state_folder
    from flytectl_py.records.places import bundles_folder

    return bundles_folder(state_folder(root))


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


def _document(run: Run, outputs: Mapping[str, Any]) -> dict[str, Any]:
    from flytectl_py.values.convert import to_json

    return {
        "run": run.name,
        "task": run.task,
        "phase": str(run.phase),
        "outputs": {name: to_json(value) for name, value in outputs.items()},
        "seconds": round(run.seconds, 6),
        "actions": run.actions,
        **({"reports": paths} if (paths := reports_here()) else {}),
    }
