"""What the plan of an image asks of the disk, and who answers; and what a layer has become once that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from flytectl_py.digest.framing import Value
from flytectl_py.digest.image_tag import files_digest
from flytectl_py.digest.manifest import FileEntry
from flytectl_py.model.layers import CodeStyle, ImageFault
from flytectl_py.model.secret import Secret
from flytectl_py.model.world import FileProbe
from flytectl_py.plan.image import ContextFile


@dataclass(frozen=True)
class OwnDistribution:
    """This project as it is installed.

    :param version: such as ``1.2.0``. :param released: an index has this very version: it was installed from there.
    """

    version: str
    released: bool


class Sources(FileProbe, Protocol):
    """Reads the files that an image mentions. Relative paths count from the declaration's folder first."""

    def absolute(self, path: str) -> str:
        """Return the absolute path of what is meant by `path`, whether or not it is there."""

    def content(self, path: str) -> bytes:
        """Return a file's bytes.

        :raises UsageError: it cannot be read.
        """

    def file(self, path: str) -> ContextFile:
        """Return a file under its own name, hashed.

        :raises UsageError: it cannot be read.
        """

    def folder(
        self, path: str, *, ignore_files: tuple[str, ...] = (), git: bool = False, everything: bool = False
    ) -> tuple[ContextFile, ...]:
        """Return the files of a folder, hashed, by their paths in it, but for what the ignore rules leave out.

        :param ignore_files: in the form of ``.dockerignore``, beside the one in the folder.
        :param git: .gitignore counts as well.
        :param everything: no rule counts but those of the ignore files: the folder of a user's own Dockerfile.
        """

    def copied(self, path: str, style: CodeStyle) -> tuple[ContextFile, ...]:
        """Return the files of a folder that an image of Flyte 1 gets of it, hashed, by their paths in it."""

    def own_distribution(self) -> OwnDistribution:
        """Return what is running."""

    def own_wheel(self) -> ContextFile:
        """Return this project as a wheel, made from the files that are installed."""


@dataclass(frozen=True)
class Resolved:
    """A layer whose files are known.

    :param kind: as in the tag. :param fields: all that its instructions depend on, as in the tag.
    :param files: by their paths in the layer's own folder of the context.
    :param wants_flyte: it asks for the distribution `flyte`, which is left out of it: ours goes in.
    :param installs: it installs Python packages.
    """

    kind: str
    declared_by: str
    fields: Mapping[str, Value]
    files: tuple[ContextFile, ...] = ()
    secrets: tuple[Secret, ...] = ()
    wants_flyte: bool = False
    installs: bool = False
    warnings: tuple[str, ...] = ()


class FaultyLayer(Exception):
    """What is wrong with the files of a layer; collected, so that all faults of an image are said at once."""

    def __init__(self, layer: str, path: str, problem: str) -> None:
        super().__init__(f"{layer}: {path} {problem}")
        self.fault = ImageFault(layer, path, problem)


def digest_of(files: tuple[ContextFile, ...]) -> str:
    """Return how files enter the tag."""
    return files_digest(FileEntry(each.path, each.executable, each.size, each.sha256) for each in files)


def made_file(path: str, content: bytes) -> ContextFile:
    """Return a file of the context that is made here."""
    import hashlib

    return ContextFile(path, False, len(content), hashlib.sha256(content).hexdigest(), "", content)  # noqa: FBT003


def moved(files: tuple[ContextFile, ...], folder: str) -> tuple[ContextFile, ...]:
    """Return files with their paths below `folder`; an empty one leaves them as they are."""
    from dataclasses import replace

    return tuple(replace(each, path=f"{folder}/{each.path}") for each in files) if folder else files
