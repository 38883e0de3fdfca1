"""Starting `a0` as a cluster does, in a folder that stands for a container's, over a store that is a folder too."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyteidl2.core.execution_pb2 import ContainerError, ErrorDocument
from flyteidl2.task.common_pb2 import Inputs, Outputs

from flytectl_py.model.interface import Interface
from flytectl_py.wire.inputs import inputs_message
from tests.support.process import SCRIPTS, Result, run_process
from tests.support.project import Files, Project

A0 = str(SCRIPTS / "a0")
RESOLVER = "flyte._internal.resolvers.default.DefaultTaskResolver"


@dataclass(frozen=True)
class Ended:
    """What a container left behind: its exit code, what it printed, and which of the two outcomes."""

    result: Result
    outputs: Outputs | None
    error: ContainerError | None

    def expect(self, code: int = 0) -> Ended:
        """Return itself if it ended with `code` and left exactly one outcome."""
        self.result.expect(code)
        assert (self.outputs is None) != (self.error is None), f"not exactly one outcome\n{self.result}"
        return self

    def failed(self, code: int = 0) -> ContainerError:
        """Return the error of a container that ended with `code`."""
        ended = self.expect(code)
        assert ended.error is not None, f"it has outputs\n{self.result}"
        return ended.error

    @property
    def value(self) -> Any:
        """The only output, a primitive."""
        assert self.outputs is not None, str(self.result)
        (literal,) = self.outputs.literals
        primitive = literal.value.scalar.primitive
        return getattr(primitive, str(primitive.WhichOneof("value")))


class Container:
    """A folder with files, the store beside it, and the arguments that a cluster fills in."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.project = Project(folder / "container", folder / "home", files)
        self.store = folder / "store"
        self.store.mkdir(parents=True)
        self.environment: dict[str, str | None] = {
            "ACTION_NAME": "a0",
            "RUN_NAME": "r1",
            "FLYTE_INTERNAL_EXECUTION_PROJECT": "flytesnacks",
            "FLYTE_INTERNAL_EXECUTION_DOMAIN": "development",
            "_U_ORG_NAME": "acme",
            "_U_INSECURE": "true",
        }

    def arguments(
        self,
        task: str = "main",
        *,
        module: str = "app",
        base: str = "",
        attempt: int = 1,
        code: Sequence[str] = (),
        resolver: Sequence[str] = (),
    ) -> list[str]:
        """Return the arguments of one attempt; `base` is where everything of the run lies, the store unless given.

        :param code: ``("--tgz", URI)``, where the image does not hold the code.
        """
        base = base or str(self.store)
        return [
            *("--inputs", f"{base}/inputs.pb", "--outputs-path", f"{base}/a0/{attempt}", "--version", "v1"),
            *("--run-base-dir", base, "--raw-data-path", f"{base}/raw", "--checkpoint-path", f"{base}/checkpoints"),
            *("--prev-checkpoint", '""', "--run-name", "r1", "--name", "a0"),
            *("--run-start-time", "2026-01-01T00:00:00Z", *code, "--dest", "."),
            *("--resolver", *(resolver or (RESOLVER, "mod", module, "instance", task))),
        ]

    def take(self, **inputs: Any) -> None:
        """Write the inputs of the next attempt."""
        self.take_message(message_of(inputs))

    def take_message(self, inputs: Inputs) -> None:
        """Write the inputs of the next attempt, as a message."""
        (self.store / "inputs.pb").write_bytes(inputs.SerializeToString())

    def run(
        self, task: str = "main", *, env: Mapping[str, str | None] | None = None, timeout: float = 60.0, **more: Any
    ) -> Ended:
        """Run one attempt to its end; `more` goes to `arguments`."""
        command = [A0, *self.arguments(task, **more)]
        environment = self.project.environment({**self.environment, **(env or {})})
        result = run_process(command, cwd=self.project.path, env=environment, timeout=timeout)
        return self.left(result, more.get("attempt", 1))

    @contextlib.contextmanager
    def started(self, task: str = "main", **more: Any) -> Iterator[subprocess.Popen[str]]:
        """Start one attempt and yield its process; its output is text on one pipe."""
        with subprocess.Popen(
            [A0, *self.arguments(task, **more)],
            cwd=self.project.path,
            env=self.project.environment(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def left(self, result: Result, attempt: int = 1) -> Ended:
        """Return what is left of an attempt that ended with `result`."""
        folder = self.store / "a0" / str(attempt)
        outputs, error = folder / "outputs.pb", folder / "error.pb"
        return Ended(
            result,
            Outputs.FromString(outputs.read_bytes()) if outputs.exists() else None,
            ErrorDocument.FromString(error.read_bytes()).error if error.exists() else None,
        )

    def end(self, process: subprocess.Popen[str], timeout: float = 30.0) -> Ended:
        """Wait for a started attempt and return what it left."""
        out, _ = process.communicate(timeout=timeout)
        return self.left(Result(("a0",), process.returncode, out, "", 0.0))


def message_of(values: Mapping[str, Any]) -> Inputs:
    """Return plain values as inputs, each as the type that it has."""
    scope: dict[str, Any] = {}
    parameters = ", ".join(f"{name}: {type(value).__name__}" for name, value in values.items())
    exec(f"def function({parameters}): ...", scope)
    return inputs_message(Interface.of(scope["function"]), values)
