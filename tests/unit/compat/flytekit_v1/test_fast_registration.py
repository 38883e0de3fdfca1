"""Archives of code are named as flytekit names them; see tests/oracle for how its answers were got."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from flytectl_py.compat.flytekit_v1.copy_mode import CopyFileDetection
from flytectl_py.compat.flytekit_v1.fast_registration import FastPackageOptions, fast_package
from flytectl_py.errors import NotReadyError, UsageError

VECTORS = json.loads(
    (Path(__file__).parents[3] / "golden" / "flytekit_v1" / "packages.json").read_text(encoding="utf-8")
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in VECTORS["tree"].items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text, encoding="utf-8")
    return tmp_path / "tree"


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: "-".join(map(str, case.values())))
def test_every_name_is_flytekits(case: dict[str, object], tree: Path, tmp_path: Path) -> None:
    options = FastPackageOptions(
        keep_default_ignores=bool(case["keep_default_ignores"]),
        copy_style=CopyFileDetection[str(case["copy_style"])],
    )
    assert fast_package(tree / str(case["folder"]), tmp_path / "out", options=options).name == case["name"]


def test_the_archive_holds_the_files_and_nothing_of_the_machine(tree: Path, tmp_path: Path) -> None:
    options = FastPackageOptions(copy_style=CopyFileDetection.ALL)
    one = fast_package(tree / "src", tmp_path / "one", options=options)
    for file in (tree / "src").rglob("*"):
        file.touch()
    two = fast_package(tree / "src", tmp_path / "two", options=options)
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as archive:
        members = archive.getmembers()
        assert {"pkg/m.py", "é ü.txt"} <= {each.name for each in members}
        assert not [each.name for each in members if each.name.endswith(".pyc")]
        assert {(each.mtime, each.uid, each.uname) for each in members} == {(315532800, 0, "")}


def test_links_are_links_unless_they_are_to_be_followed(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.py").write_text("x")
    (tmp_path / "p" / "link.py").symlink_to("a.py")
    (tmp_path / "p" / "broken.py").symlink_to("nowhere")
    kinds = {}
    for follow in (False, True):
        with tarfile.open(fast_package(tmp_path / "p", tmp_path / str(follow), follow)) as archive:
            kinds[follow] = {each.name: each.issym() for each in archive}
    assert kinds == {False: {"a.py": False, "link.py": True}, True: {"a.py": False, "link.py": False}}


def test_further_rules(tree: Path, tmp_path: Path) -> None:
    class Csv:
        def __init__(self, folder: Path) -> None:
            self.folder = folder

        def is_ignored(self, path: str) -> bool:
            return path.endswith(".csv")

    for rule in (Csv, lambda path: path.endswith(".csv")):
        made = fast_package(tree / "src", tmp_path / "out", options=FastPackageOptions([rule]))
        with tarfile.open(made) as archive:
            assert "data.csv" not in archive.getnames()


def test_what_cannot_be_packaged(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        fast_package(tmp_path / "missing", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no file"):
        fast_package(tmp_path / "empty", tmp_path)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.py").write_text("x")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotReadyError, match="cannot be written"):
        fast_package(tmp_path / "p", tmp_path / "file" / "below")
