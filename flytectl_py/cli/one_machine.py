"""`flyte run --engine process|docker`: a control plane of its own for one run, which ends with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.output import shown_outputs
from flytectl_py.cli.start import user_code
from flytectl_py.errors import NotReadyError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.remote_run import RemoteRun
    from flytectl_py.engines.runner import Runner
    from flytectl_py.machine.keeper import Running, Wanted

HOME_PREFIX = "flyte-run-"


def run_on_own_plane(engine: str, runner: Runner, task: Any, inputs: Mapping[str, Any], output: Output) -> None:
    """Run a task to its end, show what it prints, and print what it returns.

    :raises BaseRuntimeError: it failed. :raises NotReadyError: this machine lacks what the engine needs.
    """
    from flytectl_py.cli.remote_run import Printed, line_printer, raise_if_failed
    from flytectl_py.values.convert import to_json

    root = Path(runner.root or Path.cwd())
    with _plane(engine, root, output) as lives:
        with user_code():
            run: RemoteRun = runner.run(task, **inputs)  # type: ignore[assignment]  # of a remote runner
        # Its phases are of no interest here: it starts at once, and its end is the end of the command.
        printed = Printed(line_printer(output))
        run.follow(_say_nothing, printed, lives)
        raise_if_failed(run, printed, output)
        outputs = run.outputs().named()
    said = {"run": run.name, "task": run.task, "version": run.version, "phase": str(run.phase)}
    values = {name: to_json(value) for name, value in outputs.items()}
    output.result(shown_outputs(outputs), {**said, "outputs": values, "seconds": round(run.seconds, 6)})


def _say_nothing(record: object) -> None:
    del record


def _started(home: Path, wanted: Wanted) -> Running:
    from flytectl_py.machine import keeper

    try:
        return keeper.start(home, wanted)[0]
    except NotReadyError as error:
        error.where = ""  # What it said is told, and its log goes with its home.
        raise


@contextmanager
def _plane(engine: str, root: Path, output: Output) -> Iterator[Callable[[], bool]]:
    """Have a control plane for the block, to which the settings lead; what it keeps for good is below `root`.

    It ends with this process, however that ends. What is yielded says whether it still runs.
    """
    import os
    import tempfile

    from flytectl_py.cli.machine import check_installed
    from flytectl_py.config.settings import led_to
    from flytectl_py.machine import keeper

    check_installed()
    for left in keeper.abandoned(Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*")):
        output.note(f"an earlier run was killed together with its control plane: ending what it left in {left}")
        try:
            keeper.clear(left)
        except NotReadyError as error:
            output.note(f"that has to wait: {error.message}")
    home = Path(tempfile.mkdtemp(prefix=HOME_PREFIX))
    lifeline, held = os.pipe()
    try:
        secrets = root / ".flyte" / "secrets"
        if secrets.is_dir():
            (home / "secrets").symlink_to(secrets.absolute())
        # Files that the task returns are still there when the run is over.
        store = (root / ".flyte" / "state" / engine).absolute()
        store.mkdir(parents=True, exist_ok=True)
        try:
            found = _started(home, keeper.Wanted(0, store.as_uri(), engine, lifeline))
            with led_to(found.url):
                yield lambda: keeper.running(home) is not None
        finally:
            keeper.stop(home)
    finally:
        os.close(lifeline)
        os.close(held)
        # There is still one only where it could not end in order.
        keeper.clear(home)
