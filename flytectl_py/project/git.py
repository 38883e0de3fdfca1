"""What git says of the code of a project: the commit that is checked out, and where it can be read on the web."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_SECONDS = 5.0
_SCP_LIKE = re.compile(r"(?:[^@/\s]+@)?([^:/\s]+):(?!//)([^\s]+)")
_URL = re.compile(r"(?:https?|ssh|git)://(?:[^@/\s]*@)?([^/:\s]+)(?::(\d+))?/(\S+)")


class Commit(NamedTuple):
    """The commit that is checked out.

    :param top: the top of the working tree, absolute. :param sha: 40 (or 64) hexadecimal digits.
    :param url: the address of the top folder at that commit on the web; empty where that is not known.
    """

    top: str
    sha: str
    url: str


def commit_of(folder: Path) -> Commit | None:
    """Return the commit that is checked out in `folder`; None outside git, before the first commit, or without git.

    Git is asked twice; the network is not.
    """
    said = _git(folder, "rev-parse", "--show-toplevel", "HEAD")
    if said is None or len(said) != 2:
        return None
    top, sha = said
    remote = _git(folder, "config", "--get", "remote.origin.url")
    return Commit(top, sha, web_address(remote[0], sha) if remote else "")


def web_address(remote: str, sha: str) -> str:
    """Return where the files of a commit can be read, by the URL that git fetches from; empty where that is not known.

    What stands before the host, as a user or a token, is left out.
    """
    match = _URL.fullmatch(remote)
    if match is not None:
        host, port, path = match.groups()
        host = f"{host}:{port}" if port and remote.startswith("http") else host
    else:
        match = _SCP_LIKE.fullmatch(remote)
        if match is None:
            return ""
        host, path = match.groups()
    path = path.strip("/").removesuffix(".git")
    if not path or not ("." in host or ":" in host):
        return ""
    folder = "-/blob" if "gitlab" in host else "src" if "bitbucket" in host else "blob"
    return f"https://{host}/{path}/{folder}/{sha}"


def _git(folder: Path, *words: str) -> list[str] | None:
    """Return the lines that git prints, or None where it fails or is not there."""
    import subprocess

    try:
        ended = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, timeout=_SECONDS, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return ended.stdout.splitlines() if ended.returncode == 0 else None
