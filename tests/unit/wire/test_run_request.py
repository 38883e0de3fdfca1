"""What the requests of a run hold."""

from __future__ import annotations

import pytest
from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.task.common_pb2 import Inputs
from flyteidl2.task.task_definition_pb2 import TaskIdentifier, TaskSpec

from flytectl_py.wire import run_request as request
from flytectl_py.wire.inputs_hash import inputs_hash

SCOPE = request.Scope("org", "project", "domain")


def variables(**changes: object) -> dict[str, str]:
    spec = request.run_spec(request.Launch(SCOPE, "r1")._replace(**changes))
    return {each.key: each.value for each in spec.envs.values}


def test_the_users_variables_win_and_come_first() -> None:
    found = variables(env_vars={"A": "1", "LOG_LEVEL": "5"}, sys_path=("./.", "./src"))
    assert list(found) == ["A", "LOG_LEVEL", "LOG_FORMAT", "USER_LOG_LEVEL", "_F_SYS_PATH"]
    assert found["LOG_LEVEL"] == "5"
    assert found["_F_SYS_PATH"] == "./.:./src"


def test_log_level_of_the_machinery() -> None:
    assert variables()["LOG_LEVEL"] == "30"
    assert variables(log_level=10)["LOG_LEVEL"] == "10"
    assert variables(log_level=0)["LOG_LEVEL"] == "0"


@pytest.mark.parametrize("value", [True, False])
def test_interruptible_is_said_only_where_it_was_asked_for(value: bool) -> None:
    assert not request.run_spec(request.Launch(SCOPE, "r1")).HasField("interruptible")
    assert request.run_spec(request.Launch(SCOPE, "r1", interruptible=value)).interruptible.value is value


def test_a_deployed_task_goes_by_its_name() -> None:
    made = request.create_run(request.Launch(SCOPE, "r1"), TaskIdentifier(name="a.b", version="v1"), Inputs(), None)
    assert made.WhichOneof("task") == "task_id"
    assert made.task_id.version == "v1"


def test_a_run_sends_nothing_that_is_only_for_people() -> None:
    spec = TaskSpec(short_name="main")
    spec.documentation.short_description = "text"
    spec.environment.name, spec.environment.description = "env", "text"
    spec.default_inputs.add(name="x")
    spec.task_template.container.env.add(key="_F_SYS_PATH", value="./.")
    spec.task_template.container.env.add(key="A", value="1")
    made = request.run_task_spec(spec)
    assert not made.HasField("documentation")
    assert not made.default_inputs
    assert (made.environment.name, made.environment.description) == ("env", "")
    assert [each.key for each in made.task_template.container.env] == ["A"]
    assert spec.HasField("documentation")


def test_a_pod_finds_modules_by_the_run_as_well() -> None:
    spec = TaskSpec()
    pod = spec.task_template.k8s_pod.pod_spec
    pod.update({"containers": [{"name": "primary", "env": [{"name": "_F_SYS_PATH", "value": "./."}]}, {"name": "b"}]})
    containers = request.run_task_spec(spec).task_template.k8s_pod.pod_spec["containers"]
    assert [dict(each) for each in containers] == [{"name": "primary"}, {"name": "b"}]


def hashed(uri: str, digest: str) -> Literal:
    made = Literal(hash=digest)
    made.scalar.blob.uri = uri
    return made


def inputs(**values: Literal) -> Inputs:
    return Inputs(literals=[{"name": name, "value": value} for name, value in values.items()])


def test_inputs_without_hashes_are_named_by_the_server() -> None:
    assert inputs_hash(inputs(x=Literal())) == ""
    assert inputs_hash(Inputs()) == ""


def test_the_same_content_elsewhere_is_the_same_input() -> None:
    number = Literal()
    number.scalar.primitive.integer = 3
    one, two = (inputs(f=hashed(uri, "abc"), n=number) for uri in ("s3://a", "s3://b"))
    assert inputs_hash(one) == inputs_hash(two) == "eELdZ+muuyvAZoBaq122nM4EtsHsfCv6vHUwYVHUY1Y="
    assert inputs_hash(inputs(f=hashed("s3://a", "abd"), n=number)) != inputs_hash(one)


@pytest.mark.parametrize("kind", ["collection", "map", "union"])
def test_a_hash_inside_a_value_counts(kind: str) -> None:
    def inside(digest: str, uri: str) -> Inputs:
        made = Literal()
        if kind == "collection":
            made.collection.literals.append(hashed(uri, digest))
        elif kind == "map":
            made.map.literals["k"].CopyFrom(hashed(uri, digest))
        else:
            made.scalar.union.value.CopyFrom(hashed(uri, digest))
        return inputs(x=made)

    assert inputs_hash(inside("a", "s3://1")) == inputs_hash(inside("a", "s3://2"))
    assert inputs_hash(inside("a", "s3://1")) != inputs_hash(inside("b", "s3://1"))
