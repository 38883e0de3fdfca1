"""Builds with what this machine has: Docker, else Podman. Which of them is found out when something must be built."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import ClassVar

from flytectl_py.builders.api import Answer, BuildRequest, BuildResult
from flytectl_py.builders.container_builder import ContainerBuilder, is_local
from flytectl_py.errors import NotReadyError


class LocalBuilder:
    """The first of several builders that works here. A registry is asked without any of them.

    :param candidates: they start nothing when they are made.
    """

    name: ClassVar[str] = "local"
    pushes: ClassVar[bool] = True

    def __init__(self, candidates: Sequence[ContainerBuilder]) -> None:
        self._candidates = candidates
        self._chosen: ContainerBuilder | None = None
        self._lock = threading.Lock()

    def refusals(self, request: BuildRequest) -> list[str]:
        return self._candidates[0].refusals(request)

    def prepare(self, request: BuildRequest) -> None:
        self._works().prepare(request)

    def exists(self, uri: str) -> Answer:
        return (self._works() if is_local(uri) else self._candidates[0]).exists(uri)

    def build(self, request: BuildRequest) -> BuildResult:
        return self._works().build(request)

    def cancel(self) -> None:
        for each in self._candidates:
            each.cancel()

    def lacking(self) -> str:
        try:
            self._works()
        except NotReadyError as error:
            return error.message
        return ""

    def _works(self) -> ContainerBuilder:
        """Return the first that works here.

        :raises NotReadyError: none does; says what was tried.
        """
        with self._lock:
            if self._chosen is None:
                tried: list[str] = []
                self._chosen = next((each for each in self._candidates if _works(each, tried.append)), None)
                if self._chosen is None:
                    raise NotReadyError(
                        f"no builder of images works here: {'; '.join(tried)}",
                        hint="start Docker or install Podman; 'flyte build --emit-dockerfile DIR' writes the Dockerfile"
                        " and its context, to build elsewhere",
                    )
            return self._chosen


def _works(builder: ContainerBuilder, lacks: Callable[[str], None]) -> bool:
    lacking = builder.lacking()
    if lacking:
        lacks(lacking)
    return not lacking
