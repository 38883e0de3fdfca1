"""A control plane of one machine for tests: its real process, a client of it, and tasks that are shell commands."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from flyteidl2.common.identifier_pb2 import ActionIdentifier, RunIdentifier
from flyteidl2.task.common_pb2 import Inputs
from flyteidl2.task.task_definition_pb2 import TaskSpec
from flyteidl2.workflow import run_service_pb2 as messages

from flytectl_py.config.resolution import resolve
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.machine import keeper
from flytectl_py.wire.run_records import ActionRecord, action_record
from tests.support.process import clean_environment

T = TypeVar("T")

PROJECT, DOMAIN, ORG = "flytesnacks", "development", "acme"


class Machine:
    """The control plane with its state in `home`, which a test may kill and start again."""

    def __init__(
        self, home: Path, executor: str = "process", *, store: str = "", environment: Mapping[str, str | None] = {}
    ) -> None:
        self.home = home
        self.executor = executor
        self.store = store
        self.environment = environment
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """What a configuration needs to get here."""
        return f"http://localhost:{self.port}"

    @property
    def config(self) -> str:
        """The text of a ``config.yaml`` that leads here."""
        return f"admin:\n  endpoint: {self.endpoint}\ntask:\n  project: {PROJECT}\n  domain: {DOMAIN}\n"

    def start(self) -> Machine:
        """Start the process and wait until it answers; at the same port as before."""
        self.home.mkdir(parents=True, exist_ok=True)
        wanted = keeper.Wanted(self.port, self.store, self.executor)
        environment = clean_environment(self.home / "user", self.environment)
        with (self.home / "said").open("ab") as said:
            self._process = subprocess.Popen(
                keeper.command(self.home, wanted), env=environment, stdout=said, stderr=said
            )
        latest = time.monotonic() + 30
        while time.monotonic() < latest and self._process.poll() is None:
            found = keeper.running(self.home)
            if found is not None and found.pid == self._process.pid and keeper.answers(found):
                self.port = int(found.url.rpartition(":")[2])
                return self
            time.sleep(0.02)
        raise AssertionError(f"the control plane does not start:\n{(self.home / 'said').read_text()}")

    def kill(self) -> None:
        """Kill the process without a chance to do anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let the process end in order."""
        self._end(signal.SIGTERM)

    def ask(self, question: Callable[[ControlPlane], Awaitable[T]]) -> T:
        """Ask the control plane in an event loop of its own."""

        async def asked() -> T:
            settings = resolve({"endpoint": self.endpoint}, environ={})
            async with ControlPlane.connect(settings) as plane:
                return await question(plane)

        return asyncio.run(asked())

    def run(self, spec: TaskSpec, name: str, **more: Any) -> None:
        """Have a run of a task started."""
        self.ask(lambda plane: plane.runs.create_run(request(spec, name, **more)))

    def ended(self, *names: str, seconds: float = 60.0) -> list[ActionRecord]:
        """Return runs when they have ended."""

        async def watched(plane: ControlPlane) -> list[ActionRecord]:
            async with asyncio.timeout(seconds):
                return list(await asyncio.gather(*(_end_of(plane, name) for name in names)))

        return self.ask(watched)

    def details(self, name: str, action: str = "a0") -> Any:
        """Return the ActionDetails of an action."""

        async def asked(plane: ControlPlane) -> Any:
            found = await plane.runs.get_action_details(
                messages.GetActionDetailsRequest(action_id=ActionIdentifier(run=run_id(name), name=action))
            )
            return found.details

        return self.ask(asked)

    def output(self, name: str) -> Any:
        """Return the only output of a run, a primitive."""

        async def asked(plane: ControlPlane) -> Any:
            wanted = messages.GetActionDataRequest(action_id=ActionIdentifier(run=run_id(name), name="a0"))
            return (await plane.runs.get_action_data(wanted)).outputs

        (literal,) = self.ask(asked).literals
        primitive = literal.value.scalar.primitive
        return getattr(primitive, str(primitive.WhichOneof("value")))

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            self._process.wait(30)
            self._process = None


@contextlib.contextmanager
def machine(home: Path, executor: str = "process", **more: Any) -> Iterator[Machine]:
    """Yield a control plane that answers; afterwards neither it nor a task of it is left. `more` goes to `Machine`."""
    made = Machine(home, executor, **more).start()
    try:
        yield made
    finally:
        made.stop()


def run_id(name: str) -> RunIdentifier:
    """Return what names a run."""
    return RunIdentifier(org=ORG, project=PROJECT, domain=DOMAIN, name=name)


def shell_task(script: str, name: str = "shell.main", **metadata: Any) -> TaskSpec:
    """Return a task whose container is a shell; `metadata` are fields of its TaskMetadata."""
    spec = TaskSpec(short_name=name.rpartition(".")[2])
    template = spec.task_template
    template.id.org, template.id.project, template.id.domain = ORG, PROJECT, DOMAIN
    template.id.name, template.id.version, template.id.resource_type = name, "v1", 1
    template.type = "python"
    template.interface.SetInParent()
    template.container.image = "ghcr.io/acme/base:1"
    template.container.command.extend(["sh", "-c", script])
    for field, value in metadata.items():
        if field in ("discoverable", "discovery_version", "cache_serializable"):
            setattr(template.metadata, field, value)
        elif field == "retries":
            template.metadata.retries.retries = value
        elif field == "backoff":
            template.metadata.retries.backoff.base.FromMilliseconds(int(value * 1000))
        elif field == "cpu":
            template.container.resources.requests.add(name=1, value=value)
        elif field in ("queued_timeout", "deadline"):
            getattr(template.metadata.timeouts, field).FromMilliseconds(int(value * 1000))
        else:
            getattr(template.metadata, field).FromMilliseconds(int(value * 1000))
    return spec


def request(spec: TaskSpec, name: str, **envs: str) -> messages.CreateRunRequest:
    """Return the request that starts a run of a task without inputs; `envs` are variables of its environment."""
    made = messages.CreateRunRequest(run_id=run_id(name), task_spec=spec, inputs=Inputs())
    for key, value in envs.items():
        made.run_spec.envs.values.add(key=key, value=value)
    return made


def alive(marker: str) -> list[int]:
    """Return the processes of this machine whose environment holds a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marker.encode() in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


async def _end_of(plane: ControlPlane, name: str) -> ActionRecord:
    async for each in plane.runs.watch_run_details(messages.WatchRunDetailsRequest(run_id=run_id(name))):
        record = action_record(each.details.action)
        if record.has_ended:
            return record
    raise AssertionError(f"the stream of {name} ended before the run")
