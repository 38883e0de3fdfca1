"""The code bundle of a project that is loaded: listed, checked and hashed, without a byte being packed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.engines.bundle_imports import BundleImports, Code, shown, target_of
from flytectl_py.errors import FileChangedError, FlyteError, UsageError
from flytectl_py.plan.bundle import BundlePlan, Include, Left, check_size, checked_copy_style, look_alikes
from flytectl_py.project import candidates
from flytectl_py.project.candidates import Gathered
from flytectl_py.project.credentials import holds_credentials, worth_reading
from flytectl_py.project.first_party import FirstParty, own_files
from flytectl_py.project.scans import Scans
from flytectl_py.project.state import writable_state
from flytectl_py.project.target import package_parent
from flytectl_py.storage.hashing import hash_files
from flytectl_py.storage.stat_index import StatIndex

ARCHIVE_ENDINGS = (".gz", ".tgz")
"""What the names of archives end in, so that they are known where they lie in a project."""


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
    """Return the plan that takes every file of `folder` that no rule leaves out; nothing is loaded, nothing written."""
    code = Code(folder, (), folder, (), {})
    return _Planning(code, Request("all"), "all", keep_state=False).plan()


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


class _Planning:
    """One attempt to plan."""

    def __init__(self, code: Code, request: Request, style: str, *, keep_state: bool = True) -> None:
        self.code = code
        self.request = request
        self.style = style
        self.top = str(code.root)
        self.first_party = FirstParty(self.top)
        self.gathered = Gathered(code.root)
        self.state = writable_state(code.root) if keep_state else None
        self.scans = Scans(self.state / "scans.json" if self.state else None)

    def plan(self) -> BundlePlan:
        loaded = own_files(self.code.modules.values(), self.first_party)
        self._gather(loaded)
        too_large = check_size(self.gathered.files.values())
        hashes = self._hash()
        self._drop_credentials(hashes)
        imports = BundleImports(self.code, loaded, self.first_party, self.gathered, self.scans, hashes)
        if self.code.ran_main and self.style == "loaded_modules":
            imports.drop_main_only()
        self._check_entry()
        warnings = [
            self._root_warning(),
            *self.gathered.warnings,
            *self._credential_warnings(),
            *imports.check(),
            *look_alikes(self.gathered.files),
            too_large,
        ]
        self.scans.save()
        left = list(self.gathered.left.values())
        if self.request.everything and self.style != "all":
            left += candidates.unselected(self.gathered)
        whys = imports.whys()
        return BundlePlan(
            self.top,
            self.style,
            # Files are only taken away after they were hashed, and mostly none is.
            self.hashed
            if len(self.hashed) == len(self.gathered.files)
            else Manifest(hashes[path] for path in self.gathered.files),
            {hashes[path].path: whys[path] for path in self.gathered.files},
            tuple(sorted(left)),
            tuple(dict.fromkeys(filter(None, warnings))),
            target_of(self.code),
        )

    def _gather(self, loaded: list[str]) -> None:
        if self.style == "all":
            candidates.gather_all(self.gathered)
        elif self.style == "loaded_modules":
            candidates.gather_loaded(self.gathered, loaded)
        includes = []
        for each in self.code.environments:
            says = f"include of {each.name} ({shown(self.code.root, each.place.file)}:{each.place.line})"
            includes += [Include(text, os.path.dirname(each.place.file), says) for text in each.include]
        includes += [Include(text, self.request.cwd or self.top, "--include") for text in self.request.include]
        candidates.gather_included(self.gathered, includes)
        self._drop_archives()

    def _drop_archives(self) -> None:
        """Leave out bundles that were written into the root: each would be part of the next, and so change its name."""
        for path in [path for path in self.gathered.files if path.endswith(ARCHIVE_ENDINGS)]:
            if path not in self.gathered.by_name and is_bundle(Path(self.top, path)):
                del self.gathered.files[path]
                self.gathered.left[path] = Left(path, "bundle archive")

    def _hash(self) -> dict[str, FileEntry]:
        """Return the entry of each file by its path as this process spells it."""
        self._check_some()
        index = StatIndex.for_root(self.state, self.code.root) if self.state else None
        self.hashed = manifest = hash_files(self.code.root, self.gathered.files, index)
        if index is not None:
            index.save()
        entries = {entry.path: entry for entry in manifest}
        if entries.keys() == self.gathered.files.keys():
            return entries
        # Elsewhere than in UTF-8 this process spells names in its own way, and manifests do not.
        return {path: entries[os.fsencode(path).decode("utf-8", "surrogateescape")] for path in self.gathered.files}

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

    def _credential_warnings(self) -> list[str]:
        return [
            f"'{each.path}' looks like credentials ({each.rule.partition(': ')[2]}) and is left out; "
            f"if it has to travel, include it by name: --include {each.path}"
            for each in sorted(self.gathered.left.values())
            if each.rule.startswith("credentials")
        ]

    def _check_entry(self) -> None:
        """Refuse a bundle without files, or without the file that was asked for."""
        self._check_some()
        path = candidates.relative(self.code.root, str(self.code.target))
        rule = next((rule for each, rule in self._rules() if path == each or (path or "").startswith(f"{each}/")), "")
        if self.style != "none" and self.code.target.is_file() and path not in self.gathered.files and rule:
            raise UsageError(
                f"{path} itself is not in the bundle: it is left out by {rule}",
                hint=f"change that rule, or pass --include {path}",
                where=rule,
            )

    def _root_warning(self) -> str:
        """Return a warning where the root is the inside of a package: its modules go by other names there."""
        if not (self.code.root / "__init__.py").is_file() or not self.code.modules:
            return ""
        above = package_parent(self.code.root)
        return (
            f"the root {self.top} is part of a package, whose modules are imported by names that begin further up; "
            f"pass --root-dir {above}"
        )

    def _rules(self) -> list[tuple[str, str]]:
        return [(each.path, each.rule) for each in self.gathered.left.values()]

    def _check_some(self) -> None:
        if not self.gathered.files:
            raise UsageError(
                f"no file is left to bundle under {self.top}",
                hint="name files with --include, pass --copy-style all, or look at the rules in .flyteignore",
                where=self.top,
            )


def is_bundle(file: Path) -> bool:
    """Whether `file` is an archive that was written here."""
    from flytectl_py.storage.extract import read_header

    try:
        return read_header(file) is not None
    except FlyteError:
        return False
