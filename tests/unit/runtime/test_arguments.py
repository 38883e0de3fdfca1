from __future__ import annotations

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.runtime.arguments import outputs_path_in, read_arguments, usage

GIVEN = ["--inputs", "s3://b/in.pb", "--outputs-path", "s3://b/a0/2/", "--version", "v1"]
RESOLVER = ["--resolver", "r.R", "mod", "app", "instance", "main"]
ENVIRONMENT = {
    "ACTION_NAME": "a0",
    "RUN_NAME": "r1",
    "FLYTE_INTERNAL_EXECUTION_PROJECT": "p",
    "FLYTE_INTERNAL_EXECUTION_DOMAIN": "d",
    "_U_ORG_NAME": "o",
    "_U_RUN_BASE": "s3://b/run/",
    "_U_EP_OVERRIDE": "dns:///host",
    "_U_INSECURE": "True",
    "_U_USE_ACTIONS": "1",
    "_UNION_EAGER_API_KEY": "key",
    "_F_SYS_PATH": "./.:./src",
}


def test_everything_that_a_cluster_says() -> None:
    found = read_arguments([*GIVEN, *RESOLVER], ENVIRONMENT)
    assert found.action_id == ("a0", "r1", "p", "d", "o")
    assert (found.inputs, found.outputs_path, found.attempt) == ("s3://b/in.pb", "s3://b/a0/2", 2)
    assert (found.run_base, found.raw_data_path) == ("s3://b/run", "s3://b/a0/2/raw")
    assert (found.endpoint, found.insecure, found.use_actions, found.api_key) == ("dns:///host", True, True, "key")
    assert found.sys_path == ("./.", "./src")
    assert found.resolver_arguments == ("mod", "app", "instance", "main")
    assert found.dest == "."


def test_options_win_over_the_environment_and_have_short_names() -> None:
    words = ["-i", "in", "-o=out", "-v", "v2", "-r", "raw", "--name", "c1", "--run-base-dir", "base", *RESOLVER]
    found = read_arguments(words, ENVIRONMENT)
    assert (found.inputs, found.outputs_path, found.version, found.raw_data_path) == ("in", "out", "v2", "raw")
    assert (found.action, found.run_base) == ("c1", "base")


@pytest.mark.parametrize("empty", ["", '""'])
def test_values_that_are_empty(empty: str) -> None:
    assert read_arguments([*GIVEN, "--prev-checkpoint", empty, *RESOLVER], {}).prev_checkpoint == ""


def test_arguments_of_the_resolver_may_look_like_options() -> None:
    found = read_arguments([*GIVEN, "--resolver", "r.R", "--", "--mod", "-x"], {})
    assert found.resolver_arguments == ("--mod", "-x")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (GIVEN, "a0 needs --resolver (or --pkl)"),
        ([*GIVEN[2:], *RESOLVER], "a0 needs --inputs"),
        ([*GIVEN, "--inputz", "x", *RESOLVER], "did you mean '--inputs'?"),
        ([*GIVEN, "--resolver"], "--resolver needs a value"),
        ([*GIVEN, *RESOLVER, "--tgz", "{{.code}}"], "not filled in: --tgz {{.code}}"),
    ],
)
def test_what_cannot_be_read(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_arguments(words, {})
    assert said in str(caught.value)


def test_a_packed_task_needs_no_resolver() -> None:
    assert read_arguments([*GIVEN, "--pkl", "s3://b/t.pkl"], {}).pkl == "s3://b/t.pkl"


def test_the_attempt_counts_from_one() -> None:
    def attempt(outputs_path: str, environ: dict[str, str] | None = None) -> int:
        return read_arguments([*GIVEN, "-o", outputs_path, *RESOLVER], environ or {}).attempt

    assert attempt("s3://b/run/a0/3") == 3
    assert attempt("s3://b/run/a0/3", {"FLYTE_ATTEMPT_NUMBER": "0"}) == 1
    assert attempt("s3://b/outputs") == 1
    assert attempt("s3://b/20260101000000") == 1


def test_where_the_outcome_goes_is_known_even_if_nothing_else_is() -> None:
    assert outputs_path_in(["--nonsense", "--outputs-path", "out/"]) == "out"
    assert outputs_path_in(["-o=out"]) == "out"
    assert outputs_path_in(["--outputs-path"]) == ""
    assert outputs_path_in(["--outputs-path", "{{.outputPrefix}}"]) == ""


def test_usage_names_every_option() -> None:
    assert all(option in usage() for option in ("--inputs", "--tgz", "--resolver", "--raw-data-path"))


def test_a_mask_for_files_that_are_made() -> None:
    words = [*GIVEN, *RESOLVER]
    assert read_arguments(words, {}).umask is None
    assert read_arguments(words, {"FLYTE_UMASK": "002"}).umask == 0o002
    with pytest.raises(UsageError, match="FLYTE_UMASK: got '8'; it takes octal digits"):
        read_arguments(words, {"FLYTE_UMASK": "8"})
