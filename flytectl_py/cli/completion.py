"""`flyte completion`: prints the script that lets a shell complete `flyte`, or puts it where that shell looks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description, Word
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.errors import ConflictError, NotReadyError, UnknownNameError, UsageError, did_you_mean

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

SHELLS = ("bash", "zsh", "fish")

OPTIONS: Mapping[str, Option] = {
    "dry_run": Option(("--dry-run",), "Say where it would go; write nothing.", kind="flag"),
}

HELP = """Let bash, zsh or fish complete commands, files, tasks, their inputs and more at TAB.

Examples:
  flyte completion install  for the shell that this is typed in
  flyte completion install zsh --dry-run  where would it go?
  source <(flyte completion bash)  for this bash only

What it offers is read from files and from what is kept here; no code of yours is run, and no network is asked.
"""

WORDS: Mapping[str, Word] = {
    "bash": Word("", "Print the script for bash.", {}),
    "zsh": Word("", "Print the script for zsh.", {}),
    "fish": Word("", "Print the script for fish.", {}),
    "install": Word("[SHELL]", "Put it where the shell looks for it."),
}
DESCRIPTION = Description("completion", HELP, "bash|zsh|fish|install [SHELL]", OPTIONS, WORDS)


def command() -> Any:
    """Return the command `completion`."""
    return make_command(DESCRIPTION, _completion)


def _completion(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.cli.completion_scripts import SCRIPTS

    if not words:
        raise UsageError(
            f"which shell? flyte completion needs one of {', '.join(WORDS)}", hint="see 'flyte completion --help'"
        )
    if words[0] not in WORDS:
        raise UnknownNameError("shell", words[0], WORDS, hint="see 'flyte completion --help'")
    is_install = words[0] == "install"
    if len(words) > 1 + is_install:
        takes = WORDS[words[0]].takes or "no argument"
        raise UsageError(
            f"flyte completion {words[0]} takes {takes}, got {' '.join(words[1:])}",
            hint=f"see 'flyte completion {words[0]} --help'",
        )
    if is_install:
        _install(words[1] if len(words) > 1 else _this_shell(), bool(options.get("dry_run")), output)
        return
    if options.get("dry_run"):
        raise UsageError(f"--dry-run: 'flyte completion {words[0]}' writes nothing", where="--dry-run")
    script = SCRIPTS[words[0]]
    output.result(script.rstrip("\n"), {"shell": words[0], "script": script})


def _install(shell: str, dry_run: bool, output: Output) -> None:
    from flytectl_py.cli.completion_scripts import MARK, SCRIPTS, place

    if shell not in SHELLS:
        raise UnknownNameError(
            "shell", shell, SHELLS, hint="" if did_you_mean(shell, SHELLS) else "flyte completion install bash"
        )
    file, then = place(shell, os.environ)
    script = SCRIPTS[shell]
    try:
        there = file.read_text(encoding="utf-8", errors="replace") if os.path.lexists(file) else None
    except OSError as error:
        raise NotReadyError(f"cannot read {file}: {error.strerror}", where=str(file)) from error
    if there is not None and MARK not in there:
        raise ConflictError(
            f"{file} is there already, and is not of flyte completion",
            hint=f"move it away, or load this one yourself: flyte completion {shell}",
            where=str(file),
        )
    done, planned = ("updated", "to update") if there is not None else ("written", "to write")
    state = "current" if there == script else planned if dry_run else done
    if state == done:
        _write(file, script)
    output.note(f"{file} is there already" if state == "current" else f"{state}: {file}")
    if not dry_run:
        output.note(then)
    output.result(str(file), {"shell": shell, "path": str(file), "state": state, "dry_run": dry_run, "next": then})


def _write(file: Path, text: str) -> None:
    whole = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            whole.write_text(text, encoding="utf-8")
            whole.replace(file)
        except OSError:
            whole.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise NotReadyError(f"cannot write {file}: {error.strerror}", where=str(file)) from error


def _this_shell() -> str:
    """Return the shell that this process was started by, else the one that the person logs in with.

    :raises UsageError: it is none of those that are known.
    """
    names = [_parent(), Path(os.environ.get("SHELL", "")).name]
    for name in names:
        if name.lstrip("-") in SHELLS:
            return name.lstrip("-")
    raise UsageError(
        f"which shell? {' and '.join(filter(None, names)) or 'nothing'} is none of {', '.join(SHELLS)}",
        hint="flyte completion install bash",
        where="SHELL",
    )


def _parent() -> str:
    import subprocess

    try:
        done = subprocess.run(
            ["ps", "-o", "comm=", "-p", str(os.getppid())], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return Path(done.stdout.strip()).name
