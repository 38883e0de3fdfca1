"""The runs that were recorded from the reference client, in our container: the outputs are the reference runtime's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from flyteidl2.task.common_pb2 import Inputs
from google.protobuf.json_format import ParseDict

from tests.support.container import Container

TESTS = Path(__file__).parents[1]
RUNS = TESTS / "golden" / "wire" / "run"
OUTPUTS = TESTS / "golden" / "wire" / "outputs"
APPS = TESTS / "fixtures" / "wire_apps"
# Its children need a cluster, see test_a0_children.
PARENTS = {"main"}
RECORDED = sorted(each.stem for each in OUTPUTS.glob("*-*-*.pb") if each.stem.split("-")[2] not in PARENTS)


@pytest.mark.parametrize("name", RECORDED)
def test_outputs_of_a_recorded_run(tmp_path: Path, name: str) -> None:
    calls = json.loads((RUNS / f"{name}.json").read_text("utf-8"))["calls"]
    (upload,) = [call["request"] for call in calls if call["method"] == "DataProxyService.UploadInputs"]
    arguments = upload["task_spec"]["task_template"]["container"]["args"]
    container = Container(tmp_path)
    container.take_message(ParseDict(upload["inputs"], Inputs()))
    module, task = arguments[-3], arguments[-1]
    shutil.copy(APPS / f"{module}.py", container.project.path)
    outputs = container.run(task, resolver=arguments[arguments.index("--resolver") + 1 :]).expect().outputs
    assert outputs is not None
    assert outputs.SerializeToString() == (OUTPUTS / f"{name}.pb").read_bytes()
