"""The root that a file gives to flyte.init, read without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flytectl_py.project.declared_root import DeclaredRoot, declared_root

FILE = Path("/x/project/src/pkg/app.py")


def read(text: str) -> DeclaredRoot | None:
    return declared_root(text.encode(), FILE)


HEAD = "import os, pathlib\nfrom pathlib import Path\nimport flyte\n"


@pytest.mark.parametrize(
    ("expression", "folder"),
    [
        ("pathlib.Path(__file__).parent", "/x/project/src/pkg"),
        ("Path(__file__).parent.parent", "/x/project/src"),
        ("Path(__file__).resolve().parent", "/x/project/src/pkg"),
        ("Path(__file__).absolute().parents[2]", "/x/project"),
        ("Path(__file__).parents[1] / 'pkg'", "/x/project/src/pkg"),
        ("Path('/x', 'project')", "/x/project"),
        ("Path(__file__).parent.parent.joinpath('a', 'b')", "/x/project/src/a/b"),
        ("os.path.dirname(os.path.abspath(__file__))", "/x/project/src/pkg"),
        ("os.path.join(os.path.dirname(__file__), '..')", "/x/project/src/pkg/.."),
        ("str(Path(__file__).parent)", "/x/project/src/pkg"),
        ("'.'", "."),
    ],
)
def test_expressions(expression, folder):
    found = read(f"{HEAD}flyte.init_from_config(root_dir={expression})\n")
    assert found == DeclaredRoot(Path(folder), "init_from_config", 4)


@pytest.mark.parametrize(
    "text",
    [
        "import flyte\nfrom pathlib import Path as P\nflyte.init(root_dir=P(__file__).parent)",
        "import flyte as f, pathlib as p\nf.init(root_dir=p.Path(__file__).parent)",
        "from flyte import init\nfrom pathlib import Path\ninit(root_dir=Path(__file__).parent)",
        "import flyte\nfrom os.path import dirname\nflyte.init(root_dir=dirname(__file__))",
        "import flyte, pathlib\nX = pathlib.Path(__file__).parent\nif __name__ == '__main__':\n flyte.init(root_dir=X)",
        "import flyte, pathlib\nA = pathlib.Path(__file__)\nB: object = A.parent\nflyte.init(root_dir=B)",
        "import flyte, pathlib\ntry:\n  flyte.init(org='', root_dir=pathlib.Path(__file__).parent)\nfinally:\n  pass",
    ],
)
def test_how_it_may_be_written(text):
    found = read(text)
    assert found is not None
    assert (found.path, found.call) == (FILE.parent, "init")


@pytest.mark.parametrize(
    "text",
    [
        "flyte.init(root_dir=somewhere())",
        "flyte.init(root_dir=UNKNOWN)",
        "flyte.init(org='root_dir')",
        "other.init(root_dir='/x')",
        "init(root_dir='/x')",
        "def f():\n  flyte.init(root_dir='/x')",
        "flyte.init(root_dir=Path(__file__).parents[99])",
        "flyte.init(root_dir='a' / 'b')",
        "HERE = '/x'\nHERE = unknown()\nflyte.init(root_dir=HERE)",
        "flyte.init(root_dir=",
        "flyte.init(root_dir=1)",
    ],
)
def test_what_is_not_understood_is_not_declared(text):
    assert read(HEAD + text) is None
