"""Each room imports only the distributions that this table grants it."""

from __future__ import annotations

import sys

import pytest

from tests.architecture.source_tree import PACKAGES, SourceTree, our_source
from tests.architecture.test_direction import room_of

ANYWHERE = "anywhere"
LATE = "inside functions only"  # its import is slow, and most commands do without it

# Import name -> where in a file. A room that is not here imports the standard library and this project.
GRANTED: dict[str, dict[str, str]] = {
    "cli": {
        "typer": ANYWHERE,
        "docstring_parser": LATE,  # --help only
        "rich": LATE,  # where something is drawn
    },
    "config": {
        "yaml": LATE,  # where there is such a file
        "tomlkit": LATE,  # where a file is changed
    },
    "project": {"pathspec": LATE},  # where there are ignore files
    "values": {"pydantic": LATE},  # where the user's own module has imported it
    "engines": {
        "cloudpickle": LATE,  # a task that lives in no file
        **dict.fromkeys(("polars", "pyarrow"), LATE),  # a table as the input of a run on a cluster
    },
    "storage": {
        "isal": ANYWHERE,  # a faster gzip, where archives are read and written
        **dict.fromkeys(("adlfs", "aiohttp", "azure", "gcsfs", "s3fs", "yarl"), LATE),  # each store's own extra
    },
    "data": {
        **dict.fromkeys(("pandas", "polars", "pyarrow"), LATE),  # tables
        "fsspec": LATE,  # a provider's file system, for who asks for one
        "msgpack": LATE,  # a table in a message of that form
    },
    "model": {
        "kubernetes": LATE,  # a pod template made from the client's own classes
        "pydantic_core": LATE,  # asked for by pydantic itself, for a model of the user's
    },
    # Loaded as a whole, and only where something is remote.
    "controlplane": {**dict.fromkeys(("connectrpc", "flyteidl2", "google", "pyqwest"), ANYWHERE), "keyring": LATE},
    # Loaded as a whole, where the control plane runs; what starts it, keeper.py, needs none of them.
    "machine": dict.fromkeys(("connectrpc", "flyteidl2", "google", "protovalidate", "uvicorn"), ANYWHERE),
    # The forms and messages of Flyte 1, in files that are loaded only for them.
    "compat": {**dict.fromkeys(("dataclasses_json", "flyteidl", "flyteidl2"), ANYWHERE), "yaml": LATE},
    "runtime": {
        **dict.fromkeys(("flyteidl2", "google"), ANYWHERE),
        **dict.fromkeys(("polars", "pyarrow"), LATE),  # where a task takes or gives a table
    },
    "wire": {
        **dict.fromkeys(("buf", "flyteidl2", "google"), ANYWHERE),  # the messages that it writes, and their rules
        **dict.fromkeys(("cloudpickle", "msgpack", "pydantic"), LATE),  # where a value travels so
        "docstring_parser": LATE,  # tasks that have a docstring
    },
}


def ungranted(tree: SourceTree) -> list[str]:
    """Return one line for each import of a distribution that its room was not granted."""
    found = []
    for module in tree:
        granted = GRANTED.get(room_of(module.name), {})
        for imported in tree.imports(module):
            name = imported.target.partition(".")[0]
            if name in sys.stdlib_module_names or name in PACKAGES:
                continue
            if name not in granted:
                found.append(f"{module.at(imported.line)}: {name} is not granted to {room_of(module.name)}")
            elif granted[name] == LATE and not imported.late:
                found.append(f"{module.at(imported.line)}: import {name} inside the function that needs it")
    return found


def test_rooms_import_what_they_were_granted() -> None:
    assert ungranted(our_source()) == []


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("flytectl_py/model/image.py", "import yaml", "yaml is not granted to model"),
        ("flytectl_py/plan/image.py", "def f():\n    from google.protobuf import x", "google is not granted to plan"),
        ("flytectl_py/engines/local.py", "import click.core", "click is not granted to engines"),
        ("flytectl_py/api.py", "import typer", "typer is not granted to api"),
        ("flyte/__init__.py", "import rich", "rich is not granted to flyte"),
        ("flytectl_py/cli/output.py", "from rich.table import Table", "import rich inside the function"),
        ("flytectl_py/config/file.py", "try:\n    import yaml\nexcept ImportError:\n    pass", "import yaml inside"),
    ],
)
def test_what_was_not_granted_is_caught(file: str, text: str, said: str) -> None:
    found = ungranted(SourceTree({file: text}))
    assert len(found) == 1
    assert said in found[0]


def test_what_was_granted_is_not() -> None:
    files = {
        "flytectl_py/cli/app.py": "import typer.core\ndef f():\n    import rich.table",
        "flytectl_py/config/file.py": "import json\nclass A:\n    def f(self):\n        import yaml",
    }
    assert ungranted(SourceTree(files)) == []
