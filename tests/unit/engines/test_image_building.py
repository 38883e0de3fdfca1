"""Planned images, built with a builder that only remembers what it was asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from flytectl_py.builders import registry
from flytectl_py.builders.api import Answer, BuildRequest, BuildResult, Existence
from flytectl_py.engines.image_building import BuildOptions, build_images
from flytectl_py.engines.image_history import ImageHistory
from flytectl_py.engines.image_planning import ImageProject, PlannedImage, plan_images
from flytectl_py.engines.ledger import Ledger
from flytectl_py.errors import InvalidImageError, UsageError
from flytectl_py.model.environment import TaskEnvironment
from flytectl_py.model.image import Image
from flytectl_py.model.secret import Secret
from flytectl_py.plan.image import BuildSecret, ImagePlan, PlannedLayer
from flytectl_py.plan.image_plan import ImageOptions


class Remembering:
    name: ClassVar[str] = "remembering"
    pushes: ClassVar[bool] = True
    answers: ClassVar[dict[str, Existence]] = {}
    asked: ClassVar[list[str]] = []
    built: ClassVar[list[BuildRequest]] = []

    def refusals(self, request: BuildRequest) -> list[str]:
        return [f"no {each.id}" for each in request.plan.secrets if each.id not in request.secrets]

    def prepare(self, request: BuildRequest) -> None:
        """All is well."""

    def exists(self, uri: str) -> Answer:
        self.asked.append(uri)
        return Answer(uri, self.answers.get(uri, Existence.ABSENT), f"{uri} was asked for")

    def build(self, request: BuildRequest) -> BuildResult:
        self.built.append(request)
        return BuildResult(request.plan.uri, "built", request.plan.platforms, 1.5, "sha256:0", ("a note",))

    def cancel(self) -> None:
        """Nothing runs."""

    def lacking(self) -> str:
        return ""


@pytest.fixture(autouse=True)
def builder(monkeypatch: pytest.MonkeyPatch) -> type[Remembering]:
    monkeypatch.setattr(registry, "make_builder", lambda name, where: Remembering())
    for each in (Remembering.answers, Remembering.asked, Remembering.built):
        each.clear()
    return Remembering


def image(uri: str = "r.io/x:1", *names: str, **changes: Any) -> PlannedImage:
    layers = (PlannedLayer("pip", "with_pip_packages", {}, "h1"),)
    made = ImagePlan(uri=uri, registry="r.io", tag=uri.rpartition(":")[2], platforms=("linux/amd64",), layers=layers)
    return PlannedImage(names or ("env",), replace(made, **changes))


def build(*images: PlannedImage, history: ImageHistory | None = None, **options: Any) -> list[str]:
    return [each.state for each in build_images(images, BuildOptions(**options), history or ImageHistory(None))]


def test_what_is_there_is_not_built_and_what_is_missing_is() -> None:
    Remembering.answers["r.io/a:1"] = Existence.EXISTS
    assert build(image("r.io/a:1"), image("r.io/b:1")) == ["present", "built"]
    assert [each.plan.uri for each in Remembering.built] == ["r.io/b:1"]
    assert build(image("r.io/a:1"), force=True) == ["built"]


def test_a_dry_run_asks_nobody() -> None:
    notes: list[str] = []
    assert build(image(warnings=("careful",)), image("busybox:1", given=True), dry_run=True, note=notes.append) == [
        "unknown", "unknown"
    ]  # fmt: skip
    assert Remembering.asked == Remembering.built == []
    assert notes == ["careful"]


def test_an_image_that_the_user_gave_stops_nobody_when_it_is_not_found() -> None:
    notes: list[str] = []
    given = image("busybox:1", "given", given=True)
    assert build(given, image(), note=notes.append) == ["unknown", "built"]
    assert sorted(notes) == ["a note", "the image of given: busybox:1 was asked for"]
    Remembering.answers["busybox:1"] = Existence.EXISTS
    assert build(given, image()) == ["present", "built"]


def test_what_has_a_registry_is_pushed_unless_it_shall_not_be() -> None:
    local = image("x:1", registry="")
    build(image(), local)
    build(image(), push=False)
    assert [each.push for each in Remembering.built] == [True, False, False]
    with pytest.raises(UsageError, match="the image of env names no registry to push to"):
        build(local, push=True)


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "a")
    (tmp_path / "g").mkdir()
    (tmp_path / "g/k").write_text("b\n")
    wanted = (BuildSecret("token", Secret("token")), BuildSecret("g.k", Secret("k", "g")))
    build(image(secrets=wanted), secrets_dir=str(tmp_path))
    assert Remembering.built[0].secrets == {"token": b"a", "g.k": b"b"}
    with pytest.raises(InvalidImageError, match=r"no gone"):
        build(image(secrets=(BuildSecret("gone", Secret("gone")),)), secrets_dir=str(tmp_path))


def test_a_secret_that_this_builder_does_not_use_is_spoken_of() -> None:
    notes: list[str] = []
    build(image(registry_secret=Secret("login")), note=notes.append)
    assert notes[0] == (
        "registry_secret 'login' is for builders of a backend: 'remembering' logs in to r.io as 'docker login' has "
        "been told"
    )


def test_the_history_tells_what_changed(tmp_path: Path) -> None:
    def history() -> ImageHistory:
        return ImageHistory(Ledger(tmp_path / "ledger"))

    assert history().before(image()) is None
    assert history().changes(image()) == ()
    build(image(), history=history())
    assert history().changes(image()) == ()
    assert history().changes(image("r.io/x:2", "another")) == ()
    assert history().changes(image("r.io/x:2", python="3.13")) == ("python 3.13 added",)
    (file,) = (tmp_path / "ledger").iterdir()
    file.write_text("damaged")
    damaged = history()
    assert damaged.changes(image("r.io/x:2")) == ()
    assert "is damaged" in damaged.ledger.warnings[0]


def test_environments_of_one_image_share_it_and_dependencies_come_along(tmp_path: Path) -> None:
    shared = Image.from_base("a:1").with_workdir("/x")
    first = TaskEnvironment("first", image=shared)
    second = TaskEnvironment("second", image=shared, depends_on=[first])
    third = TaskEnvironment("third", image="b:1", depends_on=[second])
    planned = plan_images([third], ImageProject(tmp_path), ImageOptions())
    assert [each.environments for each in planned] == [("third",), ("second", "first")]


def test_code_that_is_not_known_cannot_be_baked_in(tmp_path: Path) -> None:
    env = TaskEnvironment("e", image=Image.from_base("a:1").with_code_bundle())
    with pytest.raises(UsageError, match="which code is not known here"):
        plan_images([env], ImageProject(tmp_path), ImageOptions(), bake_code=True)
