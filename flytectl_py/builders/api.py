"""What every builder of images does, what it is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Literal, NamedTuple, Protocol

from flytectl_py.model.image_arguments import Architecture
from flytectl_py.plan.image import ImagePlan


class Existence(Enum):
    """What a registry says of an image. Only `EXISTS` saves a build: what is not known is never taken for it."""

    EXISTS = "exists"
    ABSENT = "absent"
    NO_REPOSITORY = "no such repository"
    NOT_ALLOWED = "not allowed"
    UNREACHABLE = "unreachable"


class Answer(NamedTuple):
    """One answer about one URI.

    :param message: a sentence for a person: what was asked, and what came back.
    :param hint: what to do next. :param digest: ``sha256:…`` where it exists and that is known.
    :param notes: what it does not have of what its plan says, one sentence each.
    """

    uri: str
    existence: Existence
    message: str
    hint: str = ""
    digest: str = ""
    notes: tuple[str, ...] = ()


def ignore_progress(line: str) -> None:
    """Say nothing."""
    del line


@dataclass(frozen=True)
class BuildRequest:
    """One image to build.

    :param push: to its registry; otherwise it stays with the daemon (or in `output`).
    :param platforms: those to build; by default all of the plan.
    :param also: further URIs under which the same image is tagged, and pushed if `push`.
    :param secrets: the values, by the ids of ``plan.secrets``; never written into the image, a log or a command line.
    :param output: the folder into which the builder ``dockerfile`` writes.
    :param no_cache: use nothing that earlier builds left.
    :param progress: is told each line of the build as it comes.
    """

    plan: ImagePlan
    push: bool = False
    platforms: tuple[Architecture, ...] = ()
    also: tuple[str, ...] = ()
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    output: str = ""
    no_cache: bool = False
    progress: Callable[[str], None] = ignore_progress


class BuildResult(NamedTuple):
    """What came of a request.

    :param state: ``built``; ``written`` where only the context and the Dockerfile were.
    :param digest: ``sha256:…`` of what was pushed, if known.
    :param platforms: those that the image has now.
    """

    uri: str
    state: Literal["built", "written"]
    platforms: tuple[Architecture, ...]
    seconds: float
    digest: str = ""
    notes: tuple[str, ...] = ()


class Builder(Protocol):
    """Builds images. Made without arguments; nothing is started or asked before a method is called.

    Methods may be called from several threads at once.
    """

    name: ClassVar[str]
    """As in ``--builder NAME``."""

    pushes: ClassVar[bool]
    """Whether it can push: without, requests never ask for it."""

    def refusals(self, request: BuildRequest) -> list[str]:
        """Return what of a request this builder cannot honour, one sentence each; empty when it can do it all.

        Asks nothing of the network or a daemon. Whoever builds refuses a request with refusals: none is ignored.
        """

    def prepare(self, request: BuildRequest) -> None:
        """Check in the first second what would fail late: the daemon, the base and its platforms, the push rights.

        :raises NotReadyError: the surroundings lack something; says what was tried.
        :raises UsageError: the base lacks a platform.
        """

    def exists(self, uri: str) -> Answer:
        """Ask whether an image exists: its registry, or for a URI without one the builder's own store.

        Never raises for what a registry or a network does: that is what the answers are for.
        """

    def build(self, request: BuildRequest) -> BuildResult:
        """Build one image, and push it if asked. The context is exactly ``plan.files``, verified by hash.

        :raises ImageBuildError: a step failed; the message has its output and the layer of the declaration.
        :raises NotReadyError: the builder cannot work here.
        :raises FileChangedError: a file is not any more what was hashed.
        """

    def cancel(self) -> None:
        """Stop the builds that run; called from another thread, for good. No image is left half tagged."""

    def lacking(self) -> str:
        """Return why this builder cannot work here, in a sentence; empty when it can."""
