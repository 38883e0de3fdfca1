"""Real shells on terminals of their own, and programs of Debian's packages, installed at first use."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.docker.packages import CannotRunError, cache_folder, debian_codename, locked
from tests.support.terminal import Terminal

_START: Mapping[str, tuple[str, ...]] = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
_SETTING_UP: Mapping[str, str] = {
    "bash": "PS1='> '; bind 'set bell-style none'; bind 'set show-all-if-ambiguous on'; "
    "bind 'set enable-bracketed-paste off'; shown() {{ printf '<%s>' \"$@\"; echo '[end]'; }}; source '{file}'",
    "zsh": "PS1='> '; setopt nobeep; fpath=('{folder}' $fpath); autoload -Uz compinit; compinit -u -D; "
    "shown() {{ printf '<%s>' \"$@\"; echo '[end]'; }}",
    "fish": "function fish_prompt; echo '> '; end; function shown; printf '<%s>' $argv; echo '[end]'; end; "
    "source '{file}'",
}


def needs_program(name: str, package: str = "") -> str:
    """Return the path of a program, installed from Debian's package where that can be; else the test is skipped."""
    found = shutil.which(name)
    if found is None:
        try:
            _install(package or name)
        except CannotRunError as error:
            pytest.skip(f"there is no {name} here: {error}")
        found = shutil.which(name)
    assert found is not None, f"the package holds no {name}"
    return found


def _install(package: str) -> None:
    """:raises CannotRunError: not on this machine."""
    try:
        debian_codename()
    except CannotRunError:
        raise CannotRunError("only on Debian do the tests install one") from None
    if os.geteuid() != 0:
        raise CannotRunError(f"only root can install one: apt-get install {package}")
    with locked(cache_folder().parent / "apt.lock"):
        for words in (["update"], ["install", "-y", "--no-install-recommends", package]):
            done = subprocess.run(
                ["apt-get", "-q", *words],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            if done.returncode != 0:
                raise CannotRunError(f"apt-get {' '.join(words)} failed: {done.stderr.strip()[-300:]}")


class Shell(Terminal):
    """A shell that completes `flyte`.

    :param script: the file that makes it do so; for zsh it must be called ``_flyte``.
    """

    def __init__(self, name: str, script: Path, *, cwd: Path, env: Mapping[str, str]) -> None:
        needs_program(name)
        super().__init__(_START[name], cwd=cwd, env={**env, "TERM": "xterm"}, columns=200, timeout=120)
        self.send(_SETTING_UP[name].format(file=script, folder=script.parent) + "; echo rea''dy\r")
        self.expect(r"ready\r\n")

    def completed(self, line: str) -> list[str]:
        """Type a line and TAB, and return the words that the command would get then."""
        self.send(f"{line}\t\x01shown \r")
        said = self.expect(r"<flyte>.*?\[end\]")
        return said[said.index("<flyte>") :].removesuffix("[end]").strip("<>").split("><")

    def offered(self, line: str, last: str) -> str:
        """Type a line and TAB twice, and return the screen when `last` is on it; the line is dropped then."""
        self.send(f"{line}\t\t")
        said = self.expect(last)
        self.send("\x03")
        return said
