"""Asks this machine what `flyte doctor` wants to know of Python, of who owns `flyte`, and of folders."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

from flytectl_py.plan.diagnosis import Interpreter

OWN_DISTRIBUTION = "flytectl-py"


def interpreter() -> Interpreter:
    """Return the Python that runs, and which `flyte` a shell would find."""
    ours, on_path = Path(sys.executable).parent / "flyte", shutil.which("flyte")
    return Interpreter(
        platform.python_version(),
        sys.executable,
        sys.prefix if sys.prefix != sys.base_prefix else "",
        os.path.realpath(on_path) if on_path else "",
        os.path.realpath(ours) if ours.exists() else "",
    )


def other_owners(paths: list[str] | None = None) -> list[str]:
    """Return the other distributions that are installed with files in ``flyte/``, each as ``name version``.

    :param paths: where to look, instead of ``sys.path``.
    """
    from importlib.metadata import distributions

    found: dict[str, None] = {}
    for each in distributions(path=sys.path if paths is None else paths):
        name = each.metadata["Name"] or ""
        if name.lower().replace("_", "-") == OWN_DISTRIBUTION:
            continue
        record = each.read_text("RECORD") or each.read_text("SOURCES.txt") or ""
        if any(line.startswith("flyte/__init__.py") for line in record.splitlines()):
            found[f"{name} {each.version}"] = None
    return list(found)


def imported_flyte() -> tuple[str, bool]:
    """Return where ``import flyte`` leads, and whether that is this project's."""
    from importlib.util import find_spec

    try:
        spec = find_spec("flyte")
        origin = spec.origin if spec is not None else None
        # A distribution that overwrote the file left its own in this very place, so what it says is what counts.
        return origin or "", origin is not None and b"flytectl_py" in Path(origin).read_bytes()
    except (OSError, ValueError, ImportError):
        return "", False


def room_in(folder: Path) -> tuple[int | None, bool]:
    """Return how many bytes are free in a folder, or where it would be, and whether files can be made in it."""
    import tempfile

    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        free = shutil.disk_usage(there).free
    except OSError:
        free = None
    try:
        # Asked by doing it: what the mode of a folder says is not all that counts.
        with tempfile.TemporaryFile(dir=there):
            return free, True
    except OSError:
        return free, False
