"""The code bundle of a project that is loaded: listed, checked and hashed, without a byte being packed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.errors import FileChangedError, FlyteError, UsageError
from flytectl_py.model.environment import Environment, TaskEnvironment
from flytectl_py.plan.bundle import BundlePlan, Include, Left, check_size, checked_copy_style
from flytectl_py.plan.import_check import Outside, Reference, check_imports
from flytectl_py.plan.imports import Import
from flytectl_py.project import candidates
from flytectl_py.project.candidates import Gathered
from flytectl_py.project.credentials import holds_credentials, worth_reading
from flytectl_py.project.first_party import FirstParty, own_files
from flytectl_py.project.import_graph import Edge, ImportGraph
from flytectl_py.project.scans import Scans
from flytectl_py.storage.hashing import hash_files
from flytectl_py.storage.stat_index import StatIndex


class Code(NamedTuple):
    """A project that is loaded.

    :param target: the file or folder that was asked for, absolute.
    :param modules: those that were loaded when its environments were declared, by name.
    :param ran_main: the target is the program that runs, so what only its main block imports is loaded as well.
    """

    root: Path
    import_paths: tuple[Path, ...]
    target: Path
    environments: tuple[Environment, ...]
    modules: Mapping[str, ModuleType | None]
    ran_main: bool = False


class Request(NamedTuple):
    """What is wanted of a bundle.

    :param include: of ``--include``, relative to `cwd`. :param everything: list also what is merely not imported.
    :param where: the option that says `copy_style`, for errors.
    """

    copy_style: str = "auto"
    include: tuple[str, ...] = ()
    cwd: str = ""
    everything: bool = False
    where: str = "--copy-style"


def plan_bundle(code: Code, request: Request) -> BundlePlan:
    """Decide what travels with `code`. A file that changes meanwhile makes it start over, once.

    :raises UsageError: nothing to bundle, a root that cannot be one, an import that would be missing, a wrong include,
        more than the hard limit.
    :raises BundleError: a file that cannot be read, or keeps changing.
    """
    style = checked_copy_style(request.copy_style, request.where)
    check_root(code.root)
    if style == "none" and not request.include:
        raise UsageError(
            "copy style none sends no code: it is baked into the image, and there is no bundle",
            hint="pass --copy-style loaded_modules or all",
            where=request.where,
        )
    try:
        return _Planning(code, request, style).plan()
    except FileChangedError:
        return _Planning(code, request, style).plan()


def plan_folder(folder: Path) -> BundlePlan:
    """Return the plan that takes every file of `folder` that no rule leaves out; nothing is loaded or checked."""
    code = Code(folder, (), folder, (), {})
    return _Planning(code, Request("all"), "all").plan()


def check_root(root: Path) -> None:
    """Refuse roots that hold far more than a project.

    :raises UsageError: the root is the home folder, ``/``, or the folder for temporary files.
    """
    real = os.path.realpath(root)
    temporary = {os.path.realpath(each) for each in (os.environ.get("TMPDIR"), "/tmp", "/var/tmp") if each}  # noqa: S108
    what = ""
    if real == os.path.realpath(os.path.expanduser("~")):
        what = "your home folder"
    elif real == os.path.dirname(real):
        what = "the root of the file system"
    elif real in temporary:
        what = "the folder for temporary files"
    if what:
        raise UsageError(
            f"the root of the project is {root}, {what}, which is no project",
            hint="move the file into a folder of its own, or name the project's folder with --root-dir",
            where="--root-dir",
        )


def state_folder(root: Path) -> Path:
    """Return where this project keeps what it knows of `root`; it is never part of a bundle."""
    return root / ".flyte" / "state"


class _Planning:
    """One attempt to plan."""

    def __init__(self, code: Code, request: Request, style: str) -> None:
        self.code = code
        self.request = request
        self.style = style
        self.top = str(code.root)
        self.first_party = FirstParty()
        self.gathered = Gathered(code.root)
        self.state = _writable(code.root)
        self.scans = Scans(self.state / "scans.json" if self.state else None)
        self.warnings: list[str] = []

    def plan(self) -> BundlePlan:
        self.loaded = own_files(self.code.modules.values(), self.first_party)
        if self.style == "all":
            candidates.gather_all(self.gathered)
        elif self.style == "loaded_modules":
            candidates.gather_loaded(self.gathered, self.loaded)
        candidates.gather_included(self.gathered, self._includes())
        self._drop_archives()
        too_large = check_size(self.gathered.files.values())
        hashes = self._hash()
        self._drop_credentials(hashes)
        edges = self._edges(hashes)
        if self.code.ran_main and self.style == "loaded_modules":
            self._drop_main_only(edges)
        self._check(edges)
        self.scans.save()
        whys = self._whys(edges)
        entries = [entry for path, entry in hashes.items() if path in self.gathered.files]
        left = list(self.gathered.left.values())
        if self.request.everything and self.style != "all":
            left += candidates.unselected(self.gathered)
        warnings = [
            *self.gathered.warnings,
            *self._credential_warning(),
            *self.warnings,
            *([too_large] if too_large else []),
        ]
        if not entries:
            raise self._nothing()
        return BundlePlan(
            self.top, self.style, Manifest(entries), whys, tuple(sorted(left)), tuple(dict.fromkeys(warnings))
        )

    def _includes(self) -> list[Include]:
        found = []
        for environment in self.code.environments:
            anchor = os.path.dirname(environment.place.file)
            says = f"include of {environment.name} ({self._shown(environment.place.file)}:{environment.place.line})"
            found += [Include(text, anchor, says) for text in environment.include]
        return found + [Include(text, self.request.cwd or self.top, "--include") for text in self.request.include]

    def _drop_archives(self) -> None:
        """Leave out bundles that were written into the root: each would be part of the next, and so change its name."""
        for path in [path for path in self.gathered.files if path.endswith((".tar.gz", ".tgz"))]:
            if path not in self.gathered.by_name and _is_bundle(Path(self.top, path)):
                del self.gathered.files[path]
                self.gathered.left[path] = Left(path, "bundle archive")

    def _hash(self) -> dict[str, FileEntry]:
        if not self.gathered.files:
            raise self._nothing()
        index = StatIndex.for_root(self.state, self.code.root) if self.state else None
        manifest = hash_files(self.code.root, self.gathered.files, index)
        if index is not None:
            index.save()
        return {entry.path: entry for entry in manifest}

    def _drop_credentials(self, hashes: Mapping[str, FileEntry]) -> None:
        """Leave out what holds credentials by its content, unless it was included by name."""
        for path in list(self.gathered.files):
            entry = hashes[path]
            if path in self.gathered.by_name or not worth_reading(path, entry.size):
                continue
            found = self.scans.credentials(entry.sha256)
            if found is None:
                found = holds_credentials(os.path.join(self.top, path))
                self.scans.remember_credentials(entry.sha256, found)
            if found:
                self.gathered.leave_credentials(path, f"holds {found}")

    def _credential_warning(self) -> list[str]:
        return [
            f"'{each.path}' looks like credentials ({each.rule.partition(': ')[2]}) and is left out; "
            f"if it has to travel, include it by name: --include {each.path}"
            for each in sorted(self.gathered.left.values())
            if each.rule.startswith("credentials")
        ]

    def _edges(self, hashes: Mapping[str, FileEntry]) -> list[Edge]:
        """Return the imports among the user's files: of those that are loaded and of what was included beside them."""
        graph = ImportGraph((str(each) for each in self.code.import_paths), self.code.modules, self.first_party)
        files = dict.fromkeys(self.loaded)
        for path, each in self.gathered.files.items():
            if path.endswith(".py") and each.why.startswith("include"):
                files[os.path.join(self.top, path)] = None
        edges: list[Edge] = []
        for file in files:
            path = candidates.relative(self.code.root, file) or ""
            if path in hashes and path.endswith(".py"):
                edges += graph.edges(file, self._imports(file, hashes[path].sha256))
        return edges

    def _imports(self, file: str, sha256: str) -> tuple[Import, ...]:
        known = self.scans.imports(sha256)
        if known is None:
            from flytectl_py.plan.import_scan import scan_imports

            try:
                known = scan_imports(Path(file).read_bytes())
            except (SyntaxError, ValueError):
                known = ()  # It was included by name, and is no module of this Python.
            except OSError as error:
                raise FileChangedError(f"'{file}' cannot be read any more: {error.strerror}", where=file) from error
            self.scans.remember_imports(sha256, known)
        return known

    def _drop_main_only(self, edges: Iterable[Edge]) -> None:
        """Leave out what is loaded only because this process is the program itself."""
        eager: dict[str, list[str]] = {}
        for each in edges:
            if each.found.when in ("eager", "optional"):
                eager.setdefault(each.importer, []).append(each.target)
        target = str(self.code.target)
        by_main = _closure([each.target for each in edges if each.found.when == "main"], eager)
        for file in by_main - _closure([target], eager):
            path = candidates.relative(self.code.root, file)
            if path is not None and path in self.gathered.files and self.gathered.files[path].why == "loaded":
                del self.gathered.files[path]

    def _check(self, edges: Iterable[Edge]) -> None:
        references, outside = [], {}
        for each in edges:
            importer, target = self._shown(each.importer), self._shown(each.target)
            module = _dotted(each.target, [*map(str, self.code.import_paths), *sys.path])
            references.append(Reference(importer, each.found.line, each.found.when, module, target))
            if os.path.isabs(target) and target not in outside:
                outside[target] = self._outside(each.target, module)
        reasons = {each.path: each.rule for each in self.gathered.left.values()}
        loaded = {self._shown(file) for file in self.loaded}
        self.warnings += check_imports(references, self.gathered.files.keys(), loaded, reasons, outside)

    def _outside(self, file: str, module: str) -> list[Outside]:
        from flytectl_py.project.image_content import image_holds

        top = module.partition(".")[0]
        environments = [each for each in self.code.environments if isinstance(each, TaskEnvironment) and each.tasks]
        return [
            Outside(each.name, f"{self._shown(each.place.file)}:{each.place.line}", image_holds(each, file, top))
            for each in environments
        ]

    def _whys(self, edges: Iterable[Edge]) -> dict[str, str]:
        first: dict[str, str] = {}
        for each in edges:
            if each.found.when in ("eager", "optional"):
                first.setdefault(
                    self._shown(each.target), f"imported by {self._shown(each.importer)}:{each.found.line}"
                )
        target = self._shown(str(self.code.target))
        whys = {}
        for path, candidate in self.gathered.files.items():
            if path == target:
                whys[path] = "entry"
            else:
                whys[path] = first.get(path, candidate.why) if candidate.why in ("loaded", "all") else candidate.why
        return whys

    def _shown(self, file: str) -> str:
        return candidates.relative(self.code.root, file) or file

    def _nothing(self) -> UsageError:
        return UsageError(
            f"no file is left to bundle under {self.top}",
            hint="name files with --include, pass --copy-style all, or look at the rules in .flyteignore",
            where=self.top,
        )


def _is_bundle(file: Path) -> bool:
    from flytectl_py.storage.extract import read_header

    try:
        return read_header(file) is not None
    except FlyteError:
        return False


def _closure(start: Sequence[str], edges: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += edges.get(file, ())
    return found


def _dotted(file: str, paths: Iterable[str]) -> str:
    """Return the dotted name by which `file` is imported from the first of `paths` that holds it."""
    folder = next((path for path in paths if path and file.startswith(os.path.join(path, ""))), os.path.dirname(file))
    name = file[len(folder) :].strip(os.sep)
    name = name.removesuffix(".py").removesuffix(f"{os.sep}__init__")
    return name.replace(os.sep, ".")


def _writable(root: Path) -> Path | None:
    """Return the state folder of `root`, made now, or None where nothing can be written."""
    folder = state_folder(root)
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".gitignore").write_text("*\n")
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
