"""Builds what its registry does not have: each image once, side by side where they differ."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from flytectl_py.builders.api import Answer, Builder, BuildRequest, BuildResult, Existence
from flytectl_py.errors import InvalidImageError, NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
R = TypeVar("R")

MOST_AT_ONCE = 4
"""Builds at the same time: the daemon shares its work among them, and each of their steps may use all processors."""


@dataclass(frozen=True)
class Built:
    """What came of one image. `result` is None where it was there already."""

    uri: str
    state: Literal["present", "built", "written"]
    answer: Answer | None = None
    result: BuildResult | None = None


def build_missing(builder: Builder, requests: Iterable[BuildRequest], *, force: bool = False) -> dict[str, Built]:
    """Build the images that are not there yet, by URI. Two requests for one URI are one image.

    Everything is checked before the first build begins. When one build fails, or on Ctrl-C, the others are stopped.

    :param force: ask nobody whether they are there.
    :raises InvalidImageError: the builder cannot honour a request.
    :raises NotReadyError: a registry does not say whether an image exists, or the builder cannot work here.
    :raises FlyteError: whatever else `Builder.prepare` and `Builder.build` raise.
    """
    distinct = _distinct(requests)
    for request in distinct:
        if refusals := builder.refusals(request):
            raise InvalidImageError(f"image {request.plan.uri}", refusals)
    asked = [] if force else distinct
    answers = dict(zip((each.plan.uri for each in asked), _each(lambda r: _asked(builder, r), asked), strict=True))
    wanted = [each for each in distinct if not _is_there(answers.get(each.plan.uri))]
    _each(builder.prepare, wanted)
    done = dict(zip((each.plan.uri for each in wanted), _stopping(builder, wanted), strict=True))
    return {
        uri: Built(uri, done[uri].state, answers.get(uri), done[uri])
        if uri in done
        else Built(uri, "present", answers.get(uri))
        for uri in (request.plan.uri for request in distinct)
    }


def _distinct(requests: Iterable[BuildRequest]) -> list[BuildRequest]:
    """Return one request for each URI, with the further names of all that are for it."""
    found: dict[str, BuildRequest] = {}
    for request in requests:
        first = found.setdefault(request.plan.uri, request)
        also = tuple(dict.fromkeys((*first.also, *request.also)))
        found[request.plan.uri] = replace(first, also=also)
    return list(found.values())


def _asked(builder: Builder, request: BuildRequest) -> Answer:
    """Ask for an image, and its further names: it is there where all are.

    :raises NotReadyError: nobody can say, and it would have to be pushed to where nobody answers.
    """
    answer = builder.exists(request.plan.uri)
    for uri in request.also:
        if answer.existence is Existence.EXISTS:
            answer = builder.exists(uri)
    unknown = answer.existence in {Existence.NOT_ALLOWED, Existence.UNREACHABLE}
    if unknown and request.push:
        raise NotReadyError(answer.message, hint=answer.hint)
    return answer


def _is_there(answer: Answer | None) -> bool:
    return answer is not None and answer.existence is Existence.EXISTS


def _stopping(builder: Builder, requests: Sequence[BuildRequest]) -> list[BuildResult]:
    return _each(builder.build, requests, stop=builder.cancel)


def _each(do: Callable[[T], R], items: Sequence[T], stop: Callable[[], None] | None = None) -> list[R]:
    """Return what `do` returns for each item, some at a time. The first to fail is raised, after all have ended.

    :param stop: makes those that run end early.
    """
    if len(items) < 2:
        return [do(item) for item in items]
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    with ThreadPoolExecutor(min(len(items), MOST_AT_ONCE, (os.cpu_count() or 1) * 2), "flyte-image") as pool:
        futures = [pool.submit(do, item) for item in items]
        try:
            ended, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = next((each.exception() for each in futures if each in ended and each.exception()), None)
        except BaseException:
            _give_up(futures, stop)
            raise
        if failed is not None:
            _give_up(futures, stop)
            raise failed
    return [future.result() for future in futures]


def _give_up(futures: Sequence[_Cancellable], stop: Callable[[], None] | None) -> None:
    for future in futures:
        future.cancel()
    if stop is not None:
        stop()


if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import Any

    _Cancellable = Future[Any]
