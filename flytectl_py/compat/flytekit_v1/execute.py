"""``pyflyte-execute`` and ``pyflyte-fast-execute``: a task of ours, started as Flyte 1 starts one.

Both generations' literals and errors are the same messages, with the same field numbers; only what holds the inputs and
the outputs differs. So this program puts the inputs under the newer roof, lets `a0` run the task, puts what it leaves
under the older one, and needs no messages of Flyte 1. `a0` is a process of its own: however the task ends, even by the
kernel's hand, somebody is left to write what became of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from flyteidl2.core import execution_pb2, literals_pb2
from flyteidl2.task import common_pb2

from flytectl_py.errors import FlyteError, UsageError

_RUNTIME: Final = "from flytectl_py.runtime.start import main; main()"
"""A program for ``python -c``: `a0`, also where no console script of that name is on the PATH."""
_RESOLVER: Final = "flyte._internal.resolvers.default.DefaultTaskResolver"
_ENDED: Final = "TaskInterrupted"


def main(arguments: Sequence[str]) -> int:
    """Run the verb ``execute`` or ``fast-execute``; return the exit code, 0 also for a task whose failure is recorded.

    An outcome that cannot be recorded at all is exit code 1.
    """
    verb, *rest = arguments or [""]
    try:
        if verb == "fast-execute":
            return _fast_execute(rest)
        if verb == "execute":
            return _execute(rest)
        raise UsageError(f"no such verb: '{verb}'", hint="execute, or fast-execute")
    except FlyteError as error:
        sys.stderr.write(f"pyflyte-{verb or 'execute'}: {error}\n")
        return 1


def _fast_execute(arguments: Sequence[str]) -> int:
    """Fetch the code, unpack it, and start in its folder what the rest of the command line says."""
    from flytectl_py.storage.extract import extract

    options, command = _options(arguments)
    into = Path(options.get("--dest-dir") or ".").absolute()
    address = options.get("--additional-distribution", "")
    if address:
        with tempfile.TemporaryDirectory(dir=into.parent if into.parent.is_dir() else None) as folder:
            archive = Path(folder) / "code.tar.gz"
            archive.write_bytes(_read(address))
            extract(archive, Path(folder) / "code", None)
            _move(Path(folder) / "code", into)
    if not command or command[0] != "pyflyte-execute":
        raise UsageError(f"{' '.join(command) or 'nothing'} is to be started, and that is not pyflyte-execute")
    os.chdir(into)
    return _execute(command[1:], into)


def _execute(arguments: Sequence[str], code: Path | None = None) -> int:
    options, rest = _options(arguments)
    places = dict(zip(rest[::2], rest[1::2], strict=False))
    module, name = places.get("task-module", ""), places.get("task-name", "")
    prefix = options.get("--output-prefix", "").rstrip("/")
    if not module or not name or not prefix or not options.get("--inputs"):
        raise UsageError("needed are --inputs, --output-prefix, task-module and task-name")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        inputs = _newer_inputs(_read(options["--inputs"]))
        (here / "inputs.pb").write_bytes(inputs)
        command = [sys.executable, "-c", _RUNTIME, "--inputs", str(here / "inputs.pb"), "--outputs-path", folder]
        command += ["--version", os.environ.get("FLYTE_INTERNAL_VERSION", "v1"), "--dest", str(code or Path.cwd())]
        command += ["--run-name", os.environ.get("FLYTE_INTERNAL_EXECUTION_ID", ""), "--name", "a0"]
        command += ["--raw-data-path", options.get("--raw-output-data-prefix", "")]
        command += ["--checkpoint-path", options.get("--checkpoint-path", "")]
        command += ["--prev-checkpoint", options.get("--prev-checkpoint", "")]
        code_of_exit = _run([*command, "--resolver", _RESOLVER, "mod", module, "instance", name])
        return _record(here, prefix, code_of_exit)


def _run(command: Sequence[str]) -> int:
    """Run a command to its end; what this process is told by signals is passed on."""
    child = subprocess.Popen(command)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda given, _: child.send_signal(given))
    return child.wait()


def _record(left: Path, prefix: str, code: int) -> int:
    """Write what the runtime left where Flyte 1 looks for it."""
    if (left / "outputs.pb").exists():
        _write(f"{prefix}/outputs.pb", _older_outputs((left / "outputs.pb").read_bytes()))
        if (left / "report.html").exists():
            _write(f"{prefix}/deck.html", (left / "report.html").read_bytes())
        return 0
    if (left / "error.pb").exists():
        _write(f"{prefix}/error.pb", (left / "error.pb").read_bytes())
        return 0
    reason = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    error = execution_pb2.ContainerError(
        code=_ENDED,
        message=f"the process of the task ended {reason} and left nothing",
        kind=execution_pb2.ContainerError.RECOVERABLE,
        origin=execution_pb2.ExecutionError.SYSTEM,
    )
    _write(f"{prefix}/error.pb", execution_pb2.ErrorDocument(error=error).SerializeToString())
    return 0


def _options(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return options by name, and what stands after ``--`` or is no option."""
    found: dict[str, str] = {}
    waiting = list(arguments)
    while waiting and waiting[0].startswith("--") and waiting[0] != "--":
        name, equals, value = waiting.pop(0).partition("=")
        if not equals:
            if not waiting:
                raise UsageError(f"{name} needs a value")
            value = waiting.pop(0)
        found[name] = value
    return found, waiting[1:] if waiting[:1] == ["--"] else waiting


def _newer_inputs(data: bytes) -> bytes:
    given = literals_pb2.LiteralMap.FromString(data)
    made = common_pb2.Inputs()
    for name, literal in sorted(given.literals.items()):
        made.literals.add(name=name).value.CopyFrom(literal)
    return bytes(made.SerializeToString())


def _older_outputs(data: bytes) -> bytes:
    made = literals_pb2.LiteralMap()
    for each in common_pb2.Outputs.FromString(data).literals:
        made.literals[each.name].CopyFrom(each.value)
    return bytes(made.SerializeToString(deterministic=True))


def _move(source: Path, into: Path) -> None:
    """Put every file of a folder into another, whose own files stay."""
    for file in sorted(source.rglob("*")):
        target = into / file.relative_to(source)
        if file.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, target)


def _read(address: str) -> bytes:
    def get(store: Any, key: str) -> bytes:
        out = BytesIO()
        store.get(key, out)
        return out.getvalue()

    return bytes(_at(address, get))


def _write(address: str, data: bytes) -> None:
    import hashlib

    digest = hashlib.sha256(data).hexdigest()
    _at(address, lambda store, key: store.put(key, lambda: BytesIO(data), size=len(data), sha256=digest))


def _at(address: str, do: Callable[[Any, str], Any]) -> Any:
    """Do something with the object at an address: a path, or a URI of any store."""
    from flytectl_py.storage.registry import open_store

    folder, _, key = address.rpartition("/")
    with open_store(folder or ".") as store:
        return do(store, key)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
