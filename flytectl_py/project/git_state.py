"""The git commit that a project is at, read from git's own files, and whether files differ from it, asked of git."""

from __future__ import annotations

import os

_ASK = (
    'git -C "$1" --no-optional-locks status --porcelain --untracked-files=no -- . >"$2.part" 2>/dev/null </dev/null'
    ' && mv "$2.part" "$2" || rm -f "$2.part"'
)


def commit_of(folder: str) -> str | None:
    """Return the commit that is checked out in the working tree around `folder`, None outside git.

    It is empty before the first commit.
    """
    while True:
        found = os.path.join(folder, ".git")
        if os.path.exists(found):
            return _head(found)
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def ask_for_changes(folder: str, answer: str) -> int | None:
    """Let git write what differs from its commit below `folder` into the file `answer`, empty where nothing does.

    Nobody waits for it: in a large tree it takes git seconds. Returns the process to reap once it is convenient.
    """
    # The process is its shell's child, not ours: it goes on when we end. -s and the like are no options of ours.
    command = ["sh", "-c", f"({_ASK}) >/dev/null 2>&1 &", "sh", folder, answer]
    try:
        return os.posix_spawnp("sh", command, os.environ)
    except (OSError, AttributeError):
        return None  # No shell, or not that kind of system: then nobody knows.


def reap(process: int) -> None:
    """Take notice that `process`, of `ask_for_changes`, has ended, if it has."""
    try:
        os.waitpid(process, os.WNOHANG)
    except ChildProcessError:
        return  # The user's code has waited for all its children, ours among them.


def shared_git_folder(git: str) -> str:
    """Return the folder with what all working trees of a repository share, by the ``.git`` of one of them."""
    git = _git_folder(git)
    return os.path.normpath(os.path.join(git, _line(os.path.join(git, "commondir")) or "."))


def _git_folder(git: str) -> str:
    if not os.path.isfile(git):
        return git
    # A further working tree, or a submodule.
    return os.path.join(os.path.dirname(git), _line(git).removeprefix("gitdir:").strip())


def _head(git: str) -> str:
    """Return the commit that HEAD names, by the layout that gitrepository-layout(5) describes."""
    git = _git_folder(git)
    head = _line(os.path.join(git, "HEAD"))
    if not head.startswith("ref:"):
        return head
    ref = head.removeprefix("ref:").strip()
    shared = shared_git_folder(git)
    return _line(os.path.join(git, ref)) or _line(os.path.join(shared, ref)) or _packed(shared, ref)


def _packed(git: str, ref: str) -> str:
    for line in _text(os.path.join(git, "packed-refs")).splitlines():
        sha, _, name = line.partition(" ")
        if name == ref:
            return sha
    return ""


def _line(file: str) -> str:
    return _text(file).partition("\n")[0].strip()


def _text(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as opened:
            return opened.read()
    except OSError:
        return ""
