"""What each setting may be: one checker per kind, which returns the value in its settled form or raises `Unfit`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from flytectl_py.errors import did_you_mean

OFFERED_BUILDERS = ("local", "docker", "podman", "environment", "dockerfile")
"""What help, questions, completion and errors list."""
IMAGE_BUILDERS = (*OFFERED_BUILDERS, "local-podman", "remote")
"""What a file may say: also names of the ecosystem's other programs."""
BUILDER_ENTRY_POINTS = ("flytectl_py.builders", "flyte.plugins.image_builders")
"""Groups under which other distributions register builders by name."""
AUTH_TYPES = ("Pkce", "ClientSecret", "DeviceFlow", "ExternalCommand")
ENDPOINT_SCHEMES = ("dns", "http", "https")
# The numbers are those of the standard `logging`, which is not imported for five integers.
LOG_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

_AUTH_ALIASES = {
    "pkce": "Pkce",
    "clientsecret": "ClientSecret",
    "appcredential": "ClientSecret",
    "deviceflow": "DeviceFlow",
    "headless": "DeviceFlow",
    "externalcommand": "ExternalCommand",
    "command": "ExternalCommand",
    "custom": "ExternalCommand",
}
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


class Unfit(Exception):
    """A value that a setting cannot take.

    :param allowed: what it takes, in words.
    :param suggestion: a ``did you mean …?`` sentence, possibly empty.
    """

    def __init__(self, allowed: str, suggestion: str = "") -> None:
        super().__init__(allowed)
        self.allowed = allowed
        self.suggestion = suggestion


def plain(name: str) -> str:
    """Return `name` without case, hyphens and underscores, for names that people spell in several ways."""
    return name.replace("-", "").replace("_", "").lower()


def text(value: object) -> str:
    """A text with something in it."""
    if not isinstance(value, str) or not value.strip():
        raise Unfit("a text that is not empty")
    return value


def any_text(value: object) -> str:
    """A text, possibly empty."""
    if not isinstance(value, str):
        raise Unfit("a text")
    return value


def credential(value: object) -> str:
    """A key or a password. Blanks around it, such as the line break of a file, are no part of it."""
    if not isinstance(value, str) or not value.strip() or not value.strip().isprintable():
        raise Unfit("a text without line breaks and other control characters")
    return value.strip()


def presentable(value: object) -> object:
    """Return a value that is refused as a message may show it: a URL's password and query may be secrets."""
    if not isinstance(value, str):
        return value
    import re

    return re.sub(r"(^|://)[^/@\s]*@", r"\1***@", re.sub(r"(://[^?#\s]*)[?#].*", r"\1?***", value, flags=re.DOTALL))


def name(value: object) -> str:
    """The name of a project or a domain: one word of a URL's path."""
    if not isinstance(value, str) or not value or any(char.isspace() or char == "/" for char in value):
        raise Unfit("a name without spaces and slashes")
    return value


def flag(value: object) -> bool:
    """True or False, and nothing that only looks like it."""
    if isinstance(value, bool):
        return value
    raise Unfit("true or false")


def flag_of_text(written: str) -> bool | str:
    """Return what the text of an environment variable means as a flag, or the text itself where it means nothing."""
    word = written.strip().lower()
    return word in _TRUE if word in _TRUE or word in _FALSE else written


def of_text(check: Callable[[object], object], written: str) -> object:
    """Return what the text of an environment variable means to `check`, or the text itself where it means nothing."""
    if check is flag:
        return flag_of_text(written)
    if check in (count, size):
        return int(written) if written.strip().isdecimal() else written
    if check in (words, scopes, images) and written.strip().startswith(("[", "{")):
        import json

        try:
            return json.loads(written)  # Lists and mappings as `flyte config get` prints them.
        except ValueError:
            return written
    if check is words:
        import shlex

        try:
            return shlex.split(written)
        except ValueError:
            return written
    if check in (scopes, images):
        return written.replace(",", " ").split()
    return written


def _at_least(least: int) -> Callable[[object], int]:
    def whole_number(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise Unfit(f"a whole number, {least} or more")
        return value

    return whole_number


count = _at_least(0)
size = _at_least(1)


def log_level(value: object) -> int:
    """A level of the standard `logging`, by number or by name."""
    if isinstance(value, str):
        word = value.strip().lower()
        if word in LOG_LEVELS:
            return LOG_LEVELS[word]
        if word.isdecimal():
            value = int(word)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    suggestion = did_you_mean(value, LOG_LEVELS) if isinstance(value, str) else ""
    raise Unfit(f"a number from 0, or one of {', '.join(LOG_LEVELS)}", suggestion)


def endpoint(value: object) -> str:
    """Where a control plane answers: ``host``, ``host:port``, ``dns:///host[:port]``, ``http://host`` or ``https://host``."""
    forms = "host, host:port, dns:///host:port, http://host or https://host"
    value = _address(value, forms)
    if any(char in value for char in "@?#"):  # Who asks is said elsewhere, and a query means nothing.
        raise Unfit(forms)
    scheme, separator, rest = value.partition("://")
    if not separator:
        rest = value
    elif scheme not in ENDPOINT_SCHEMES:
        raise Unfit(forms, did_you_mean(scheme, ENDPOINT_SCHEMES))
    elif scheme == "dns":
        # dns://authority/host names the DNS server too (gRPC's name syntax); ours is always the empty authority.
        if not rest.startswith("/"):
            raise Unfit(forms, f"did you mean 'dns:///{rest}'?")
        rest = rest[1:]
    else:
        rest = rest.split("/", 1)[0]
    _host_and_port(rest, forms)
    return value


def proxy(value: object) -> str:
    """A proxy that speaks HTTP: ``http://host:port`` or ``host:port``, with ``user:password@`` before it or not."""
    forms = "http://host:port, with user:password@ before the host where it wants that"
    value = _address(value, forms)
    scheme, separator, rest = value.partition("://")
    if separator and scheme not in ("http", "https"):
        raise Unfit(forms, did_you_mean(scheme, ("http", "https")))
    _host_and_port((rest if separator else value).rstrip("/").rpartition("@")[2], forms)
    return value


def _address(value: object, forms: str) -> str:
    address = value.strip() if isinstance(value, str) else ""
    if not address or not address.isprintable() or " " in address:
        raise Unfit(forms)
    return address


def _host_and_port(address: str, forms: str) -> None:
    if address.startswith("["):
        host, closed, after = address[1:].partition("]")
        port = after.removeprefix(":") if after.startswith(":") else None
        if not closed or (after and port is None) or not _is_ipv6(host):
            raise Unfit(forms)
    else:
        host, colon, written = address.partition(":")
        port = written if colon else None
    # No host begins with a hyphen (RFC 952): that is an option which went astray.
    if (
        not host
        or host.startswith("-")
        or "/" in address
        or (port is not None and not (port.isdecimal() and 0 < int(port) < 65536))
    ):
        raise Unfit(forms)


def _is_ipv6(host: str) -> bool:
    import ipaddress

    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def auth_type(value: object) -> str:
    """How to log in: one of `AUTH_TYPES`, however capitalised and hyphenated, or by a common other name."""
    if isinstance(value, str) and plain(value) in _AUTH_ALIASES:
        return _AUTH_ALIASES[plain(value)]
    suggestion = did_you_mean(value, AUTH_TYPES) if isinstance(value, str) else ""
    raise Unfit(f"one of {', '.join(AUTH_TYPES)}", suggestion)


def image_builder(value: object) -> str:
    """Who builds images: one of `IMAGE_BUILDERS`, or one that another distribution brings."""
    if isinstance(value, str) and value in IMAGE_BUILDERS:
        return value
    from importlib.metadata import entry_points

    others = [point.name for group in BUILDER_ENTRY_POINTS for point in entry_points(group=group)]
    if isinstance(value, str) and value in others:
        return value
    suggestion = did_you_mean(value, (*IMAGE_BUILDERS, *others)) if isinstance(value, str) else ""
    raise Unfit(f"one of {', '.join((*OFFERED_BUILDERS, *others))}", suggestion)


def registry(value: object) -> str:
    """The host of a registry with an optional path, as images take it."""
    from flytectl_py.errors import DeclarationError
    from flytectl_py.model import image_arguments

    try:
        return image_arguments.registry(text(value))
    except DeclarationError as error:
        hint = "" if "@" in str(value) else error.hint  # It would repeat a password.
        raise Unfit("a host and path without a scheme, such as 'ghcr.io/team'", hint) from None


def words(value: object) -> tuple[str, ...]:
    """A list of texts, such as a command and its arguments."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise Unfit("a list of texts")


def scopes(value: object) -> tuple[str, ...]:
    """A list of OAuth scopes."""
    return words(value)


def images(value: object) -> tuple[tuple[str, str], ...]:
    """Names of images and where each is: a mapping, or ``name=uri`` texts (no name: ``default``); sorted by name."""
    allowed = 'a mapping of names to image URIs, or a list of "name=uri"'
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, Iterable) and not isinstance(value, str):
        pairs = [item if isinstance(item, tuple) else _image(item, allowed) for item in value]
    else:
        raise Unfit(allowed)
    for pair in pairs:
        if len(pair) != 2 or not all(isinstance(part, str) and part.strip() for part in pair):
            raise Unfit(allowed)
        if any(char.isspace() for char in pair[1]):
            raise Unfit(f"{allowed}; a URI has no blanks")
    return tuple(sorted(dict(pairs).items()))


def _image(written: object, allowed: str) -> tuple[str, str]:
    if not isinstance(written, str):
        raise Unfit(allowed)
    name, equals, uri = written.partition("=")
    return (name.strip(), uri.strip()) if equals else ("default", written.strip())


def directory(value: object) -> Path:
    """A folder, made absolute. Whether it exists is asked by whoever uses it."""
    if isinstance(value, (str, os.PathLike)) and str(value):
        return Path(os.path.abspath(os.path.expanduser(os.fspath(value))))
    raise Unfit("the path of a folder")


def anything(value: object) -> object:
    """An object that only its user understands."""
    return value
