"""Requirements as text: which distribution one names, and which files a requirements file leads to."""

from __future__ import annotations

import re
from typing import NamedTuple

FLYTE = "flyte"
"""The distribution whose import name is ours too: it is left out of images, where ours goes in."""


class Line(NamedTuple):
    """One line of a requirements file that matters here.

    :param kind: ``file`` names another file of requirements or constraints; ``local`` a path to install; ``package``.
    """

    kind: str
    text: str
    number: int


def normal_name(name: str) -> str:
    """Return a distribution's name in the one form that the packaging standards compare: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    """Return the normal name of the distribution that a requirement asks for; empty for a path or a URL."""
    match = re.match(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?=$|[\[<>=!~;@(\s])", requirement)
    return normal_name(match[1]) if match and "://" not in requirement.partition("@")[0] else ""


def asks_for_flyte(requirements: tuple[str, ...] | list[str]) -> bool:
    """Whether one of some requirements is the distribution `flyte`."""
    return any(name_of(each) == FLYTE for each in requirements)


def read_lines(text: str) -> list[Line]:
    """Return the lines of a requirements file; its format: https://pip.pypa.io/en/stable/reference/requirements-file-format"""
    found: list[Line] = []
    joined, start = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        start = number if not joined else start
        joined += raw
        if joined.endswith("\\") and not raw.lstrip().startswith("#"):
            joined = joined[:-1]
            continue
        line = re.sub(r"(^|\s+)#.*$", "", joined).strip()
        joined = ""
        if line:
            found += _line(line, start)
    return found


def _line(line: str, number: int) -> list[Line]:
    if match := re.match(r"(?:-r|-c|--requirement|--constraint)(?:\s+|=|(?<=-[rc]))\s*(\S+)", line):
        return [Line("file", match[1], number)]
    if match := re.match(r"(?:-e|--editable)(?:\s+|=)\s*(\S+)", line):
        return [] if "://" in match[1] and not match[1].startswith("file:") else [Line("local", match[1], number)]
    if line.startswith("-"):
        return []
    _, at, url = line.partition("@")
    if at and url.strip().startswith("file:"):
        return [Line("local", url.strip(), number)]
    if line.startswith((".", "/", "file:")) or (not name_of(line) and "://" not in line):
        return [Line("local", line, number)]
    return [Line("package", line, number)]
