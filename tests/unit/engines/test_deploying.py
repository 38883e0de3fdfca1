"""Deployments with images: in which order what is asked of whom, and the tags that images get."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

import flyte
from flytectl_py.builders import registry
from flytectl_py.builders.api import Answer, BuildRequest, BuildResult, Existence
from flytectl_py.config.resolution import resolve
from flytectl_py.engines.bundle_imports import Code
from flytectl_py.engines.deploying import Deployed, Deploying, deploy
from flytectl_py.engines.deployment_plan import DeploymentPlan, PlanOptions, plan_deployment, plan_run
from flytectl_py.engines.image_building import BuildOptions
from flytectl_py.engines.remote import remote_of
from flytectl_py.errors import NotReadyError
from flytectl_py.model.environment import Environment

if TYPE_CHECKING:
    from tests.support.control_plane import ControlPlaneServer

HERE = Path(__file__)
BASE = flyte.Image.from_debian_base(install_flyte=False, registry="r.io", name="one").with_code_bundle()

one = flyte.TaskEnvironment("one", image=BASE)
twin = flyte.TaskEnvironment("twin", image=BASE.with_env_vars({"A": "1"}))
other = flyte.TaskEnvironment("other", image=BASE.clone(name="another"))


@one.task
def first() -> int:
    return 1


@twin.task
def second() -> int:
    return 2


@other.task
def third() -> int:
    return 3


class Remembering:
    name: ClassVar[str] = "remembering"
    pushes: ClassVar[bool] = True
    built: ClassVar[list[BuildRequest]] = []

    def refusals(self, request: BuildRequest) -> list[str]:
        return []

    def prepare(self, request: BuildRequest) -> None:
        """All is well."""

    def exists(self, uri: str) -> Answer:
        return Answer(uri, Existence.ABSENT, "")

    def build(self, request: BuildRequest) -> BuildResult:
        self.built.append(request)
        return BuildResult(request.plan.uri, "built", request.plan.platforms, 1.0)

    def cancel(self) -> None:
        """Nothing runs."""

    def lacking(self) -> str:
        return ""


@pytest.fixture(autouse=True)
def _builder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "make_builder", lambda name, where: Remembering())
    Remembering.built.clear()


def planned(*environments: Environment, version: str = "", copy_style: str = "none") -> DeploymentPlan:
    code = Code(HERE.parent, (HERE.parent,), HERE, environments, {"m": sys.modules[__name__]})
    return plan_deployment(code, environments, PlanOptions("flytesnacks", "development", "acme", version, copy_style))


@pytest.fixture
def carry_out(plane: ControlPlaneServer) -> Callable[[DeploymentPlan], tuple[Deployed, list[str]]]:
    def run(plan: DeploymentPlan) -> tuple[Deployed, list[str]]:
        notes: list[str] = []
        settings = resolve(environ={"FLYTE_ENDPOINT": plane.endpoint, "FLYTE_INSECURE": "true"})
        return deploy(plan, remote_of(settings), Deploying(BuildOptions(note=notes.append), notes.append)), notes

    return run


CarryOut = Callable[[DeploymentPlan], tuple[Deployed, list[str]]]


def test_an_image_that_holds_the_code_is_tagged_with_the_version_as_well(carry_out: CarryOut) -> None:
    done, _ = carry_out(planned(one, other, version="1.2.3"))
    assert {request.also for request in Remembering.built} == {("r.io/one:1.2.3",), ("r.io/another:1.2.3",)}
    assert all(request.push for request in Remembering.built)
    assert [each.state for each in done.tasks] == ["created", "created"]


def test_images_of_one_name_share_no_tag(carry_out: CarryOut) -> None:
    _, notes = carry_out(planned(one, twin, other, version="v1"))
    also = {request.plan.uri.rpartition(":")[0]: request.also for request in Remembering.built}
    assert also == {"r.io/one": (), "r.io/another": ("r.io/another:v1",)}
    assert any("2 images are named one" in note for note in notes)


@pytest.mark.parametrize(("version", "copy_style"), [("", "none"), ("v1", "loaded_modules")])
def test_without_a_version_or_with_a_bundle_there_is_one_tag(
    carry_out: CarryOut, version: str, copy_style: str
) -> None:
    carry_out(planned(one, version=version, copy_style=copy_style))
    assert [request.also for request in Remembering.built] == [()]


def test_a_version_that_is_no_tag_is_said(carry_out: CarryOut) -> None:
    done, notes = carry_out(planned(one, version="release/1"))
    assert [request.also for request in Remembering.built] == [()]
    assert any("'release/1'" in note for note in notes)
    assert [each.state for each in done.tasks] == ["created"]


def test_images_are_built_only_when_the_cluster_answers() -> None:
    settings = resolve(
        environ={"FLYTE_ENDPOINT": "dns:///127.0.0.1:9", "FLYTE_INSECURE": "true", "FLYTE_RPC_RETRIES": "0"}
    )
    with pytest.raises(NotReadyError):
        deploy(planned(one), remote_of(settings), Deploying(BuildOptions()))
    assert Remembering.built == []


@pytest.mark.parametrize("blocking", [True, False])
def test_a_run_builds_images_only_when_the_cluster_answers(blocking: bool) -> None:
    environ = {"FLYTE_ENDPOINT": "dns:///127.0.0.1:9", "FLYTE_INSECURE": "true", "FLYTE_RPC_RETRIES": "0"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        flyte.init()
        with pytest.raises(NotReadyError, match=r"cannot be reached, ClusterService\.SelectCluster"):
            flyte.run(first) if blocking else asyncio.run(flyte.run.aio(first))
    assert Remembering.built == []


def test_tasks_know_where_the_images_are() -> None:
    plan = planned(one, other)
    assert plan.submission.image_cache == plan.uris
    assert plan.request(third).spec.task_template.container.image == plan.uris["other"]


def test_a_run_is_planned_as_a_deployment_is() -> None:
    code = Code(HERE.parent, (HERE.parent,), HERE, (one,), {"m": sys.modules[__name__]})
    options = PlanOptions("flytesnacks", "development", "acme", copy_style="loaded_modules")
    run, deployment = plan_run(code, first, options), plan_deployment(code, [one], options)
    assert run.version == deployment.version
    assert run.spec(first) == deployment.request(first).spec
