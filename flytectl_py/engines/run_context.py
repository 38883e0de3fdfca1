"""What `with_runcontext` takes, checked where it is given."""

from __future__ import annotations

from collections.abc import Mapping

from flytectl_py.engines.api import checked_run_name
from flytectl_py.errors import DeclarationError, did_you_mean
from flytectl_py.plan.bundle import COPY_STYLES

MODES = ("local", "remote", "hybrid")


def check_context(mode: object, copy_style: object, name: str | None) -> None:
    """Refuse a mode, a copy style or a name that there is not.

    :raises DeclarationError: one of them.
    """
    for parameter, value, known in (("mode", mode, (None, *MODES)), ("copy_style", copy_style, COPY_STYLES)):
        if value not in known:
            names = [each for each in known if each]
            raise DeclarationError(
                f"with_runcontext({parameter}=…)",
                value,
                f"it is one of {', '.join(names)}",
                suggestion=did_you_mean(str(value), names),
            )
    if name is not None:
        checked_run_name(name)


def check_texts(**mappings: Mapping[str, str] | None) -> None:
    """Refuse what is no mapping of texts to texts, by the name of its parameter.

    :raises DeclarationError: an entry of it.
    """
    for parameter, given in mappings.items():
        for key, value in (given or {}).items():
            fits = isinstance(key, str) and isinstance(value, str) and key != ""
            if fits and parameter == "env_vars":
                fits = "=" not in key and "\0" not in key + value
            if fits and parameter == "images":
                fits = value != ""
            if not fits:
                raise DeclarationError(f"with_runcontext({parameter}=…)", {key: value}, _ALLOWED[parameter])


_ALLOWED = {
    "images": "give image URIs by name",
    "labels": "names and values are text, names not empty",
    "annotations": "names and values are text, names not empty",
    "env_vars": "names and values are text, names without '='",
}
