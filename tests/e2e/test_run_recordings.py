"""`flyte run` makes the calls that Flyte 2's own client made for the same commands, field for field, in order."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from flyteidl2.task.common_pb2 import Inputs
from google.protobuf.json_format import ParseDict

from flytectl_py.wire.inputs_hash import inputs_hash
from tests.support.control_plane import ControlPlaneServer
from tests.support.plane.state import Call
from tests.support.project import Project

TESTS = Path(__file__).parents[1]
RECORDED = {file.stem: file for file in sorted((TESTS / "golden" / "wire" / "run").glob("*.json"))}
APPS = TESTS / "fixtures" / "wire_apps"
OURS = {
    # A flag that is required is given, one way or the other.
    "19-typed-primitives": ["--no-b"],
    # The recorded command line calls the values of a Literal by names that it makes up.
    "18-typed-enums": ["--mode", "fast"],
}
"""What our command needs besides."""
PLACE = "OPERATION_CREATE_UPLOAD_LOCATION"


@pytest.fixture
def apps(tmp_path: Path, plane: ControlPlaneServer) -> Project:
    return recorded_programs(tmp_path, plane)


def recorded_programs(tmp_path: Path, plane: ControlPlaneServer) -> Project:
    """Return the recorded programs, with the files that the recorded commands name, and a way to the control plane."""
    made = Project(tmp_path / "apps", tmp_path / "home")
    shutil.copytree(APPS, made.path, dirs_exist_ok=True)
    made.write({"in/f.txt": "hello\n", "in/d/a.txt": "a\n", ".flyte/config.yaml": plane.config})
    return made


@pytest.mark.parametrize("name", RECORDED)
def test_a_run_is_as_recorded(name: str, apps: Project, plane: ControlPlaneServer) -> None:
    recorded = json.loads(RECORDED[name].read_text())
    run = recorded["calls"][-1]["request"]["run_id"]["name"]
    words = [each for each in recorded["command"][2:] if each not in ("--mode", "FAST")]
    apps.flyte("run", "--name", run, *words, *OURS.get(name, ())).expect()
    assert [each.violations for each in plane.calls if each.violations] == []
    assert masked(as_recorded(plane.calls)) == masked(recorded["calls"])


def test_all_runs_are_compared() -> None:
    assert len(RECORDED) == 19


@pytest.mark.parametrize("name", RECORDED)
def test_inputs_are_named_as_recorded(name: str) -> None:
    calls = json.loads(RECORDED[name].read_text())["calls"]
    inputs = next(each["request"]["inputs"] for each in calls if each["method"] == "DataProxyService.UploadInputs")
    named = calls[-1]["request"]["offloaded_input_data"]["inputs_hash"]
    assert (inputs_hash(ParseDict(inputs, Inputs())) or "h") == named  # h: what the server that recorded answered


def as_recorded(calls: Iterable[Call]) -> list[dict[str, Any]]:
    """Return what the server was asked, in the form of the recordings, without what concerns the bundle."""
    found = []
    for each in calls:
        if each.method == "PUT":
            made = {"method": "PUT", "path": each.path, "bytes": len(each.content)}
        else:
            made = {"method": each.method, "request": each.json}
        if ".tar.gz" not in json.dumps([made.get("path"), made.get("request", {}).get("filename")]):
            found.append(made)
    return found


def masked(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return calls without what is each client's own: hash recipes, versions, names of bundles and folders.

    Uploads may come in any order, and where to is asked once for them all, the bundle's included.
    """
    made = [_masked(each) for each in json.loads(json.dumps(calls)) if PLACE not in json.dumps(each)]
    uploads = [each for each in made if "PUT" in each["method"] or "CreateUploadLocation" in each["method"]]
    others = [each for each in made if each not in uploads]
    return sorted(uploads, key=lambda each: json.dumps(each, sort_keys=True)) + others


def _masked(call: dict[str, Any]) -> dict[str, Any]:
    if call["method"] == "PUT":
        *folder, file = call["path"].removeprefix("/blob/").split("/")
        return {**call, "path": ["a folder"] * len(folder) + [file]}
    request = call["request"]
    if "filename_root" in request:
        assert len(request.pop("filename_root")) == 32
        request["filename_root"] = "a folder"
    for literal in request.get("inputs", {}).get("literals", []):
        primitive = literal["value"].get("scalar", {}).get("primitive", {})
        if literal["name"] == "mode":
            primitive["string_value"] = primitive["string_value"].lower()
        blob = literal["value"].get("scalar", {}).get("blob", {})
        if "dimensionality" in blob.get("metadata", {}).get("type", {}):
            assert blob["uri"].startswith("s3://bucket/")
            blob["uri"] = "a folder"
    stored = request.get("offloaded_input_data")
    if stored is not None:
        by_server = stored["inputs_hash"] == "h" or stored["inputs_hash"] in stored["uri"]
        request["offloaded_input_data"] = "named by the server" if by_server else "named by the client"
    for variable in request.get("run_spec", {}).get("envs", {}).get("values", []):
        if variable["key"] == "_F_SYS_PATH":
            variable["value"] = sorted(set(variable["value"].split(":")))
    if "task_spec" in request:
        _mask_template(request["task_spec"]["task_template"])
    return call


def _mask_template(template: dict[str, Any]) -> None:
    metadata, args = template["metadata"], template["container"]["args"]
    assert metadata["runtime"].pop("version")
    assert metadata.pop("discovery_version")
    bundle, version = metadata.pop("code_bundle_uri"), template["id"].pop("version")
    assert bundle.startswith("s3://bucket/")
    assert bundle.endswith(".tar.gz")
    names = {bundle: "the bundle", version: "the version"}
    template["container"]["args"] = [_argument(names.get(each, each)) for each in args]


def _argument(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text))) if text.startswith("H4sI") else text
