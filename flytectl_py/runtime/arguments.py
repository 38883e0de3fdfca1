"""What `a0` is told: the arguments of its command line and the variables that the cluster sets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flytectl_py.errors import UsageError, did_you_mean
from flytectl_py.model.context import ActionID
from flytectl_py.wire.arguments import HYBRID_VARIABLE

# The options of the images' command, by their long name; the short ones are aliases.
OPTIONS = {
    "--inputs": "where the inputs are, a flyteidl2.task.Inputs",
    "--outputs-path": "the folder that gets outputs.pb or error.pb, and report.html",
    "--version": "the version of the task",
    "--run-base-dir": "the folder of the run",
    "--raw-data-path": "the folder that gets the data of files, folders and tables",
    "--checkpoint-path": "the folder for checkpoints",
    "--prev-checkpoint": "the checkpoint of the attempt before",
    "--run-name": "the name of the run",
    "--name": "the name of the action",
    "--run-start-time": "when the run started",
    "--project": "the run's project",
    "--domain": "the run's domain",
    "--org": "the run's organization",
    "--image-cache": "the images of all environments, gzipped JSON in base64",
    "--tgz": "where the code bundle is",
    "--pkl": "where the pickled task is",
    "--dest": "the folder that gets the code",
    "--resolver": "what finds the task; its own arguments stand at the end",
    "--debug": "accepted and ignored",
    "--interactive-mode": "accepted and ignored",
}
SHORT = {
    "-i": "--inputs",
    "-o": "--outputs-path",
    "-v": "--version",
    "-r": "--raw-data-path",
    "-c": "--checkpoint-path",
    "-p": "--prev-checkpoint",
}
UMASK_VARIABLE = "FLYTE_UMASK"
"""What must not be permitted on files that are made, where a store is a folder that others share; octal."""
_REQUIRED = ("--inputs", "--outputs-path", "--version")


class Invocation(NamedTuple):
    """Everything that one start of `a0` is given. Texts that were not given are empty.

    `endpoint` and `api_key` lead to the control plane, which only a task that calls tasks needs; `use_actions` says
    that it takes children through its ActionsService. `sys_path` holds folders relative to `dest`. `attempt` counts
    from 1. `hybrid` is set where the task runs outside of the cluster, with its code in `dest` already: the variables
    that its children get besides those of their environments. `umask` is for files that are made.
    """

    inputs: str
    outputs_path: str
    version: str
    run_base: str
    raw_data_path: str
    checkpoint_path: str
    prev_checkpoint: str
    run_name: str
    action: str
    run_start_time: str
    project: str
    domain: str
    org: str
    image_cache: str
    tgz: str
    pkl: str
    dest: str
    resolver: str
    resolver_arguments: tuple[str, ...]
    endpoint: str
    insecure: bool
    api_key: str
    use_actions: bool
    sys_path: tuple[str, ...]
    attempt: int
    hybrid: Mapping[str, str] | None = None
    umask: int | None = None

    @property
    def action_id(self) -> ActionID:
        return ActionID(self.action, self.run_name, self.project, self.domain, self.org)


def read_arguments(arguments: Sequence[str], environ: Mapping[str, str]) -> Invocation:
    """Read the command line, and from the environment what it leaves out.

    :raises UsageError: an option is missing, unknown or without its value, or holds a template that was not filled in;
        or a variable is wrong.
    """
    given, rest = _split(arguments)
    missing = [name for name in _REQUIRED if not given.get(name)]
    if not given.get("--resolver") and not given.get("--pkl"):
        missing.append("--resolver (or --pkl)")
    if missing:
        raise UsageError(f"a0 needs {', '.join(missing)}", hint="a0 --help lists its options")
    unfilled = [f"{name} {value}" for name, value in given.items() if value.startswith("{{.")]
    if unfilled:
        raise UsageError(
            f"these templates were not filled in: {', '.join(unfilled)}",
            hint="the cluster does that when it starts the container; give real values to try it by hand",
        )

    def value(option: str, variable: str = "") -> str:
        found = given.get(option) or (environ.get(variable, "") if variable else "")
        return "" if found == '""' else found  # An empty value reaches some shells as two quotes.

    outputs_path = value("--outputs-path").rstrip("/")
    return Invocation(
        inputs=value("--inputs"),
        outputs_path=outputs_path,
        version=value("--version"),
        run_base=(value("--run-base-dir", "_U_RUN_BASE") or outputs_path).rstrip("/"),
        raw_data_path=(value("--raw-data-path") or f"{outputs_path}/raw").rstrip("/"),
        checkpoint_path=value("--checkpoint-path"),
        prev_checkpoint=value("--prev-checkpoint"),
        run_name=value("--run-name", "RUN_NAME"),
        action=value("--name", "ACTION_NAME"),
        run_start_time=value("--run-start-time"),
        project=value("--project", "FLYTE_INTERNAL_EXECUTION_PROJECT"),
        domain=value("--domain", "FLYTE_INTERNAL_EXECUTION_DOMAIN"),
        org=value("--org", "_U_ORG_NAME"),
        image_cache=value("--image-cache"),
        tgz=value("--tgz"),
        pkl=value("--pkl"),
        dest=value("--dest") or ".",
        resolver=value("--resolver"),
        resolver_arguments=tuple(rest),
        endpoint=environ.get("_U_EP_OVERRIDE", ""),
        insecure=_is_true(environ.get("_U_INSECURE", "")),
        api_key=environ.get("_UNION_EAGER_API_KEY", ""),
        use_actions=_is_true(environ.get("_U_USE_ACTIONS", "")),
        sys_path=tuple(environ.get("_F_SYS_PATH", "").split(":")),
        attempt=_attempt(environ, outputs_path),
        hybrid=_hybrid(environ.get(HYBRID_VARIABLE, "")),
        umask=_umask(environ.get(UMASK_VARIABLE, "")),
    )


def outputs_path_in(arguments: Sequence[str]) -> str:
    """Return the value of ``--outputs-path``, also where the rest cannot be read; empty when it is not there."""
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in {"--outputs-path", "-o"}:
            found = value if equals else "".join(arguments[index + 1 : index + 2])
            return "" if found.startswith("{{.") else found.rstrip("/")
    return ""


def usage() -> str:
    """Return what ``a0 --help`` prints."""
    width = max(map(len, OPTIONS))
    options = "\n".join(f"  {name:{width}}  {text}" for name, text in OPTIONS.items())
    return (
        "Usage: a0 [OPTIONS] --resolver NAME [ARGUMENTS OF THE RESOLVER]...\n\n"
        "Runs one action of a run inside its container and writes outputs.pb or error.pb.\n"
        f"Clusters start it; people use `flyte run`.\n\nOptions:\n{options}\n"
    )


def _split(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the options by long name, and everything that is none."""
    given: dict[str, str] = {}
    rest: list[str] = []
    waiting = list(reversed(arguments))
    while waiting:
        argument = waiting.pop()
        if argument == "--":
            return given, [*rest, *reversed(waiting)]
        if not argument.startswith("-") or argument == "-":
            rest.append(argument)
            continue
        name, equals, value = argument.partition("=")
        name = SHORT.get(name, name)
        if name not in OPTIONS:
            raise UsageError(f"a0 has no option {name}", hint=did_you_mean(name, OPTIONS) or "a0 --help lists them")
        if not equals:
            if not waiting:
                raise UsageError(f"{name} needs a value", hint="a0 --help lists the options")
            value = waiting.pop()
        given[name] = value
    return given, rest


def _is_true(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "t", "yes", "y", "on"}


def _hybrid(text: str) -> Mapping[str, str] | None:
    if not text:
        return None
    import json

    try:
        return {str(name): str(value) for name, value in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise UsageError(
            f"{HYBRID_VARIABLE} is no JSON object: {error}", hint="unset it; a hybrid run sets it"
        ) from error


def _attempt(environ: Mapping[str, str], outputs_path: str) -> int:
    counted = environ.get("FLYTE_ATTEMPT_NUMBER", "")
    if counted.isdecimal():
        return int(counted) + 1
    last = outputs_path.rpartition("/")[2]
    return int(last) if last.isdecimal() and 0 < len(last) < 6 else 1


def _umask(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-7]{1,4}", text):
        raise UsageError(f"{UMASK_VARIABLE}: got '{text}'; it takes octal digits, such as 002", where=UMASK_VARIABLE)
    return int(text, 8)
