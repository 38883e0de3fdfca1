"""Building what is missing, with a builder that only keeps books."""

from __future__ import annotations

import threading
import time
from typing import ClassVar

import pytest

from flytectl_py.builders.api import Answer, BuildRequest, BuildResult, Existence
from flytectl_py.builders.building import build_missing
from flytectl_py.errors import ImageBuildError, InvalidImageError, NotReadyError
from flytectl_py.plan.image import ImagePlan


class Books:
    """Builds nothing, slowly, and remembers what it was asked."""

    name: ClassVar[str] = "books"
    pushes: ClassVar[bool] = True

    def __init__(self, there: tuple[str, ...] = (), failing: str = "", answers: Existence = Existence.ABSENT) -> None:
        self.there = there
        self.failing = failing
        self.answers = answers
        self.calls: list[str] = []
        self.most = 0
        self.running = 0
        self.stopped = threading.Event()
        self.lock = threading.Lock()

    def refusals(self, request: BuildRequest) -> list[str]:
        return ["it cannot do that"] if request.plan.uri == "odd:v1" else []

    def prepare(self, request: BuildRequest) -> None:
        self.calls.append(f"prepare {request.plan.uri}")
        if request.plan.uri == "unready:v1":
            raise NotReadyError("no daemon")

    def exists(self, uri: str) -> Answer:
        self.calls.append(f"exists {uri}")
        return Answer(uri, Existence.EXISTS if uri in self.there else self.answers, f"about {uri}", "a hint")

    def build(self, request: BuildRequest) -> BuildResult:
        uri = request.plan.uri
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
            self.calls.append(f"build {uri}")
        if uri == self.failing:
            raise ImageBuildError(f"{uri} failed")
        began = time.monotonic()
        if self.stopped.wait(5 if self.failing else 0.15):
            raise ImageBuildError("stopped")
        with self.lock:
            self.running -= 1
        return BuildResult(uri, "built", (), time.monotonic() - began)

    def cancel(self) -> None:
        self.stopped.set()

    def of(self, verb: str) -> list[str]:
        return sorted(call.partition(" ")[2] for call in self.calls if call.startswith(verb))


def _requests(*uris: str, push: bool = True) -> list[BuildRequest]:
    return [BuildRequest(ImagePlan(uri), push=push) for uri in uris]


def test_each_image_is_built_once_side_by_side() -> None:
    builder = Books()
    built = build_missing(builder, _requests("a:v1", "b:v1", "a:v1"))
    assert list(built) == ["a:v1", "b:v1"]
    assert builder.of("build") == ["a:v1", "b:v1"]
    assert builder.most == 2
    assert {each.state for each in built.values()} == {"built"}


def test_what_is_there_is_not_built() -> None:
    builder = Books(there=("a:v1",))
    built = build_missing(builder, _requests("a:v1", "b:v1"))
    assert [each.state for each in built.values()] == ["present", "built"]
    assert builder.of("prepare") == builder.of("build") == ["b:v1"]


def test_two_requests_for_one_image_have_the_names_of_both() -> None:
    builder = Books()
    plan = ImagePlan("a:v1")
    build_missing(builder, [BuildRequest(plan, also=("a:one",)), BuildRequest(plan, also=("a:one", "a:two"))])
    assert builder.of("exists") == ["a:v1"]
    builder = Books(there=("a:v1", "a:one"))
    build_missing(builder, [BuildRequest(plan, also=("a:one",)), BuildRequest(plan, also=("a:one", "a:two"))])
    assert builder.of("exists") == ["a:one", "a:two", "a:v1"]


def test_force_asks_nobody() -> None:
    builder = Books(there=("a:v1",))
    assert build_missing(builder, _requests("a:v1"), force=True)["a:v1"].state == "built"
    assert builder.of("exists") == []


def test_a_further_name_that_is_missing_is_built() -> None:
    builder = Books(there=("a:v1",))
    request = BuildRequest(ImagePlan("a:v1"), push=True, also=("a:release",))
    assert build_missing(builder, [request])["a:v1"].state == "built"


@pytest.mark.parametrize("answer", [Existence.NOT_ALLOWED, Existence.UNREACHABLE])
def test_unknown_is_never_there(answer: Existence) -> None:
    builder = Books(answers=answer)
    with pytest.raises(NotReadyError, match="about a:v1"):
        build_missing(builder, _requests("a:v1"))
    assert builder.of("build") == []
    assert build_missing(builder, _requests("a:v1", push=False))["a:v1"].state == "built"


def test_all_is_checked_before_anything_is_built() -> None:
    builder = Books()
    with pytest.raises(NotReadyError, match="no daemon"):
        build_missing(builder, _requests("a:v1", "unready:v1"))
    with pytest.raises(InvalidImageError, match="odd:v1 cannot be built: it cannot do that"):
        build_missing(builder, _requests("a:v1", "odd:v1"))
    assert builder.of("build") == []


def test_one_failure_stops_the_others() -> None:
    builder = Books(failing="b:v1")
    with pytest.raises(ImageBuildError, match="b:v1 failed"):
        build_missing(builder, _requests("a:v1", "b:v1", "c:v1"))
    assert builder.stopped.is_set()
