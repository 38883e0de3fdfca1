"""What `with_runcontext` takes, checked where it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flytectl_py.config import checks
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


def check_values(given: Mapping[str, object]) -> None:
    """Refuse a value that its parameter, by whose name it goes, cannot take. None says nothing.

    :raises DeclarationError: one of them.
    """
    for parameter, value in given.items():
        if value is None:
            continue
        try:
            _CHECKS[parameter](value)
        except checks.Unfit as unfit:
            raise DeclarationError(f"with_runcontext({parameter}=…)", value, f"it takes {unfit.allowed}") from None


_CHECKS: dict[str, Callable[[object], object]] = {
    **dict.fromkeys(("project", "domain"), checks.name),
    **dict.fromkeys(("version", "service_account", "queue", "raw_data_path", "run_base_dir"), checks.any_text),
    **dict.fromkeys(
        ("dry_run", "overwrite_cache", "disable_run_cache", "interruptible", "interactive_mode"), checks.flag
    ),
    "log_level": checks.count,
}


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
