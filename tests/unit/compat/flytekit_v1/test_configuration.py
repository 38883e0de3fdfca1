"""Settings of a serialization have flytekit's forms; see tests/oracle for how its answers were got."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

import flyte
from flytectl_py.compat.flytekit_v1.configuration import SerializationSettings
from flytectl_py.compat.flytekit_v1.entities import task_spec
from flytectl_py.compat.flytekit_v1.resource_spec import Resources, ResourceSpec
from flytectl_py.errors import DeclarationError

VECTORS = json.loads(
    (Path(__file__).parents[3] / "golden" / "flytekit_v1" / "settings.json").read_text(encoding="utf-8")
)
plain = flyte.TaskEnvironment("plain")
asking = flyte.TaskEnvironment("asking", resources=flyte.Resources(cpu=1))


@plain.task
def asks_for_nothing() -> None: ...


@asking.task
def asks_for_a_core() -> None: ...


@pytest.mark.parametrize("case", VECTORS["cases"], ids=range(len(VECTORS["cases"])))
def test_every_form_is_flytekits(case: dict[str, Any]) -> None:
    settings = SerializationSettings.from_json(case["json"])
    assert settings.to_json() == case["json"]
    assert SerializationSettings.from_dict(settings.to_dict()) == settings
    assert SerializationSettings.from_transport(settings.serialized_context) == settings
    assert gzip.decompress(base64.b64decode(settings.serialized_context)).decode() == case["json"]
    assert settings.new_builder().build() == settings


@pytest.mark.parametrize("case", VECTORS["cases"], ids=range(len(VECTORS["cases"])))
def test_a_task_that_asks_for_nothing_gets_the_default(case: dict[str, Any]) -> None:
    settings = SerializationSettings.from_json(case["json"])
    container = task_spec(asks_for_nothing, settings, "x:1").template.container
    assert MessageToDict(container.resources) == case["resources"]


def test_a_task_that_asks_for_something_keeps_to_it() -> None:
    spec = ResourceSpec(requests=Resources(mem="1Gi"), limits=Resources())
    settings = SerializationSettings.for_image("x:1", "v")
    settings.default_resources = spec
    container = task_spec(asks_for_a_core, settings, "x:1").template.container
    assert MessageToDict(container.resources) == {"requests": [{"name": "CPU", "value": "1"}]}


@pytest.mark.parametrize("wrong", [{"cpu": True}, {"mem": 1.5}, {"gpu": ("1", "2")}])
def test_what_is_no_quantity_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match="give a quantity"):
        Resources(**wrong)
