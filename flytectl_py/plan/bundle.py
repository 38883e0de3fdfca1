"""The plan of a code bundle: which files travel and why, what was left out and by which rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.errors import UsageError, did_you_mean

CopyStyle = Literal["auto", "loaded_modules", "all", "none"]
COPY_STYLES: Final = ("auto", "loaded_modules", "all", "none")
"""``auto`` is ``loaded_modules``."""

MIB = 1024 * 1024
SOFT_LIMIT: Final = 50 * MIB
"""Bytes of files from which a bundle is warned of: every run sends and unpacks it."""
HARD_LIMIT: Final = 2048 * MIB
"""Bytes of files above which it is taken for a mistake."""


class Candidate(NamedTuple):
    """A file that is to travel: its POSIX path relative to the root, its size in bytes, and why."""

    path: str
    size: int
    why: str


class Left(NamedTuple):
    """A file, or a folder with all that is in it, that is left out.

    :param rule: ``file:line`` of an ignore file, ``built-in: name``, ``credentials: what``, or another reason.
    """

    path: str
    rule: str
    is_dir: bool = False


class Include(NamedTuple):
    """One name to include, as it was written.

    :param anchor: the folder that it is relative to. :param declared: who says so, for messages.
    """

    text: str
    anchor: str
    declared: str


class BundlePlan(NamedTuple):
    """What travels: shown, hashed and packed from this one object.

    :param root: absolute; what the paths are relative to.
    :param copy_style: ``loaded_modules``, ``all`` or ``none``.
    :param whys: the reason of each file, by path.
    :param warnings: one sentence each, with the place and the remedy.
    :param target: what was asked to travel: a file or a folder, relative to the root, or the name of a packed task.
    """

    root: str
    copy_style: str
    manifest: Manifest
    whys: dict[str, str]
    excluded: tuple[Left, ...]
    warnings: tuple[str, ...]
    target: str = ""

    @property
    def digest(self) -> str:
        """The bundle's name: 64 hexadecimal digits."""
        return self.manifest.digest

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """The files in the order of their paths."""
        return self.manifest.entries

    @property
    def summary(self) -> str:
        """One line: ``37 files, 214 KiB; 412 left out (.venv 1, .gitignore 411)``."""
        line = shown_amount(self.manifest)
        return f"{line}; {left_out_summary(self.excluded)}" if self.excluded else line


def left_out_summary(excluded: Sequence[Left]) -> str:
    """Return ``412 left out (.venv 1, .gitignore 411)``; a folder that was not entered counts as one."""
    groups = Counter(_group(each) for each in excluded)
    listed = ", ".join(f"{name} {count:,}" for name, count in groups.most_common())
    return f"{len(excluded):,} left out ({listed})"


def _group(left: Left) -> str:
    if left.rule.startswith("built-in: "):
        return left.path.rpartition("/")[2]
    if left.rule.startswith("credentials"):
        return "credentials"
    place, colon, line = left.rule.rpartition(":")
    if colon and line.isdigit():
        return place.rpartition("/")[2]
    return left.rule.partition(",")[0].partition(" to ")[0]


def look_alikes(paths: Iterable[str]) -> list[str]:
    """Return a warning for each two paths that differ only by case or Unicode form, which some file systems ignore."""
    from unicodedata import normalize

    first: dict[str, str] = {}
    found = []
    for path in sorted(paths):
        other = first.setdefault(path.lower() if path.isascii() else normalize("NFC", path).casefold(), path)
        if other != path:
            found.append(f"'{other}' and '{path}' are one file where case and Unicode form of names do not count")
    return found


def checked_copy_style(style: str, where: str) -> str:
    """Return the copy style that `style` stands for; ``auto`` is ``loaded_modules``.

    :param where: the option or parameter, for the error.
    :raises UsageError: there is no such style.
    """
    name = style.replace("-", "_")
    if name not in COPY_STYLES:
        raise UsageError(
            f"{where}: no copy style '{style}'; it takes {', '.join(COPY_STYLES)}",
            hint=did_you_mean(style, COPY_STYLES),
            where=where,
        )
    return "loaded_modules" if name == "auto" else name


def shown_amount(manifest: Manifest) -> str:
    """Return how much there is in a bundle: ``37 files, 214 KiB``."""
    count = len(manifest)
    return f"{count:,} file{'s' if count != 1 else ''}, {shown_size(manifest.total_bytes)}"


def shown_size(size: int) -> str:
    """Return a size as a person reads it: ``0 B``, ``214 KiB``, ``1.4 MiB``."""
    if size < 1024:
        return f"{size} B"
    value = size / 1024
    for unit in ("KiB", "MiB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def check_size(candidates: Iterable[Candidate]) -> str:
    """Return a warning when the files are more than the soft limit, else an empty string.

    :raises UsageError: they are more than the hard limit; names the ten heaviest folders.
    """
    files = list(candidates)
    total = sum(each.size for each in files)
    if total <= SOFT_LIMIT:
        return ""
    heaviest = _heaviest(files)
    ignore = f"echo '/{heaviest[0][0]}' >> .flyteignore"
    listed = "".join(f"\n  {shown_size(size):>9}  {name}" for name, size in heaviest)
    if total > HARD_LIMIT:
        raise UsageError(
            f"the bundle would hold {shown_size(total)} in {len(files):,} files, and the limit is "
            f"{shown_size(HARD_LIMIT)}; the heaviest:{listed}",
            hint=f"leave out what is not code, e.g.: {ignore}; data belongs into a flyte.io.File or Dir",
        )
    name, size = heaviest[0]
    return (
        f"the bundle holds {shown_size(total)}, more than {shown_size(SOFT_LIMIT)}, and is sent whenever it changes; "
        f"{name} is {shown_size(size)} of it: if it is not code, {ignore}"
    )


def _heaviest(files: Iterable[Candidate]) -> list[tuple[str, int]]:
    """Return the ten folders (or files of the root) that hold the most themselves, with their sizes in bytes.

    A folder counts what lies in it directly or up to the second level, so that neither the root nor a thousand leaves
    are named.
    """
    sizes: Counter[str] = Counter()
    for path, size, _ in files:
        parts = path.split("/")
        sizes["/".join(parts[:2]) + "/" if len(parts) > 2 else f"{parts[0]}/" if len(parts) == 2 else path] += size
    return sizes.most_common(10)
