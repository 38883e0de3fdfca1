"""What to say when a module of the user's cannot be loaded."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

from flytectl_py.errors import FlyteError, ModuleLoadError
from flytectl_py.project.frames import innermost_user_place, shown_path, user_traceback
from flytectl_py.project.root import Root, upwards

# Import names whose distribution has another name.
_DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "GitPython",
    "google.protobuf": "protobuf",
    "jwt": "PyJWT",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


def load_failure(error: BaseException, file: Path, root: Root) -> ModuleLoadError:
    """Return the error to raise when loading `file` raised `error`: what, where, what to do, and the user's frames."""
    name = str(file.relative_to(root.path)) if file.is_relative_to(root.path) else str(file)
    place = innermost_user_place(error) or shown_path(str(file))
    if isinstance(error, FlyteError):
        return ModuleLoadError(
            error.message or type(error).__name__,
            hint=error.hint,
            where=place or error.where,
            user_traceback=user_traceback(error),
        )
    return ModuleLoadError(
        f"cannot load {name}: {_said(error)}",
        hint=_hint(error, file, root),
        where=place,
        user_traceback=user_traceback(error),
    )


def _said(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it ended the process with sys.exit({'' if error.code is None else repr(error.code)})"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, RecursionError):
        return f"RecursionError: {str(error).partition(' while ')[0]}"
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _hint(error: BaseException, file: Path, root: Root) -> str:
    if isinstance(error, SystemExit):
        return 'put what should only happen when the file is run under `if __name__ == "__main__":`'
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing(error.name, file, root)
    if isinstance(error, ImportError):
        return _import_hint(error, root)
    return ""


def _missing(name: str, file: Path, root: Root) -> str:
    top = name.partition(".")[0]
    known = sys.modules.get(top)
    if known is not None and top != name:
        place = getattr(known, "__file__", None) or ", ".join(getattr(known, "__path__", ()))
        return f"{top} is {place}, which has no {name.partition('.')[2]}" + _hidden(top, root)
    for folder in upwards(file.parent):
        for place in (folder, folder / "src"):
            found = next((each for each in (place / f"{top}.py", place / top) if each.exists()), None)
            if found is not None and str(place) not in sys.path and PathFinder.find_spec(top, [str(place)]):
                wanted = _root_for(place, file)
                if wanted == root.path:
                    return (
                        f"{top} is at {found}, and only files below {place} find it there without an installation: "
                        f"pip install -e {wanted}, or move {file.name} to {place}"
                    )
                return f"{top} is at {found}; pass --root-dir {wanted}"
    return f"pip install {_DISTRIBUTIONS.get(top, top)}"


def _root_for(place: Path, file: Path) -> Path:
    """Return the root under which `place` is imported from: itself, or the folder above its ``src``."""
    return place if place in file.parents else place.parent


def _import_hint(error: ImportError, root: Root) -> str:
    if "relative import" in str(error):
        return "a relative import needs a package around the file: add an __init__.py, or import the module by its name"
    return _hidden(error.name or "", root).removeprefix("; ")


def _hidden(name: str, root: Root) -> str:
    """Return what to say when a standard module has won over a file of the project's."""
    if name in sys.stdlib_module_names:
        for path in root.import_paths:
            for entry in (f"{name}.py", name):
                if (path / entry).exists():
                    return f"; rename {path / entry}: it has the name of a standard module, which is imported instead"
    return ""
