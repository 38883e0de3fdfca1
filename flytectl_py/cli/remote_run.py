"""What `flyte run` says of a run on a cluster: that it was started, what it prints, how it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from flytectl_py.cli.kept_names import remember
from flytectl_py.cli.output import about_run, print_result, shown_outputs, to_stderr
from flytectl_py.errors import BaseRuntimeError, FlyteError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.remote_run import RemoteRun
    from flytectl_py.engines.run_plan import RunPlan
    from flytectl_py.wire.run_records import ActionRecord, LogLine

MOST_LINES: Final = 1000
"""Of what a run has printed last; the traceback of its failure is among them."""


def tell(run: RemoteRun, output: Output, *, follow: bool) -> None:
    """Say that the run was started; with `follow` all that becomes of it, and what it returned.

    :raises BaseRuntimeError: it was followed, and failed.
    """
    scope = run.remote.scope
    about_run(run.name, run.url)
    remember("run", {run.name: ()})
    output.note(f"started {run.name} in project {scope.project}, domain {scope.domain}")
    if not follow:
        output.result(run.url, document(run))
        return
    output.note(run.url)
    follow_run(run, output)
    from flytectl_py.values.badvalue import BadValue
    from flytectl_py.values.convert import to_json

    said = {**document(run), "seconds": round(run.seconds, 6)}
    try:
        outputs = run.outputs().named()
    except BadValue as bad:
        output.note(f"what it returned cannot be shown: {bad.message}")
        output.result("", {**said, "outputs": None})
        return
    output.result(
        shown_outputs(outputs), {**said, "outputs": {name: to_json(value) for name, value in outputs.items()}}
    )


def tell_plan(plan: RunPlan, first_line: str, said: Mapping[str, Any], output: Output) -> None:
    """Say what a run would build and send: tables for a person, under `first_line`, or the whole as JSON.

    :param said: what else --json says.
    """
    from pathlib import Path

    from flytectl_py.cli.deploy import plan_document
    from flytectl_py.cli.deploy_tables import tables
    from flytectl_py.engines.image_building import BuildOptions, build_images
    from flytectl_py.engines.image_history import ImageHistory

    deployment = plan.deployment
    history = ImageHistory.of(Path(deployment.submission.code_root))
    images = build_images(deployment.images, BuildOptions(dry_run=True), history)
    for warning in deployment.warnings:
        if deployment.bundle is None or warning not in deployment.bundle.warnings:  # Those have been told.
            output.note(f"warning: {warning}")
    if output.as_json:
        output.result("", {**said, **plan_document(deployment, images), "requests": plan.requests()})
        return
    output.result(f"{first_line}\n\n{tables(deployment, images)}", {})


def follow_run(run: RemoteRun, output: Output) -> None:
    """Say what a run prints, and its phases, until it has ended.

    :raises BaseRuntimeError: it failed. :raises KeyboardInterrupt: the person does not want to wait; the run goes on.
    :raises NotReadyError: the control plane cannot be asked any more; the run goes on.
    """
    printed = Printed(line_printer(output))
    try:
        run.follow(lambda record: _tell_phase(record, output), printed)
    except (KeyboardInterrupt, FlyteError):
        output.note(f"the run goes on: 'flyte logs {run.name}' watches it, 'flyte abort {run.name}' stops it")
        raise
    remember("run", {run.name: ()}, {run.name})
    raise_if_failed(run, printed, output)


def raise_if_failed(run: RemoteRun, printed: Printed, output: Output) -> None:
    """Raise what became of a run that has ended, unless it succeeded; a traceback that was read is not said again.

    :raises BaseRuntimeError: it failed.
    """
    try:
        run.raise_if_failed()
    except BaseRuntimeError as error:
        if not output.as_json and error.elsewhere in printed:
            error.elsewhere = ""
        raise


class Printed:
    """Shows the lines of a log, and knows the last ones."""

    def __init__(self, show: Callable[[LogLine], None]) -> None:
        self._show = show
        self._last: deque[str] = deque(maxlen=MOST_LINES)

    def __call__(self, line: LogLine) -> None:
        self._last.append(line.text.rstrip("\n"))
        self._show(line)

    def __contains__(self, text: str) -> bool:
        return text.rstrip("\n") in "\n".join(self._last)


def line_printer(output: Output) -> Any:
    """Return what prints one line of a log: on stdout, and under --json on stderr."""

    def show(line: LogLine) -> None:
        text = line.text.rstrip("\n")
        if output.as_json:
            to_stderr(text)
        else:
            print_result(text)

    return show


def document(run: RemoteRun) -> dict[str, Any]:
    """Return what --json says of a run."""
    scope = run.remote.scope
    return {
        "run": run.name,
        "task": run.task,
        "version": run.version,
        "phase": str(run.phase),
        "url": run.url,
        "project": scope.project,
        "domain": scope.domain,
    }


def _tell_phase(record: ActionRecord, output: Output) -> None:
    attempt = f", attempt {record.attempts}" if record.attempts > 1 else ""
    output.note(f"{record.run}: {record.phase.replace('_', ' ')}{attempt}")
