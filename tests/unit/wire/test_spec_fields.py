"""The fields of a specification by the names that people know."""

from __future__ import annotations

from flyteidl2.task import task_definition_pb2
from google.protobuf.json_format import ParseDict

from flytectl_py.wire.spec_fields import fields_of

SPEC = {
    "task_template": {
        "id": {"name": "etl.load", "project": "p"},
        "type": "python",
        "metadata": {
            "discoverable": True, "timeout": "60s", "retries": {"retries": 3}, "runtime": {"version": "1.2"},
            "code_bundle_uri": "s3://bucket/abc.tar.gz",
        },
        "interface": {"inputs": {"variables": [{"key": "x", "value": {"type": {"simple": "INTEGER"}}}]}},
        "container": {
            "image": "r.io/x:1",
            "args": ["a0", "--tgz", "s3://bucket/abc.tar.gz"],
            "resources": {
                "requests": [{"name": "CPU", "value": "1"}, {"name": "MEMORY", "value": "1Gi"}],
                "limits": [{"name": "CPU", "value": "2"}],
            },
            "env": [{"key": "DEBUG", "value": "1"}, {"key": "EMPTY"}],
        },
        "security_context": {"secrets": [{"group": "g", "key": "tok", "env_var": "TOK"}]},
    },
    "default_inputs": [{
        "name": "x",
        "parameter": {"var": {"type": {"simple": "INTEGER"}}, "default": {"scalar": {"primitive": {"integer": "3"}}}},
    }],
    "environment": {"name": "etl"},
    "documentation": {"source_code": {"link": "https://x"}, "short_description": "Loads."},
}  # fmt: skip


def test_names_are_those_of_the_declaration() -> None:
    found = fields_of(ParseDict(SPEC, task_definition_pb2.TaskSpec()))
    assert found == {
        "type": "python",
        "cache": True,
        "timeout": "60s",
        "retries": 3,
        "code": "abc.tar.gz",
        "inputs.x": "INTEGER",
        "image": "r.io/x:1",
        "command line": ["a0", "--tgz", ""],
        "resources.cpu": "1",
        "resources.memory": "1Gi",
        "resource limits.cpu": "2",
        "env_vars.DEBUG": "1",
        "env_vars.EMPTY": "EMPTY",
        "secrets.tok.group": "g",
        "secrets.tok.env_var": "TOK",
        "default inputs.x": "INTEGER",
        "default inputs.x.default.integer": "3",
        "environment": "etl",
        "short description": "Loads.",
    }


def test_nothing_is_lost_where_two_have_one_name() -> None:
    spec = {"task_template": {"container": {"env": [{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]}}}
    found = fields_of(ParseDict(spec, task_definition_pb2.TaskSpec()))
    assert (found["env_vars.A"], found["env_vars.A (2)"]) == ("1", "2")
