"""The help of a file, which is its tasks, and of a task, which is its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description
from flytectl_py.cli.help_screen import Section, as_row, heading, laid_out
from flytectl_py.cli.options import Option
from flytectl_py.cli.params import signature, summary
from flytectl_py.cli.run_options import DEPLOYED
from flytectl_py.errors import DeclarationError

if TYPE_CHECKING:
    from flytectl_py.model.task import Task

_OF_EVERY_RUN = "Options of every run may stand before {} or after it: flyte {} --help"


def file_screen(file: str, tasks: Sequence[tuple[str, Task[..., Any]]]) -> str:
    """Return the help of a file."""
    what = f"a Python file in the folder '{file}'" if Path(file).is_dir() else file
    described = Description(f"run {file}", f"Run a task of {what}.", "TASK [INPUTS]...")
    lines = []
    for name, task in tasks:
        try:
            shown = signature(name, task)
        except DeclarationError as error:
            shown = f"{name}: cannot run, {error.message}"
        lines.append(f"  {shown}")
        if summary(task):
            lines.append(f"      {summary(task)}")
    if not tasks:
        lines.append(f"  none: decorate a function of {file} with @env.task")
    example = f"Inputs of a task: flyte run {file} {tasks[0][0] if tasks else 'TASK'} --help"
    return laid_out(
        described, [], ["\n".join([heading("Tasks"), *lines]), f"{example}\n{_OF_EVERY_RUN.format('TASK', 'run')}"]
    )


def task_screen(path: str, text: str, inputs: Sequence[Option], left: Sequence[Option]) -> str:
    """Return the help of a task.

    :param path: how it is called. :param left: the options of every run that are no inputs of it.
    """
    described = Description(path.removeprefix("flyte "), text, "[INPUTS]")
    names = ", ".join(
        each.spelled[-1] if each.kind == "flag" else f"{each.spelled[-1]} {each.metavar}" for each in left
    )
    word, command = "TASK", "run"
    if described.name.startswith("rerun "):
        word, command = "RUN", "rerun"
    elif described.name.startswith(f"run {DEPLOYED} "):
        word = "ENV.TASK"
    about = _OF_EVERY_RUN.format(word, command)
    return laid_out(described, [Section("Inputs", [as_row(each) for each in inputs])], [f"{about}\n  {names}"])
