"""What a program says of the stores of each provider: ``flyte.init(storage=flyte.storage.S3(…))``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

from flytectl_py.errors import DeclarationError
from flytectl_py.storage.api import StoreOptions

SANDBOX = {"endpoint": "http://localhost:4566", "access_key_id": "minio", "secret_access_key": "miniostorage"}
"""The store of Flyte's own demo cluster: https://www.union.ai/docs/v2/flyte/deployment/ (flyte start)."""


@dataclass(frozen=True)
class Storage:
    """What holds for the stores of every provider. Credentials come from the provider's own environment variables.

    :param retries: attempts after the first.
    :param backoff: the longest wait between two attempts.
    :param enable_debug: log the requests to stores, on stderr.
    :param attach_execution_metadata: write the names of run and action into the metadata of what a task stores.
    :raises DeclarationError: a number that cannot be.
    """

    retries: int = 3
    backoff: timedelta = timedelta(seconds=5)
    enable_debug: bool = False
    attach_execution_metadata: bool = True
    schemes: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            raise DeclarationError(f"{type(self).__name__}(retries)", self.retries, "give a whole number, 0 or more")
        if not isinstance(self.backoff, timedelta) or self.backoff < timedelta(0):
            raise DeclarationError(f"{type(self).__name__}(backoff)", self.backoff, "give a timedelta")

    @classmethod
    def auto(cls) -> Self:
        """Return what the environment says; nothing is asked of any server."""
        return cls()

    def get_fsspec_kwargs(self, anonymous: bool = False, **kwargs: Any) -> dict[str, Any]:
        """Return what fsspec's file system of this provider takes to reach the same store; `kwargs` go on top."""
        return {**({"anon": True} if anonymous else {}), **kwargs}

    def store_options(self) -> StoreOptions:
        """Return the same for our own stores."""
        return StoreOptions(attempts=self.retries + 1)


def options_for(scheme: str, said: object | None) -> StoreOptions:
    """Return how to reach the store with `scheme`, after what the program said in ``init(storage=…)``."""
    if isinstance(said, Storage) and (not said.schemes or scheme in said.schemes):
        return said.store_options()
    return StoreOptions()
