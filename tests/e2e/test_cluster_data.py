"""Files and tables among the inputs of runs on a cluster: uploaded, wherever in a value they stand."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from flytectl_py.wire.guessed import plain_value
from tests.support.control_plane import ControlPlaneServer
from tests.support.plane.state import Story
from tests.support.project import Project

pa = pytest.importorskip("pyarrow")

APP = """
from dataclasses import dataclass

import flyte
import pandas as pd
from flyte.io import DataFrame, File
from pydantic import BaseModel

env = flyte.TaskEnvironment(name="app", image="ghcr.io/acme/base:1")

class Model(BaseModel):
    files: dict[str, File]

@dataclass
class Data:
    file: File

@env.task
def structures(model: Model, data: Data) -> None:
    pass

@env.task
def table(df: DataFrame) -> None:
    pass

@env.task
def frame(df: pd.DataFrame) -> None:
    pass
"""
SCRIPT = """
import flyte
import pandas as pd
from app import frame, table

flyte.init_from_config()
rows = pd.DataFrame({"n": [1, 2]})
held = flyte.io.DataFrame.from_df(rows)
for name, task, value in (("one", frame, rows), ("two", table, held)):
    flyte.with_runcontext(name=name).run(task, df=value)
assert held.uri is None
"""


@pytest.fixture
def app(project: Callable[..., Project], plane: ControlPlaneServer) -> Project:
    made: Project = project({"app.py": APP, "in.txt": "text", ".flyte/config.yaml": plane.config})
    plane.story = Story()
    return made


def inputs(plane: ControlPlaneServer, run: str) -> dict[str, Any]:
    return {each.name: each.value for each in plane.runs[run].inputs.literals}


def stored(plane: ControlPlaneServer, uri: str) -> bytes:
    return plane.blobs[uri.removeprefix("s3://bucket/")]


def test_files_in_structures_are_uploaded(app: Project, plane: ControlPlaneServer) -> None:
    values = ("--model", '{"files": {"k": "in.txt"}}', "--data", '{"file": "in.txt"}')
    app.flyte("run", "--name", "one", "app.py", "structures", *values).expect()
    found = inputs(plane, "one")
    for held in (plain_value(found["model"])["files"]["k"], plain_value(found["data"])["file"]):
        assert stored(plane, held["path"]) == b"text"
        # MD5 of the content, as of a file that is an input by itself.
        assert (held["name"], held["hash"]) == ("in.txt", "1cb251ec0d568de6a929b520c4aed8d1")


def test_a_table_of_this_machine_is_uploaded(app: Project, plane: ControlPlaneServer) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    rows = pa.table({"n": [1, 2]})
    pyarrow.parquet.write_table(rows, app.path / "rows.parquet")
    pyarrow.csv.write_csv(rows, app.path / "rows.csv")
    for name, spelling in (("rows.parquet", "parquet"), ("rows.csv", "csv")):
        app.flyte("run", "--name", spelling, "app.py", "table", "--df", name).expect()
        dataset = inputs(plane, spelling)["df"].scalar.structured_dataset
        assert dataset.metadata.structured_dataset_type.format == spelling
        assert stored(plane, dataset.uri) == (app.path / name).read_bytes()


def test_tables_in_memory_are_uploaded(app: Project, plane: ControlPlaneServer) -> None:
    import pyarrow.parquet

    app.write({"start.py": SCRIPT})
    app.python("start.py").expect()
    for name in ("one", "two"):
        dataset = inputs(plane, name)["df"].scalar.structured_dataset
        assert dataset.metadata.structured_dataset_type.format == "parquet"
        read = pyarrow.parquet.read_table(BytesIO(stored(plane, f"{dataset.uri}/00000")))
        assert read.to_pydict() == {"n": [1, 2]}
