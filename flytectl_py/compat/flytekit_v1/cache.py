"""The names of ``flytekit.core.cache``: caches whose version is given, or made by policies.

Versions are byte for byte those of flytekit 1.16, so that what a Flyte 1 project has cached stays cached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, runtime_checkable

from flytectl_py.compat.flytekit_v1.image_spec import ImageSpec
from flytectl_py.errors import DeclarationError, FlyteError
from flytectl_py.model import cache as flyte_cache
from flytectl_py.model.pod import PodTemplate

__all__ = [
    "Cache",
    "CachePolicy",
    "Generic",
    "ImageSpec",
    "ParamSpec",
    "PodTemplate",
    "Protocol",
    "TypeVar",
    "VersionParameters",
]

P = ParamSpec("P")
FuncOut = TypeVar("FuncOut")


@dataclass
class VersionParameters(Generic[P, FuncOut]):
    """What a policy may make a version of.

    :param func: the task's function. :param container_image: of the task: a URI or a spec.
    """

    func: Callable[P, FuncOut]
    container_image: str | ImageSpec | None = None
    pod_template: PodTemplate | None = None
    pod_template_name: str | None = None


@runtime_checkable
class CachePolicy(Protocol):
    """Whatever makes a version out of a salt and `VersionParameters`."""

    def get_version(self, salt: str, params: VersionParameters[Any, Any]) -> str:
        """Return a text that changes whenever cached results are no longer right."""


@dataclass
class Cache:
    """How a task's results are cached.

    :param version: given, it is the whole version, and policies are not asked.
    :param serialize: of equal calls at one time, one runs and the others wait for it.
    :param ignored_inputs: one name or several that are no part of the key.
    :param salt: handed to every policy.
    :param policies: one or several; the version is the SHA-256 of what they return, one after the other.
    :raises DeclarationError: neither a version nor a policy, or something in `policies` that is none.
    """

    version: str | None = None
    serialize: bool = False
    ignored_inputs: tuple[str, ...] | str = field(default_factory=tuple)
    salt: str = ""
    policies: list[CachePolicy] | CachePolicy | None = None

    def __post_init__(self) -> None:
        given: Any = self.policies
        each_policy: list[Any] = [] if given is None else list(given) if isinstance(given, list | tuple) else [given]
        for position, policy in enumerate(each_policy):
            if isinstance(policy, type) or not isinstance(policy, CachePolicy):
                what = f"the class {policy.__name__}" if isinstance(policy, type) else f"a {type(policy).__name__}"
                raise DeclarationError(
                    f"Cache(policies[{position}])",
                    policy,
                    f"it is {what}; a policy is an object with get_version(salt, params)",
                )
        if self.version is None and not each_policy:
            raise DeclarationError(
                "Cache(…)", "neither version nor policies", "give version='1', or policies that make one"
            )
        self._policies: tuple[CachePolicy, ...] = tuple(each_policy)

    def get_ignored_inputs(self) -> tuple[str, ...]:
        """Return the names of the inputs that are no part of the key."""
        return (self.ignored_inputs,) if isinstance(self.ignored_inputs, str) else tuple(self.ignored_inputs)

    def get_version(self, params: VersionParameters[Any, Any]) -> str:
        """Return the version: the one given, else 64 hex digits.

        :raises PolicyFailedError: a policy raised, or returned no text.
        """
        if self.version is not None:
            return self.version
        made = []
        for policy in self._policies:
            try:
                said = policy.get_version(self.salt, params)
            except Exception as error:
                raise PolicyFailedError(policy, f"raised {type(error).__name__}: {error}") from error
            if not isinstance(said, str):
                raise PolicyFailedError(policy, f"returned a {type(said).__name__}, no text")
            made.append(said)
        return hashlib.sha256("".join(made).encode()).hexdigest()

    def as_flyte_cache(self) -> flyte_cache.Cache:
        """Return the same as a `flyte.Cache`, which is how it is usable wherever one is."""
        ignored, policy = self.get_ignored_inputs(), None if self.version else _Version(self)
        return flyte_cache.Cache(
            "auto", self.version or None, self.serialize, ignored_inputs=ignored, salt=self.salt, policies=policy
        )


@dataclass(frozen=True)
class _Version:
    """The version of a cache of Flyte 1, as a policy of Flyte 2."""

    cache: Cache

    def get_version(self, salt: str, params: flyte_cache.VersionParameters) -> str:
        del salt  # its policies are given the cache's own
        image: object = getattr(params.image, "spec", params.image)  # an ImageSpec, where it was declared as one
        given = image if isinstance(image, str | ImageSpec) else None
        return self.cache.get_version(VersionParameters(params.func, given))


class PolicyFailedError(FlyteError):
    """A cache policy of the user's made no version."""

    def __init__(self, policy: CachePolicy, what: str) -> None:
        super().__init__(
            f"the cache policy {type(policy).__name__} {what}", hint="mend its get_version, or give Cache(version=…)"
        )
