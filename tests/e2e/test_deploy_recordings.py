"""`flyte deploy` sends what Flyte 2's own client sent for the same programs, field for field."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import protovalidate
import pytest
from flyteidl2.task.task_service_pb2 import DeployTaskRequest
from google.protobuf.json_format import ParseDict

from tests.support.process import FLYTE, clean_environment, run_process

TESTS = Path(__file__).parents[1]
RECORDED = {file.stem: file for file in sorted((TESTS / "golden" / "wire" / "deploy").glob("*.json"))}
APPS = TESTS / "fixtures" / "wire_apps"
CONFIG = (
    "admin:\n  endpoint: dns:///127.0.0.1:1\n  insecure: true\ntask:\n  project: flytesnacks\n  domain: development\n"
)
FLAGS = ("--dry-run", "--json", "--all", "--version", "v1")


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The request of each task of each program, by the task's name."""
    folder = tmp_path_factory.mktemp("apps")
    shutil.copytree(APPS, folder, dirs_exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG)
    environment = clean_environment(tmp_path_factory.mktemp("home"), {"FLYTECTL_CONFIG": str(folder / "config.yaml")})
    found: dict[str, dict[str, Any]] = {}
    runs = [(folder, [file.name]) for file in sorted(folder.glob("*.py")) if file.stem != "parents"]
    runs.append((folder / "package" / "src", ["shop/main.py", "--root-dir", "."]))
    for cwd, words in runs:
        result = run_process([FLYTE, "deploy", *FLAGS, *words], cwd=cwd, env=environment, timeout=60).expect()
        for each in result.json["requests"]:
            assert each["method"] == "TaskService.DeployTask"
            found[each["request"]["task_id"]["name"]] = each["request"]
    return found


def test_every_task_is_recorded(requests: dict[str, dict[str, Any]]) -> None:
    assert sorted(requests) == sorted(RECORDED)
    assert len(RECORDED) == 50


@pytest.mark.parametrize("name", RECORDED)
def test_a_request_is_as_recorded(name: str, requests: dict[str, dict[str, Any]]) -> None:
    recorded = json.loads(RECORDED[name].read_text())
    assert masked(requests[name]) == masked(recorded)


@pytest.mark.parametrize("name", RECORDED)
def test_a_request_is_valid(name: str, requests: dict[str, dict[str, Any]]) -> None:
    validator().validate(ParseDict(requests[name], DeployTaskRequest()))


@cache
def validator() -> protovalidate.Validator:
    return protovalidate.Validator()


def masked(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request without what is each client's own: versions of itself, hash recipes, the bundle's name."""
    made: dict[str, Any] = json.loads(json.dumps(request))
    template = made["spec"]["task_template"]
    metadata = template["metadata"]
    assert metadata["runtime"].pop("version")
    if not metadata.get("discoverable") or metadata["discovery_version"] != "v7":
        assert metadata.pop("discovery_version")
    bundle = metadata.pop("code_bundle_uri")
    assert bundle.endswith(".tar.gz")
    if "custom" in template:
        assert len(template["custom"].pop("version")) == 15  # follows from the bundle's name
    containers = [template["container"]] if "container" in template else template["k8s_pod"]["pod_spec"]["containers"]
    for container in containers:
        container["args"] = [_argument(each, bundle) for each in container.get("args", [])]
    return made


def _argument(text: str, bundle: str) -> Any:
    if text == bundle:
        return "the bundle"
    return json.loads(gzip.decompress(base64.b64decode(text))) if text.startswith("H4sI") else text
