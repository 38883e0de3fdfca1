"""`flyte run --engine process|docker`: a control plane of its own for one run, which ends with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.start import user_code

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.remote_run import RemoteRun
    from flytectl_py.engines.runner import Runner

HOME_PREFIX = "flyte-run-"


def run_on_own_plane(engine: str, runner: Runner, task: Any, inputs: Mapping[str, Any], output: Output) -> None:
    """Run a task to its end, show what it prints, and print what it returns.

    :raises BaseRuntimeError: it failed. :raises NotReadyError: this machine lacks what the engine needs.
    """
    from flytectl_py.cli.remote_run import line_printer, shown
    from flytectl_py.values.convert import to_json

    root = Path(runner.root or Path.cwd())
    with _plane(engine, root):
        with user_code():
            run: RemoteRun = runner.run(task, **inputs)  # type: ignore[assignment]  # of a remote runner
        # Its phases are of no interest here: it starts at once, and its end is the end of the command.
        run.follow(_say_nothing, line_printer(output))
        run.raise_if_failed()
        outputs = run.outputs().named()
    said = {"run": run.name, "task": run.task, "version": run.version, "phase": str(run.phase)}
    values = {name: to_json(value) for name, value in outputs.items()}
    output.result(shown(outputs), {**said, "outputs": values, "seconds": round(run.seconds, 6)})


def _say_nothing(record: object) -> None:
    del record


@contextmanager
def _plane(engine: str, root: Path) -> Iterator[None]:
    """Have a control plane for the block, to which the settings lead; what it keeps for good is below `root`."""
    import shutil
    import tempfile

    from flytectl_py.cli.machine import check_installed
    from flytectl_py.config.settings import led_to
    from flytectl_py.machine import keeper

    check_installed()
    home = Path(tempfile.mkdtemp(prefix=HOME_PREFIX))
    try:
        secrets = root / ".flyte" / "secrets"
        if secrets.is_dir():
            (home / "secrets").symlink_to(secrets.absolute())
        # Files that the task returns are still there when the run is over.
        store = (root / ".flyte" / "state" / engine).absolute()
        store.mkdir(parents=True, exist_ok=True)
        try:
            found, _ = keeper.start(home, keeper.Wanted(0, store.as_uri(), engine))
            with led_to(found.url):
                yield
        finally:
            keeper.stop(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
