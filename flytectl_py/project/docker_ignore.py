"""Files in the form of ``.dockerignore``: which paths below a folder they leave out.

The format is Docker's: https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

FILE = ".dockerignore"


@dataclass(frozen=True, slots=True)
class DockerIgnore:
    """One file. :param place: as it is shown. :param patterns: line, whether it leaves out, expression; last first."""

    place: str
    patterns: tuple[tuple[int, bool, re.Pattern[str]], ...]

    def excluded_by(self, path: str) -> str:
        """Return ``file:line`` of the line that leaves `path` out, or an empty string.

        The last line that matches the path, or a folder that it lies in, decides. A folder (with ``/`` at its end) from
        which a later line takes something back is not left out as a whole.
        """
        is_folder = path.endswith("/")
        if is_folder and any(not leaves_out for _, leaves_out, _ in self.patterns):
            return ""
        bare = path.rstrip("/")
        candidates = [bare]
        while "/" in candidates[-1]:
            candidates.append(candidates[-1].rpartition("/")[0])
        for line, leaves_out, pattern in self.patterns:
            if any(pattern.fullmatch(each) for each in candidates):
                return f"{self.place}:{line}" if leaves_out else ""
        return ""


def parse(text: str, place: str) -> DockerIgnore:
    """Return what a file says.

    :raises ValueError: a pattern that Docker refuses; the message has its line.
    """
    patterns = []
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = raw.strip()
        if not line or raw.startswith("#"):
            continue
        leaves_out = not line.startswith("!")
        pattern = line.removeprefix("!").strip()
        if not pattern:
            raise ValueError(f"line {number} is '!' and nothing else")
        cleaned = posixpath.normpath(pattern).lstrip("/")
        if cleaned == ".":
            continue  # Docker, too, never leaves out everything this way.
        try:
            patterns.append((number, leaves_out, re.compile(_expression(cleaned), re.DOTALL)))
        except (re.error, IndexError) as error:
            raise ValueError(f"line {number} is no pattern: {line}") from error
    return DockerIgnore(place, tuple(reversed(patterns)))


def _expression(pattern: str) -> str:
    expression, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**", at):
            at += 2
            if pattern.startswith("/", at):
                at += 1
                expression += "(?:.*/)?"
            else:
                expression += ".*"
            continue
        char = pattern[at]
        if char == "[":
            end = pattern.index("]", at + 1) if "]" in pattern[at + 1 :] else len(pattern)
            expression += pattern[at : end + 1]
            at = end
        elif char == "\\":
            at += 1
            expression += re.escape(pattern[at])
        else:
            expression += {"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char)
        at += 1
    return expression
