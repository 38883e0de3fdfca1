"""Where a project begins: the folder that its modules are named from, and why it is that one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from flytectl_py.errors import UsageError
from flytectl_py.project.target import absolute, inside, is_package, locate, package_parent

_RELATIVE_IMPORT = re.compile(rb"^[ \t]*from[ \t]+(\.+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Root:
    """The root of a project.

    :param path: absolute; every path in a bundle is relative to it.
    :param reason: one phrase that says why it is this folder.
    :param import_paths: what goes first on ``sys.path``, in order.
    """

    path: Path
    reason: str
    import_paths: tuple[Path, ...]


def find_root(
    target: Path,
    *,
    explicit: Path | None = None,
    configured: Path | None = None,
    cwd: Path | None = None,
    home: Path | None = None,
) -> Root:
    """Find the root of the project of `target`: the folder to ``cd`` into before ``python -c "import my_module"``.

    In order: `explicit`, `configured`, what the file itself passes to ``flyte.init(root_dir=…)``, the nearest
    pyproject.toml (its ``src`` folder for a file in there), the parent of the file's top-most package.

    :param explicit: the value of ``--root-dir``.
    :param configured: the value that ``init()`` or the configuration holds.
    :param cwd: what relative paths are relative to; the process's own folder unless given.
    :param home: the search for pyproject.toml stops below it; the user's home unless given.
    :raises UsageError: no such file, or a given root that is no folder or does not hold the file.
    """
    path = locate(target, cwd=cwd)
    for given, source in ((explicit, "--root-dir"), (configured, "root_dir of init() or the configuration")):
        if given is not None:
            folder = absolute(given, cwd)
            return _rooted(path, _checked(folder, path, source), source)
    text = b"" if path.is_dir() else path.read_bytes()
    declared = _declared(path, text, cwd)
    if declared is not None:
        return declared
    folder = path if path.is_dir() else path.parent
    project = nearest_pyproject(folder, home=home)
    return _by_packages(path, folder, relative_level(text)) if project is None else _by_project(path, folder, project)


def _by_project(path: Path, folder: Path, project: Path) -> Root:
    source_folder = project / "src"
    if inside(folder, source_folder) and not is_package(source_folder):
        return _rooted(path, source_folder, f"src layout of {project / 'pyproject.toml'}")
    return _rooted(path, project, f"folder of {project / 'pyproject.toml'}")


def _by_packages(path: Path, folder: Path, level: int) -> Root:
    top = package_parent(folder)
    if top != folder:
        return _rooted(path, top, "parent of the top-most package")
    if level > 1:
        return _rooted(path, folder.parents[level - 2], f"relative imports of {path.name} reach up to it")
    return _rooted(path, folder, "the folder itself" if path == folder else f"folder of {path.name}")


def nearest_pyproject(folder: Path, *, home: Path | None = None) -> Path | None:
    """Return the nearest folder upwards that holds a pyproject.toml, or None.

    A folder with ``.git`` is the last one looked at; the user's home and what is above it never is.
    """
    return next((each for each in upwards(folder, home=home) if (each / "pyproject.toml").is_file()), None)


def upwards(folder: Path, *, home: Path | None = None) -> list[Path]:
    """Return `folder` and the folders above it that may belong to the same project, nearest first."""
    stop = home or Path("~").expanduser()
    found: list[Path] = []
    for each in (folder, *folder.parents):
        if each in (stop, each.parent) and each != folder:
            break
        found.append(each)
        if (each / ".git").exists():
            break
    return found


def relative_level(text: bytes) -> int:
    """Return how far the relative imports of a module reach up: 1 for ``from .x``, 2 for ``from ..x``, 0 for none."""
    return max((len(match[1]) for match in _RELATIVE_IMPORT.finditer(text)), default=0)


def _declared(path: Path, text: bytes, cwd: Path | None) -> Root | None:
    if b"root_dir" not in text:
        return None
    from flytectl_py.project.declared_root import declared_root

    found = declared_root(text, path)
    if found is None:
        return None
    folder = _holding(absolute(found.path, cwd), path)
    return None if folder is None else _rooted(path, folder, f"{found.call}(root_dir=…) at {path.name}:{found.line}")


def _holding(folder: Path, path: Path) -> Path | None:
    """Return `folder` as it is named in `path`, or None if `path` does not lie in it."""
    if not folder.is_dir():
        return None
    if inside(path, folder):
        return folder
    # One of the two may be written through a symbolic link: take the ancestor of the file that is the same folder.
    return next((each for each in (path, *path.parents) if each.is_dir() and each.samefile(folder)), None)


def _checked(folder: Path, path: Path, source: str) -> Path:
    if not folder.is_dir():
        raise UsageError(f"the root {folder} is not a folder", where=source)
    holding = _holding(folder, path)
    if holding is not None:
        return holding
    raise UsageError(
        f"{path} does not lie in the root {folder}",
        hint=f"pass --root-dir with a folder that holds {path.name}, e.g. --root-dir {path.parent}",
        where=source,
    )


def _rooted(path: Path, folder: Path, reason: str) -> Root:
    paths = [folder]
    source_folder = folder / "src"
    if (inside(path, source_folder) or path == folder) and source_folder.is_dir() and not is_package(source_folder):
        paths.insert(0, source_folder)
    # As for a script, what lies beside the file can be imported; beside its top-most package if it is part of one.
    beside = package_parent(path if path.is_dir() else path.parent)
    if inside(beside, folder) and beside not in paths:
        paths.append(beside)
    return Root(folder, reason, tuple(paths))
