"""Runs a command in a container of this machine, for a call of a ContainerTask that no engine takes elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from flytectl_py.errors import NotReadyError, RuntimeUserError, UsageError
from flytectl_py.model.image import Image
from flytectl_py.model.secret import secrets_of

if TYPE_CHECKING:
    from flytectl_py.model.container_task import ContainerTask, DataLoading
    from flytectl_py.wire.command_texts import CommandInputs

_LAST_LINES: Final = 20
"""How much of what the command printed stands in the error."""
_LONGEST_LINE: Final = 16 << 20
_ENGINE: Final = "flyte run --engine docker builds and runs it"


class DockerCommand:
    """The program ``docker``, and whatever daemon it leads to."""

    async def run(self, task: ContainerTask, inputs: Mapping[str, Any]) -> Any:
        """Run the command of a task once.

        :raises NotReadyError: there is no docker, its image has to be built, or a secret is not here.
        :raises RuntimeUserError: the command failed, or left an output out.
        """
        from flytectl_py.wire.command_texts import command_inputs, filled

        docker = shutil.which("docker")
        if docker is None:
            raise _lacking(
                f"the task {task.short_name} is a container, and there is no program 'docker' to run it with",
                hint="install Docker, or run it on a cluster",
            )
        files = task.data_loading_config(None)
        given = command_inputs(task.interface, inputs, files.format)
        folder = Path(tempfile.mkdtemp(prefix="flyte-command-"))
        try:
            into, out = folder / "inputs", folder / "outputs"
            await asyncio.to_thread(_stage, files, given, inputs, into, out)
            volumes = ["--volume", f"{into}:{files.input_path}", "--volume", f"{out}:{files.output_path}"]
            words = filled(task.container_args(None), given.texts)
            await _run(task, docker, [*volumes, *_options(task), _image_of(task), *words])
            return _outputs(task, out)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _lacking(message: str, hint: str) -> NotReadyError:
    """Return the error of something that is missing here: the command has not begun."""
    error = NotReadyError(message, hint=hint)
    error.before_task = True
    return error


def _image_of(task: ContainerTask) -> str:
    from flytectl_py.plan.image_plan import AUTO

    image = task.image
    if isinstance(image, str) and image != AUTO:
        return image
    if isinstance(image, Image) and not image.layers and image.base_image is not None:
        return image.base_image
    raise _lacking(f"the image of the task {task.short_name} has to be built first", hint=_ENGINE)


def _stage(files: DataLoading, given: CommandInputs, values: Mapping[str, Any], into: Path, out: Path) -> None:
    """Write the inputs of a command as files, and make the folder for its outputs."""
    from flytectl_py.model.files import Dir, File
    from flytectl_py.values.files import local_path

    into.mkdir()
    out.mkdir()
    out.chmod(0o777)  # the image's user may be anybody
    (into / given.summary).write_bytes(given.content)
    for name, text in given.texts.items():
        value, target = values.get(name), into / name
        if not isinstance(value, File | Dir):
            target.write_text(text, "utf-8")
            continue
        if files.file_input_layout == "NAMED_DIR":
            target.mkdir()
            target /= PurePosixPath(value.path).name
        if value.is_remote:
            value.download_sync(target)
        elif isinstance(value, Dir):
            shutil.copytree(local_path(value.path), target, dirs_exist_ok=True)
        else:
            shutil.copyfile(local_path(value.path), target)


async def _run(task: ContainerTask, docker: str, words: list[str]) -> None:
    """Run the container to its end; one that is not awaited any more is removed."""
    name = f"flyte-{os.urandom(6).hex()}"
    process = await asyncio.create_subprocess_exec(
        *(docker, "run", "--rm", "--name", name, *words),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=dict(os.environ), limit=_LONGEST_LINE,
    )  # fmt: skip
    last: deque[str] = deque(maxlen=_LAST_LINES)
    assert process.stdout is not None  # noqa: S101  it was asked for
    try:
        async for line in process.stdout:
            last.append(line.decode("utf-8", "replace"))
            if task.local_logs:
                sys.stdout.write(last[-1])
        code = await process.wait()
    except BaseException:
        removing = await asyncio.create_subprocess_exec(
            *(docker, "rm", "--force", name), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        await removing.wait()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    said = "".join(last).rstrip()
    if code == 125:  # docker's own, not the command's: https://docs.docker.com/engine/containers/run/#exit-status
        raise _lacking(f"docker cannot run the task {task.short_name}: {said}", hint="docker info")
    if code:
        raise RuntimeUserError("CommandFailed", f"the command of {task.short_name} ended with exit code {code}: {said}")


def _options(task: ContainerTask) -> list[str]:
    """Return a task's variables and secrets, and its cores and memory, as options of ``docker run``.

    :raises NotReadyError: a secret is not in the environment.
    """
    from flytectl_py.model.quantity import cpu_millicores, memory_bytes

    made = [word for key, value in (task.env_vars or {}).items() for word in ("--env", f"{key}={value}")]
    for secret in secrets_of(task.secrets):
        if secret.as_env_var is None or secret.as_env_var not in os.environ:
            where = secret.as_env_var or "a file, which a plain call has not"
            raise _lacking(f"the secret {secret.key} of {task.short_name} is not here, as {where}", hint=_ENGINE)
        made += ["--env", secret.as_env_var]  # docker itself reads the value, so that no command line shows it
    if task.resources is not None:
        cpu, memory = task.resources.cpu_range, task.resources.memory_range
        made += [] if cpu is None else ["--cpus", str(cpu_millicores("cpu", cpu[1]) / 1000)]
        made += [] if memory is None else ["--memory", str(memory_bytes("memory", memory[1]))]
    return made


def _outputs(task: ContainerTask, out: Path) -> Any:
    """Return the outputs that a command left as files. Files and folders are kept for whoever gets them."""
    from flytectl_py.wire.command_texts import command_outputs

    def left(name: str) -> Path:
        file = out / name
        if not file.exists():
            raise RuntimeUserError("BadOutput", f"the command of {task.short_name} left no output '{name}'")
        return file

    def kept(name: str) -> str:
        return str(shutil.move(left(name), Path(tempfile.mkdtemp(prefix="flyte-"), name)))

    try:
        return command_outputs(task.interface, lambda name: left(name).read_text("utf-8"), kept)
    except UsageError as error:
        raise RuntimeUserError("BadOutput", str(error)) from error
