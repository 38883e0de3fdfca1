"""Which files are the user's own code: not installed, not the standard library, not this project's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from types import ModuleType

_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OWN_PACKAGES = tuple(os.path.join(os.path.dirname(_HERE), name) + os.sep for name in ("flytectl_py", "flyte"))


class FirstParty:
    """Knows which files are the user's own. Answers are remembered by folder, so make one for each question asked.

    :param root: of the project; absolute. What lies in it is no part of an environment that it lies in itself.
    """

    def __init__(self, root: str = "") -> None:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        places = {os.path.dirname(os.__file__), os.path.join(sys.base_exec_prefix, sys.platlibdir, version)}
        places |= {os.path.realpath(place) for place in places}
        self._foreign = (*(place + os.sep for place in places), *OWN_PACKAGES)
        self._folders: dict[str, bool] = {root: False}

    def is_own(self, file: str) -> bool:
        """Whether `file` (absolute) is the user's. What lies in a virtual environment of any name is not."""
        if file.startswith(self._foreign) or any(part in file for part in _INSTALLED):
            return False
        return not self._in_environment(os.path.dirname(file))

    def _in_environment(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            parent = os.path.dirname(folder)
            known = os.path.isfile(f"{folder}{os.sep}pyvenv.cfg") or (parent != folder and self._in_environment(parent))
            self._folders[folder] = known
        return known


def own_files(modules: Iterable[ModuleType | None], first_party: FirstParty) -> list[str]:
    """Return the absolute files of those `modules` that are the user's own, each once, in the order of their paths.

    Namespace packages have no file. What is not written in Python, or was compiled, counts by the file that is loaded.
    """
    files: set[str] = set()
    for module in modules:
        try:
            # Not by getattr: modules that load themselves late would do so now.
            file = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:
            continue
        if isinstance(file, str) and os.path.isabs(file):
            files.add(file)
    return sorted(file for file in files if first_party.is_own(file) and os.path.isfile(file))
