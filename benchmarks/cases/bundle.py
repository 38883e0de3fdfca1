"""Bundling a project's folder: for the first time, again when nothing changed, and amid files that must not travel."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cases.bundle_trees import Tree, settle, write_tree
from benchmarks.finding import Finding
from benchmarks.measure import CannotMeasureError, Command, Sample, run

TREES = (
    (Tree("small", 30, 200), 15),
    (Tree("medium", 2000, 20_000), 5),
    (Tree("medium in junk", 2000, 20_000, junk=True), 5),
    (Tree("large", 20_000, 200_000, random_every=10), 3),
)
"""Each with the most rounds: the peer takes ten seconds for a large one."""
MOST_FIRST = 0.25
MOST_UNCHANGED = 0.06
MOST_AMID_JUNK = 1.1
_STATES = ("first", "unchanged")
_LEAST_FILES = {
    ("first", "work"): 0,
    ("first", "process"): 1000,
    ("unchanged", "work"): 1000,
    ("unchanged", "process"): 10_000,
}
"""How many files a folder has of which something is claimed."""


def measure(bench: Bench) -> list[Finding]:
    """Bundle the same folders with both tools, in turns; then ours with and without junk.

    The peer has no command for it, so a program asks for a dry run that keeps the bundle; ours has `flyte bundle`, and
    runs that program too. "Process" is ours as a command and the peer's program, from the shell to the end: what a
    person waits for. "Work" is the time of that one call in the same program under both, as the program says: without
    starting Python and importing either `flyte`. Both write the archive of the whole folder each time.

    Nothing is claimed where starting is most of it: of the process in a small folder, and, unchanged, of the work in a
    small one and the process in a medium one.
    """
    folder = bench.folder("bundle")
    subjects = {tree: _Subject.of(bench, folder, tree) for tree, _ in TREES}
    settle()
    findings = []
    for tree, most_rounds in TREES:
        findings += _compare(bench, subjects[tree], tree, min(bench.rounds, most_rounds))
    return [*findings, *_amid_junk(bench, subjects)]


@dataclass(frozen=True)
class _Subject:
    """A folder, the ways of bundling it, and where the bundles go."""

    root: Path
    paths: frozenset[str]
    ours: Command
    our_program: Command
    peer: Command
    bundles: Path
    home: Path

    @classmethod
    def of(cls, bench: Bench, folder: Path, tree: Tree) -> _Subject:
        root, bundles = folder / tree.name.replace(" ", "-"), folder / f"bundles of {tree.name}"
        paths = write_tree(root, tree)
        program = root / "bundle_project.py"
        ours = (bench.flyte, "bundle", "build", "app.py", "--copy-style", "all", "-o", bundles)
        command = bench.command(*ours, cwd=root, expects=".tar.gz")
        return cls(
            root,
            paths,
            command,
            bench.command(bench.python, program, bundles, cwd=root),
            bench.command(bench.peer.python, program, bundles, cwd=root),
            bundles,
            Path(command.environment["HOME"]),
        )

    def forget(self) -> None:
        """Take away what either tool knows of the folder, and the bundles."""
        for known in (self.root / ".flyte", self.bundles, *self.home.iterdir()):
            if known.is_dir():
                shutil.rmtree(known)
        self.bundles.mkdir()

    def check(self) -> None:
        """Refuse a bundle that is not of this folder: what is compared has to be the same work.

        :raises CannotMeasureError: not one archive, or one that lacks a file or holds more than a few others.
        """
        archives = list(self.bundles.iterdir())
        if len(archives) != 1:
            raise CannotMeasureError(f"{len(archives)} bundles of {self.root}, and there should be one")
        with tarfile.open(archives[0]) as archive:
            held = {member.name.removeprefix("./") for member in archive if member.isfile()}
        few = 10
        if not self.paths <= held or len(held - self.paths) > few:
            raise CannotMeasureError(
                f"{archives[0]} holds {len(held)} files, not the {len(self.paths)} of {self.root},"
                f" such as {min(held ^ self.paths)}"
            )


def _compare(bench: Bench, subject: _Subject, tree: Tree, rounds: int) -> list[Finding]:
    """Measure `rounds` times a first and an unchanged bundle of each, one tool after the other."""
    commands = (subject.ours, subject.our_program, subject.peer)
    taken: dict[str, list[list[Sample]]] = {state: [[] for _ in commands] for state in _STATES}
    for number in range(rounds):
        for which, command in enumerate(commands):
            subject.forget()  # Of the other tool too: neither bundles what the other one left behind.
            for state in _STATES:
                taken[state][which].append(run(command))
            if number == 0:
                subject.check()
    subject.forget()
    against = f"{bench.peer.title} {'with' if shutil.which('pigz') else 'without'} pigz"
    found = []
    for state, most in zip(_STATES, (MOST_FIRST, MOST_UNCHANGED), strict=True):
        ours, program, peer = taken[state]
        for what, mine, seconds in (("process", ours, _whole), ("work", program, _said)):
            limit = most if tree.files >= _LEAST_FILES[state, what] else None
            found.append(_finding(f"bundle {tree.title}, {state}, {what}", mine, peer, seconds, against, limit))
    return found


def _amid_junk(bench: Bench, subjects: dict[Tree, _Subject]) -> list[Finding]:
    """Measure ours in a folder with junk against ours in the same one without."""
    clean, junk = (subject for tree, subject in subjects.items() if tree.name.startswith("medium"))
    taken: dict[str, list[list[Sample]]] = {state: [[], []] for state in _STATES}
    for _ in range(bench.rounds):
        for which, subject in enumerate((junk, clean)):
            subject.forget()
            for state in _STATES:
                taken[state][which].append(run(subject.ours))
    found = []
    for state, (amid, without) in taken.items():
        name = f"bundle medium in junk, {state}, process"
        found.append(_finding(name, amid, without, _whole, "ours without junk", MOST_AMID_JUNK))
    return found


def _finding(
    name: str,
    ours: Sequence[Sample],
    other: Sequence[Sample],
    seconds: Callable[[Sample], float],
    against: str,
    limit: float | None,
) -> Finding:
    mine, theirs = ([1e3 * seconds(sample) for sample in samples] for samples in (ours, other))
    return Finding(name, "ms", mine, theirs, against, limit=limit)


def _whole(sample: Sample) -> float:
    return sample.seconds


def _said(sample: Sample) -> float:
    return float(sample.stdout)
