"""The specification of a task beyond what the recordings hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import protovalidate
import pytest

import flyte
from flytectl_py.errors import UsageError
from flytectl_py.wire.documentation import SourceLink
from flytectl_py.wire.rendering import as_json, content_of, differing_fields
from flytectl_py.wire.task_spec import CodeBundle, Submission, deploy_request, task_spec

HERE = str(Path(__file__).parent)
BUNDLE = CodeBundle("s3://bucket/abc.tar.gz")
SUBMISSION = Submission("flytesnacks", "development", "acme", "v1", "ghcr.io/acme/base:1", bundle=BUNDLE)

env = flyte.TaskEnvironment("unit")


@env.task
def plain(x: int = 1) -> int:
    """Give back.

    At length,
    in two lines.

    Args:
        x: what to give.
    """
    return x


@env.task(
    retries=flyte.RetryStrategy(3, flyte.Backoff(timedelta(seconds=10), 2, timedelta(minutes=1))),
    cache=flyte.Cache("auto", max_age=timedelta(hours=1)),
    interruptible=True,
    docs=flyte.Documentation("Told otherwise."),
)
def settings(x: int) -> int:
    """Not this."""
    return x


@env.task(retries=flyte.RetryStrategy(2, 1.5, 3))
def backs_off() -> None:
    """No inputs, no outputs."""


def spec(task: Any, submission: Submission = SUBMISSION) -> dict[str, Any]:
    protovalidate.validate(deploy_request(task, submission))
    return as_json(task_spec(task, submission))


def test_docstrings() -> None:
    said = spec(plain)
    assert said["documentation"] == {
        "short_description": "Give back.",
        "long_description": "At length,\nin two lines.",
    }
    inputs = said["task_template"]["interface"]["inputs"]["variables"]
    assert [(each["key"], each["value"]["description"]) for each in inputs] == [("x", "what to give.")]


def test_documentation_that_is_given_stands_before_the_docstring() -> None:
    assert spec(settings)["documentation"] == {"short_description": "Told otherwise."}


def test_long_texts_are_cut_to_what_a_cluster_takes() -> None:
    long = flyte.TaskEnvironment("long", description="d" * 400)
    task = long.add_task(plain)
    task.func.__doc__, before = "s" * 300 + "\n\n" + "l" * 3000, plain.func.__doc__
    try:
        said = spec(task)
    finally:
        task.func.__doc__ = before
    assert len(said["environment"]["description"]) == 255
    assert len(said["documentation"]["short_description"]) == 255
    assert len(said["documentation"]["long_description"]) == 2048
    assert said["documentation"]["short_description"].endswith("...(tr.)")


def test_retries_with_backoff_and_age() -> None:
    metadata = spec(settings)["task_template"]["metadata"]
    assert metadata["retries"] == {"retries": 3, "backoff": {"base": "10s", "factor": 2.0, "cap": "60s"}}
    assert metadata["cache_max_age"] == "3600s"
    assert metadata["discoverable"] is True
    assert metadata["interruptible"] is True
    assert spec(backs_off)["task_template"]["metadata"]["retries"] == {
        "retries": 2,
        "backoff": {"base": "1.500s", "factor": 3.0, "cap": "4.500s"},  # the last wait: it changes nothing
    }


def test_where_the_source_is() -> None:
    link = SourceLink(HERE, "https://github.com/acme/flows/blob/0123")
    said = spec(plain, SUBMISSION._replace(source=link))
    assert said["documentation"]["source_code"]["link"] == f"{link.url}/{Path(__file__).name}"
    elsewhere = spec(plain, SUBMISSION._replace(source=SourceLink("/nowhere", link.url)))
    assert "source_code" not in elsewhere["documentation"]


def test_a_pickled_task_is_found_in_its_bundle() -> None:
    template = spec(plain, SUBMISSION._replace(bundle=BUNDLE._replace(pickled=True)))["task_template"]
    assert template["container"]["args"][-4:] == ["--pkl", BUNDLE.uri, "--dest", "."]
    assert "code_bundle_uri" not in template["metadata"]


def test_variables_of_the_submission_win() -> None:
    variables = flyte.TaskEnvironment("vars", env_vars={"A": "1", "B": "2"})
    submission = SUBMISSION._replace(env_vars={"B": "3"}, sys_path=("./src", "./."))
    container = spec(variables.add_task(plain), submission)["task_template"]["container"]
    assert container["env"] == [
        {"key": "A", "value": "1"},
        {"key": "B", "value": "3"},
        {"key": "_F_SYS_PATH", "value": "./src:./."},
    ]


def test_a_script_that_is_run_has_the_name_of_its_module(tmp_path: Path) -> None:
    file = tmp_path / "src" / "pkg" / "job.py"
    text = 'import flyte\ne = flyte.TaskEnvironment("script")\n@e.task\ndef job() -> int:\n    return 1\n'
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, str(file), "exec"), names)
    submission = SUBMISSION._replace(code_root=str(tmp_path), sys_path=("./src", "./."))
    arguments = spec(names["job"], submission)["task_template"]["container"]["args"]
    assert arguments[-4:] == ["mod", "pkg.job", "instance", "job"]


def test_a_task_goes_by_the_variable_that_holds_it() -> None:
    def make() -> Any:
        @env.task
        def inner() -> int:
            return 1

        return inner

    task = make()
    with pytest.raises(UsageError, match=r"no variable of .* holds the task unit\.inner"):
        task_spec(task, SUBMISSION)
    globals()["held"] = task
    try:
        assert spec(task)["task_template"]["container"]["args"][-1] == "held"
    finally:
        del globals()["held"]


def test_the_image_table_is_the_same_on_every_machine() -> None:
    arguments = spec(plain, SUBMISSION._replace(image_cache={"unit": "ghcr.io/acme/base:1"}))["task_template"][
        "container"
    ]["args"]
    packed = arguments[arguments.index("--image-cache") + 1]
    assert packed.startswith("H4sIAAAAAAAC/")


def test_content_is_neither_place_nor_maker() -> None:
    one = task_spec(plain, SUBMISSION)
    moved = SUBMISSION._replace(
        project="other", version="v2", source=SourceLink(HERE, "https://x.example/y"),
        bundle=CodeBundle("gs://elsewhere/deep/abc.tar.gz"),
    )  # fmt: skip
    other = task_spec(plain, moved)
    other.task_template.metadata.runtime.version = "0.0"
    arguments = other.task_template.container.args
    arguments[list(arguments).index("v2")] = "v1"  # the version is compared where it is the same
    assert differing_fields(one, other) == []
    assert content_of(one) == content_of(other)


def test_differences_are_named_by_path() -> None:
    one = task_spec(plain, SUBMISSION)
    other = task_spec(plain, SUBMISSION._replace(bundle=CodeBundle("s3://bucket/def.tar.gz"), image="ghcr.io/x:2"))
    assert differing_fields(one, other) == ["task_template.container.image", "task_template.metadata.code_bundle_uri"]
    assert content_of(one) != content_of(other)


def test_another_table_of_images_is_another_content() -> None:
    one = task_spec(plain, SUBMISSION._replace(image_cache={"unit": "a:1"}))
    other = task_spec(plain, SUBMISSION._replace(image_cache={"unit": "a:2"}))
    assert differing_fields(one, other) == ["task_template.container.args[20]"]


def test_containers_that_stay_warm_are_shared_by_what_they_are() -> None:
    def version(policy: flyte.ReusePolicy, task: Any = plain, submission: Submission = SUBMISSION, **more: Any) -> str:
        made = flyte.TaskEnvironment("warm", reusable=policy, **more)
        template = spec(made.add_task(task), submission)["task_template"]
        assert template["type"] == template["custom"]["type"] == "actor"
        return str(template["custom"]["version"])

    policy = flyte.ReusePolicy(replicas=2, idle_ttl=60)
    first = version(policy)
    assert version(policy) == version(policy, backs_off) == first
    others = {
        version(flyte.ReusePolicy(replicas=3, idle_ttl=60)),
        version(policy, submission=SUBMISSION._replace(image="ghcr.io/x:2")),
        version(policy, submission=SUBMISSION._replace(bundle=CodeBundle("s3://bucket/def.tar.gz"))),
        version(policy, env_vars={"A": "1"}),
        version(policy, resources=flyte.Resources(cpu=1)),
    }
    assert len(others) == 5
    assert first not in others
    pods = [
        version(policy, pod_template=flyte.PodTemplate(labels={"a": label}), task=task)
        for label, task in (("b", plain), ("b", backs_off), ("c", plain))
    ]
    assert pods[0] == pods[1] != pods[2]
    scoped = flyte.TaskEnvironment("scoped", reusable=flyte.ReusePolicy(scope="run"))
    assert spec(scoped.add_task(plain))["task_template"]["reuse_policy"]["scope"] == "RUN"


def test_the_service_account_and_secrets_as_files() -> None:
    secure = flyte.TaskEnvironment(
        "secure", service_account="robot", secrets=[flyte.Secret("k", mount=Path("/etc/flyte/secrets")), "other"]
    )
    assert spec(secure.add_task(plain))["task_template"]["security_context"] == {
        "run_as": {"k8s_service_account": "robot"},
        "secrets": [
            {"key": "k", "mount_requirement": "FILE"},
            {"key": "other", "mount_requirement": "ENV_VAR", "env_var": "OTHER"},
        ],
    }
