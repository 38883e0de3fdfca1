"""Caching: whether a task's outputs are kept for the next call with the same inputs, and what makes calls the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol

from flytectl_py.errors import DeclarationError, did_you_mean
from flytectl_py.model.duration import duration_of
from flytectl_py.model.world import the_world

if TYPE_CHECKING:
    from flytectl_py.model.image import Image
    from flytectl_py.model.pod import PodTemplate

CacheBehavior = Literal["auto", "override", "disable"]
_BEHAVIORS = ("auto", "override", "disable")
# What people write elsewhere for the same thing; only ever suggested.
_MEANT = {
    **dict.fromkeys(("true", "on", "yes", "enable", "enabled"), "auto"),
    **dict.fromkeys(("false", "off", "no", "none", "disabled"), "disable"),
    **dict.fromkeys(("overwrite", "refresh", "force"), "override"),
}


@dataclass(frozen=True)
class VersionParameters:
    """What the version of a task's cache may depend on.

    :param func: the task's function.
    :param image: the image in which it runs, where that is known; an engine gives its tag.
    :param pod_template: of the task, if it has one of its own. :param pod_template_name: likewise, by name.
    :param variables: environment variables that its environment sets.
    """

    func: Callable[..., Any]
    image: str | Image | None = None
    pod_template: PodTemplate | None = None
    pod_template_name: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def container_image(self) -> str | Image | None:
        """The image, as policies that were written for Flyte 1 call it."""
        return self.image


class CachePolicy(Protocol):
    """Derives a version for the outputs of a task; outputs of another version are not used."""

    def get_version(self, salt: str, params: VersionParameters) -> str:
        """Return the version. The same code gives the same text on every machine."""


class CodePolicy:
    """The version covers the function, the user's own code that it reaches, its environment's variables and its image.

    Comments and the layout of the code do not count, nor does code that the function does not reach.
    """

    def get_version(self, salt: str, params: VersionParameters) -> str:
        variables = [text for name in sorted(params.variables) for text in (name, params.variables[name])]
        image = "" if params.image is None else str(params.image)
        return _digest(salt, the_world().code_version(params.func), image, *variables)

    def __repr__(self) -> str:
        return "CodePolicy()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CodePolicy)

    def __hash__(self) -> int:
        return hash(CodePolicy)


class FunctionBodyPolicy:
    """The version is the text of the function, without its decorators: another body is another version."""

    def get_version(self, salt: str, params: VersionParameters) -> str:
        return _digest(salt, _body(the_world().source_of(params.func)))

    def __repr__(self) -> str:
        return "FunctionBodyPolicy()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FunctionBodyPolicy)

    def __hash__(self) -> int:
        return hash(FunctionBodyPolicy)


@dataclass(frozen=True)
class Cache:
    """How the outputs of a task are cached. Sequences are held as tuples.

    :param behavior: ``auto`` reads and writes the cache, ``override`` writes only, ``disable`` does neither.
    :param version_override: the version, instead of one from the policies.
    :param serialize: run calls with the same inputs one after the other, so that only the first one works.
    :param ignored_inputs: inputs, one or a tuple, that do not count.
    :param salt: another salt gives another version.
    :param policies: how the version is derived; by default `CodePolicy`.
    :param max_age: seconds or a timedelta after which a cached output is not used; None is no limit.
    :raises DeclarationError: a value that is not allowed.
    """

    behavior: CacheBehavior
    version_override: str | None = None
    serialize: bool = False
    ignored_inputs: tuple[str, ...] | str = ()
    salt: str = ""
    policies: Sequence[CachePolicy] | CachePolicy | None = None
    max_age: timedelta | int | None = None

    def __post_init__(self) -> None:
        _check_behavior("Cache(behavior=…)", self.behavior)
        if self.version_override is not None and not (isinstance(self.version_override, str) and self.version_override):
            raise DeclarationError(
                "Cache(version_override=…)", self.version_override, "give a version as text, or None"
            )
        if not isinstance(self.salt, str):
            raise DeclarationError("Cache(salt=…)", self.salt, "give text")
        object.__setattr__(self, "ignored_inputs", _names(self.ignored_inputs))
        object.__setattr__(self, "policies", _policies(self.policies))
        if self.max_age is not None:
            object.__setattr__(self, "max_age", duration_of("Cache(max_age=…)", self.max_age))

    @classmethod
    def of(cls, request: CacheRequest) -> Cache:
        """Return what ``cache=…`` means.

        :raises DeclarationError: neither a behaviour nor a `Cache`.
        """
        if isinstance(request, Cache):
            return request
        convert = getattr(request, "as_flyte_cache", None)  # caches of Flyte 1
        if convert is not None and not isinstance(request, type):
            return cls.of(convert())
        _check_behavior("cache=…", request)
        return _PLAIN[request]

    def is_enabled(self) -> bool:
        """Whether outputs are kept."""
        return self.behavior != "disable"

    def get_ignored_inputs(self) -> tuple[str, ...]:
        """Return the inputs that do not count."""
        return _names(self.ignored_inputs)

    def get_version(self, params: VersionParameters | None = None) -> str:
        """Return the version of the cached outputs, an empty text where nothing is cached.

        :param params: the task, unless the version is given by `version_override`.
        :raises DeclarationError: there are no `params`, and a policy needs them.
        :raises UsageError: the function's code cannot be read.
        """
        if not self.is_enabled():
            return ""
        if self.version_override is not None:
            return self.version_override
        if params is None:
            raise DeclarationError("Cache.get_version(params=…)", params, "give the function, or set version_override")
        versions = [policy.get_version(self.salt, params) for policy in _policies(self.policies)]
        return versions[0] if len(versions) == 1 else _digest(*versions)


CacheRequest = CacheBehavior | Cache
"""``auto``, ``override``, ``disable``, or a `Cache`."""


def _check_behavior(parameter: str, value: object) -> None:
    if isinstance(value, str) and value in _BEHAVIORS:
        return
    meant = _MEANT.get(str(value).lower())
    suggestion = f"did you mean '{meant}'?" if meant else did_you_mean(str(value), _BEHAVIORS)
    raise DeclarationError(
        parameter, value, "give 'auto', 'override', 'disable' or a flyte.Cache", suggestion=suggestion
    )


def _names(value: object) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, tuple | list) or not all(isinstance(each, str) for each in names):
        raise DeclarationError("Cache(ignored_inputs=…)", value, "give the name of an input, or a tuple of names")
    return tuple(names)


def _policies(value: Any) -> tuple[CachePolicy, ...]:
    policies = () if value is None else tuple(value) if isinstance(value, list | tuple) else (value,)
    for policy in policies:
        if not callable(getattr(policy, "get_version", None)) or isinstance(policy, type):
            raise DeclarationError("Cache(policies=…)", policy, "give objects with get_version(salt, params)")
    return policies or (CodePolicy(),)


def _body(source: str) -> str:
    # Only the indentation goes: any other blank may stand inside a text of several lines.
    indent = source[: len(source) - len(source.lstrip(" \t"))]
    lines = [line.removeprefix(indent) for line in source.rstrip("\n").split("\n")]
    first = next((number for number, line in enumerate(lines) if line.startswith(("def ", "async def "))), 0)
    return "\n".join(lines[first:])


def _digest(*fields: str) -> str:
    import hashlib

    # Each field with its length, so that no two lists of fields share a text.
    return hashlib.sha256("".join(f"{len(each)}:{each}" for each in fields).encode()).hexdigest()


_PLAIN: dict[str, Cache] = {"auto": Cache("auto"), "override": Cache("override"), "disable": Cache("disable")}
