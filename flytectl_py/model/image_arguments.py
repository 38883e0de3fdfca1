"""What the methods of an image are given, checked and brought into one form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from flytectl_py.errors import DeclarationError, did_you_mean
from flytectl_py.model.secret import SecretRequest, secrets_of

if TYPE_CHECKING:
    from pathlib import Path

Architecture = Literal["linux/amd64", "linux/arm64"]
ARCHITECTURES: tuple[Architecture, ...] = ("linux/amd64", "linux/arm64")

# A repository's path by the distribution specification of the Open Container Initiative.
_NAME_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = rf"{_NAME_PART}(?:/{_NAME_PART})*"


def path_text(parameter: str, value: str | Path | None) -> str:
    """Return a path as text.

    :raises DeclarationError: not a path, or an empty one.
    """
    if not isinstance(value, str) and not hasattr(value, "__fspath__"):
        raise DeclarationError(parameter, value, "give a path")
    return text(parameter, str(value), "give a path")


def optional_path_text(parameter: str, value: str | Path | None) -> str | None:
    """Return a path as text, or None."""
    return None if value is None else path_text(parameter, value)


def text(parameter: str, value: object, allowed: str = "give text") -> str:
    """Return text that is not empty.

    :raises DeclarationError: not text, or nothing in it.
    """
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise DeclarationError(parameter, value, allowed)
    return value


def optional_text(parameter: str, value: object) -> str | None:
    """Return text that is not empty, or None."""
    return None if value is None else text(parameter, value, "give text, or None")


def packages(method: str, given: tuple[object, ...]) -> tuple[str, ...]:
    """Return the packages given one by one.

    :raises DeclarationError: a list in their place, an option, or no text.
    """
    for each in given:
        if isinstance(each, list | tuple | set):
            listed = ", ".join(repr(package) for package in each)
            raise DeclarationError(
                f"{method}(…)", each, "give packages one by one", suggestion=f"did you mean {method}({listed})?"
            )
        if text(f"{method}(…)", each, "give packages as text").lstrip().startswith("-"):
            raise DeclarationError(
                f"{method}(…)", each, "give packages; an option of the installer goes into extra_args"
            )
    return tuple(str(each) for each in given)


def commands(given: object) -> tuple[str, ...]:
    """Return shell commands.

    :raises DeclarationError: not a list of commands, or one that is a Dockerfile instruction.
    """
    parameter = "with_commands(…)"
    if isinstance(given, str) or not isinstance(given, list | tuple):
        suggestion = f"did you mean with_commands([{given!r}])?" if isinstance(given, str) else ""
        raise DeclarationError(parameter, given, "give a list of shell commands", suggestion=suggestion)
    for each in given:
        if text(parameter, each, "give shell commands as text").startswith("RUN "):
            meant = f"did you mean {each.removeprefix('RUN ')!r}?"
            raise DeclarationError(parameter, each, "give what the shell runs, without RUN", suggestion=meant)
    return tuple(given)


def index_urls(method: str, given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return URLs of package indexes, given as one, several, or None."""
    urls = () if given is None else (given,) if isinstance(given, str) else tuple(given)
    return tuple(text(f"{method}(extra_index_urls=…)", url, "give one URL, or a list of them") for url in urls)


def installer(
    method: str,
    index_url: str | None,
    extra_index_urls: str | list[str] | tuple[str, ...] | None,
    pre: bool,
    extra_args: str | None,
    secret_mounts: SecretRequest | None,
) -> dict[str, Any]:
    """Return the options that all layers of Python packages share, by the names of their fields."""
    return {
        "index_url": optional_text(f"{method}(index_url=…)", index_url),
        "extra_index_urls": index_urls(method, extra_index_urls),
        "pre": bool(pre),
        "extra_args": optional_text(f"{method}(extra_args=…)", extra_args),
        "secret_mounts": secrets_of(secret_mounts),
    }


def env_vars(given: object) -> tuple[tuple[str, str], ...]:
    """Return environment variables, sorted by name.

    :raises DeclarationError: not a dict of text, or a name that cannot be one.
    """
    parameter = "with_env_vars(…)"
    if not isinstance(given, dict):
        raise DeclarationError(parameter, given, "give a dict of names and values")
    for key, value in given.items():
        if not isinstance(key, str) or not key or "=" in key or "\0" in key:
            raise DeclarationError(parameter, key, "names are text without '='")
        if not isinstance(value, str) or "\0" in value:
            raise DeclarationError(parameter, {key: value}, "values are text", suggestion=f"did you mean '{value}'?")
    return tuple(sorted(given.items()))


def one_of(parameter: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse what is not in a list.

    :raises DeclarationError: it is not.
    """
    if value not in allowed:
        suggestion = did_you_mean(value, allowed) if isinstance(value, str) else ""
        raise DeclarationError(parameter, value, f"give one of {', '.join(allowed)}", suggestion=suggestion)


def platforms(value: str | Iterable[str]) -> tuple[Architecture, ...]:
    """Return one or more architectures, each once.

    :raises DeclarationError: none, or one that is not known.
    """
    given = (value,) if isinstance(value, str) else tuple(value)
    if not given:
        raise DeclarationError("Image(platform=…)", value, f"give one or more of {', '.join(ARCHITECTURES)}")
    for each in given:
        one_of("Image(platform=…)", each, ARCHITECTURES)
    return tuple(each for each in dict.fromkeys(given) if each in ARCHITECTURES)


def python_version(value: object) -> tuple[int, int]:
    """Return ``(3, minor)``.

    :raises DeclarationError: anything else.
    """
    if isinstance(value, tuple) and len(value) == 2 and value[0] == 3 and _is_minor(value[1]):
        return 3, value[1]
    written = re.fullmatch(r"3\.(\d{1,2})(\.\d+)?", str(value))
    suggestion = f"did you mean (3, {written[1]})?" if written else ""
    raise DeclarationError("Image(python_version=…)", value, "give (3, minor), such as (3, 12)", suggestion=suggestion)


def image_name(value: str) -> str:
    """Return the name of an image, as a registry takes it.

    :raises DeclarationError: not one.
    """
    if isinstance(value, str) and re.fullmatch(_NAME, value):
        return value
    meant = re.sub(r"[^a-z0-9._/-]+", "-", str(value).lower()).strip("-._/")
    raise DeclarationError(
        "Image(name=…)",
        value,
        "use lower-case letters, digits and single '.', '_', '-' or '/' between them",
        suggestion=f"did you mean '{meant}'?" if re.fullmatch(_NAME, meant) else "",
    )


def registry(value: str, parameter: str = "Image(registry=…)") -> str:
    """Return a registry's host with an optional path.

    :param parameter: as the user writes it.
    :raises DeclarationError: a URL, or not text, or a path that no registry takes.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[^\s/]+(?:/[^\s/]+)*", value):
        bare = re.sub(r"^[a-z]+://", "", str(value)).strip("/")
        suggestion = f"did you mean '{bare}'?" if bare and bare != value else ""
        allowed = "give a host and path without a scheme, such as 'ghcr.io/team'"
        raise DeclarationError(parameter, value, allowed, suggestion=suggestion)
    host, slash, path = value.partition("/")
    if path != path.lower():
        meant = f"did you mean '{host}{slash}{path.lower()}'?"
        raise DeclarationError(parameter, value, "the path of an image is in lower case", suggestion=meant)
    return value


def _is_minor(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
