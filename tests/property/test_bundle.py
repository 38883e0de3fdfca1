"""Nothing is lost without a word, includes mean what globs mean, digests follow from content alone."""

from __future__ import annotations

import glob
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flytectl_py.engines.bundling import plan_folder
from flytectl_py.errors import UsageError
from flytectl_py.plan.bundle import Include
from flytectl_py.project.include import Included, included_files

NAMES = st.sampled_from(["a", "b", "app.py", "x.csv", "y.csv", ".h", "[1]", "é", "build", ".git", "c d", "__pycache__"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
RULES = st.lists(
    st.sampled_from(["*.csv", "a", "/a", "b/", "!x.csv", "**/y.csv", "a/**", "!/a", "#", "c d"]), max_size=4
)


def write(root: Path, paths: list[str]) -> list[str]:
    """Write a file at each of `paths` where that is possible, and return those."""
    made = []
    for path in paths:
        file = root / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
        made.append(path)
    return made


@given(st.lists(PATHS, min_size=1, max_size=12, unique=True), RULES, RULES)
def test_every_file_is_in_the_bundle_or_left_out_by_a_rule_that_is_named(
    paths: list[str], git: list[str], own: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        made = write(root, paths)
        (root / ".gitignore").write_text("\n".join(git))
        (root / ".flyteignore").write_text("\n".join(own))
        plan = plan_folder(root)
        kept = {each.path for each in plan.files}
        left = {each.path: each.rule for each in plan.excluded}
        for path in made:
            parts = path.split("/")
            above = {"/".join(parts[: n + 1]) for n in range(len(parts))} & left.keys()
            assert (path in kept) != bool(above)
            assert all(left[each] for each in above)
        assert kept == plan.whys.keys()


@given(st.lists(PATHS, min_size=1, max_size=12, unique=True), st.randoms(use_true_random=False))
def test_the_digest_follows_from_paths_and_contents_alone(paths: list[str], random) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        made = write(Path(one), paths)
        assume(made)
        shuffled = list(made)
        random.shuffle(shuffled)
        write(Path(other), shuffled)
        for path in made:
            os.utime(Path(other, path), (random.randrange(2**31), random.randrange(2**31)))
        Path(one, "kept.txt").write_text("kept")
        Path(other, "kept.txt").write_text("kept")
        plan = plan_folder(Path(one))
        assert plan_folder(Path(other)).digest == plan.digest
        changed = random.choice(plan.files).path
        Path(other, changed).write_text("changed")
        assert plan_folder(Path(other)).digest != plan.digest


PLAIN = st.lists(st.sampled_from(["a", "b", "ab", "x.csv", "y.csv", ".h"]), min_size=1, max_size=3).map("/".join)
PATTERN = st.lists(
    st.sampled_from(["a", "*", "?", "**", "*.csv", "[ab]", "[!a]*", "a*", "x.csv", ".h"]), min_size=1, max_size=4
).map("/".join)


@given(st.lists(PLAIN, min_size=1, max_size=10, unique=True), PATTERN)
def test_an_include_brings_what_the_glob_matches_and_all_below_it(paths: list[str], pattern: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        made = write(root, paths)
        expected = set()
        for found in glob.glob(pattern, root_dir=folder, recursive=True, include_hidden=True):
            found = found.rstrip("/")
            expected |= {path for path in made if path == found or path.startswith(f"{found}/") or not found}
        # Below what is named, folders that begin with a dot stay out.
        expected = {path for path in expected if ".h/" not in path}
        assume(".h" not in pattern)
        brought = included_files(root, [Include(pattern, folder, "here")])
        if not expected:
            with pytest.raises(UsageError, match=r"brings no file|there is no"):
                list(brought)
            return
        assert {each.entry.path for each in brought if isinstance(each, Included)} == expected
