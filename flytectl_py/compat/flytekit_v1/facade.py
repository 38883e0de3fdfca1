"""Makes two modules of flytekit importable under their own names, where no flytekit is installed; only when asked to.

Code that says ``from flytekit.core.cache import Cache`` then works as it is::

    from flytectl_py.compat.flytekit_v1.facade import enable

    enable()
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

MODULES: Final = {
    "flytekit.core.cache": "flytectl_py.compat.flytekit_v1.cache",
    "flytekit.clis.sdk_in_container.serialize": "flytectl_py.compat.flytekit_v1.serialize",
}
PACKAGES: Final = frozenset(name.rpartition(".")[0] for name in MODULES) | {"flytekit", "flytekit.clis"}


def enable() -> bool:
    """Make the modules importable from here on; return whether they are ours. A flytekit that is installed wins.

    May be called again.
    """
    from importlib.util import find_spec

    if not any(isinstance(each, _Finder) for each in sys.meta_path):
        # The last: whatever is really there has been found before.
        sys.meta_path.append(_Finder())
    found = find_spec("flytekit")
    return found is not None and isinstance(found.loader, _Loader)


def disable() -> None:
    """Take the modules away again. What was imported from them stays what it is."""
    sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, _Finder)]
    for name in [*MODULES, *PACKAGES]:
        module = sys.modules.get(name)
        if module is not None and _is_ours(module):
            del sys.modules[name]


class _Finder(MetaPathFinder):
    """Answers for what nobody else has found."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top = fullname.partition(".")[0]
        if top != "flytekit" or (fullname != top and not _is_ours(sys.modules.get(top))):
            return None
        if fullname in MODULES or fullname in PACKAGES:
            return ModuleSpec(fullname, _Loader(), origin=__name__, is_package=fullname in PACKAGES)
        raise ModuleNotFoundError(f"there is no {fullname}: {_what_there_is()}", name=fullname)


class _Loader(Loader):
    """Fills a module with the names of ours; a package has nothing of its own."""

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        if name in PACKAGES:
            module.__doc__ = f"Stands for {name}: {_what_there_is()}."
            module.__dict__["__getattr__"] = lambda attribute: _no_attribute(name, attribute)
            return
        ours = import_module(MODULES[name])
        given = {key: value for key, value in vars(ours).items() if not key.startswith("__")}
        module.__dict__.update(given, __doc__=ours.__doc__, __all__=list(ours.__all__))


def _is_ours(module: ModuleType | None) -> bool:
    spec = getattr(module, "__spec__", None)
    return spec is not None and isinstance(spec.loader, _Loader)


def _no_attribute(package: str, attribute: str) -> object:
    raise AttributeError(f"{package} has no {attribute}: {_what_there_is()}")


def _what_there_is() -> str:
    return f"flytekit is not installed, and of it this project has only {' and '.join(sorted(MODULES))}"
