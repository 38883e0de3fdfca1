"""Files, folders and tables of tasks, with the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
import flyte
import flyte.io
import pandas as pd
import polars as pl

env = flyte.TaskEnvironment(name="app")


@env.task
def make(rows: int) -> flyte.io.DataFrame:
    return flyte.io.DataFrame.from_df(pd.DataFrame({"n": range(rows)}))


@env.task
async def total(df: flyte.io.DataFrame) -> int:
    return int((await df.open(pl.DataFrame).all())["n"].sum())


@env.task
def largest(df: pd.DataFrame) -> int:
    return int(df["n"].max())


@env.task
async def copied(file: flyte.io.File) -> flyte.io.File:
    copy = flyte.io.File.new_remote("copy.txt")
    async with file.open() as content, copy.open("wb") as out:
        await out.write(await content.read())
    return copy


@env.task
def names(folder: flyte.io.Dir) -> list[str]:
    return [file.name for file in folder.walk_sync(file_pattern="*.txt")]

"""


def test_a_table_goes_from_process_to_process(project: MakeProject) -> None:
    made = project({"app.py": APP})
    table = made.flyte("run", "--json", "app.py", "make", "--rows", "5").expect().json["outputs"]["o0"]
    assert Path(table["uri"]).is_relative_to(made.path / ".flyte")
    assert made.flyte("run", "app.py", "total", "--df", table["uri"]).expect().out == "10\n"
    assert made.flyte("run", "app.py", "largest", "--df", table["uri"]).expect().out == "4\n"


def test_a_csv_will_do(project: MakeProject) -> None:
    made = project({"app.py": APP, "t.csv": "n\n3\n9\n"})
    assert made.flyte("run", "app.py", "largest", "--df", "t.csv").expect().out == "9\n"
    assert made.flyte("run", "app.py", "total", "--df", "t.csv").expect().out == "12\n"
    wrong = made.flyte("run", "app.py", "largest", "--df", "t.parquet").expect(2)
    assert "there is no such file or folder" in wrong.err
    assert "--df" in wrong.err


def test_a_file_that_a_task_returned_is_there(project: MakeProject) -> None:
    made = project({"app.py": APP, "x.txt": "what it holds"})
    path = made.flyte("run", "app.py", "copied", "--file", "x.txt", "--raw-data-path", "data").expect().out.strip()
    assert Path(path).is_relative_to(made.path / "data")
    assert Path(path).read_text() == "what it holds"


def test_a_folder(project: MakeProject) -> None:
    made = project({"app.py": APP, "folder/a.txt": "", "folder/in/b.txt": "", "folder/c.csv": ""})
    done = made.flyte("run", "--json", "app.py", "names", "--folder", "folder").expect()
    assert done.json["outputs"]["o0"] == ["a.txt", "b.txt"]


LIBRARIES = """
import flyte
import pandas as pd
import polars as pl

@flyte.task
def pandas() -> pd.DataFrame:
    return pd.DataFrame({"n": [1, 2]})

@flyte.task
def polars() -> tuple[int, pl.DataFrame]:
    return 7, pl.DataFrame({"n": [1, 2]})

@flyte.task
def largest(df: pd.DataFrame) -> int:
    return int(df["n"].max())
"""


def test_a_library_s_own_table_is_written_for_json(project: MakeProject) -> None:
    made = project({"app.py": LIBRARIES})
    outputs = made.flyte("run", "--json", "--name", "p", "app.py", "pandas").expect().json["outputs"]
    assert Path(outputs["o0"]["uri"]).is_relative_to(made.path / ".flyte" / "state" / "runs" / "p")
    assert made.flyte("run", "app.py", "largest", "--df", outputs["o0"]["uri"]).expect().out == "2\n"
    outputs = made.flyte("run", "--json", "--raw-data-path", "raw", "app.py", "polars").expect().json["outputs"]
    assert outputs["o0"] == 7
    assert Path(outputs["o1"]["uri"]).is_relative_to(made.path / "raw")
