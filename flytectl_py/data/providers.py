"""What a program says of the stores of each provider: ``flyte.init(storage=flyte.storage.S3(…))``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar, Self

from flytectl_py.errors import DeclarationError
from flytectl_py.model.context import current_context
from flytectl_py.storage.api import StoreOptions

# What Flyte's demo cluster publishes on the machine that it runs on.
SANDBOX = {"endpoint": "http://localhost:4566", "access_key_id": "minio", "secret_access_key": "miniostorage"}

MANY_AT_ONCE = 32


@dataclass(frozen=True)
class Storage:
    """What holds for the stores of every provider. Credentials come from the provider's own environment variables.

    :param retries: attempts after the first.
    :param backoff: the longest wait between two attempts.
    :param enable_debug: say each request to a store, on stderr.
    :param attach_execution_metadata: write the names of project, domain, run, action and task into the metadata of what
        a task stores.
    :raises DeclarationError: a value that cannot be.
    """

    retries: int = 3
    backoff: timedelta = timedelta(seconds=5)
    enable_debug: bool = False
    attach_execution_metadata: bool = True

    schemes: ClassVar[frozenset[str]] = frozenset()
    variables: ClassVar[Mapping[str, str]] = {}
    """Field -> the environment variable that `auto` reads it from."""

    def __post_init__(self) -> None:
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            raise DeclarationError(f"{type(self).__name__}(retries)", self.retries, "give a whole number, 0 or more")
        if not isinstance(self.backoff, timedelta) or self.backoff < timedelta(0):
            raise DeclarationError(f"{type(self).__name__}(backoff)", self.backoff, "give a timedelta")

    @classmethod
    def auto(cls) -> Self:
        """Return what the environment variables say; nothing is asked of any server."""
        return cls(**cls.from_environment())

    @classmethod
    def from_environment(cls) -> dict[str, Any]:
        """Return the fields that environment variables give."""
        return {name: os.environ[variable] for name, variable in cls.variables.items() if os.environ.get(variable)}

    def get_fsspec_kwargs(self, anonymous: bool = False, **kwargs: Any) -> dict[str, Any]:
        """Return what fsspec's file system of this provider takes to reach the same stores; `kwargs` go on top."""
        return {**({"anon": True} if anonymous else {}), **kwargs}

    def store_options(self) -> StoreOptions:
        """Return the same for our own stores."""
        return StoreOptions(
            attempts=self.retries + 1,
            longest_wait=self.backoff.total_seconds(),
            about=about_action if self.attach_execution_metadata else None,
            debug=self.enable_debug,
        )


@dataclass(frozen=True)
class S3(Storage):
    """Amazon S3, or a server that speaks its protocol. What is left out comes from the AWS_* variables.

    :param endpoint: URL of the server.
    """

    endpoint: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)

    schemes: ClassVar[frozenset[str]] = frozenset({"s3"})
    variables: ClassVar[Mapping[str, str]] = {
        "endpoint": "FLYTE_AWS_ENDPOINT",
        "access_key_id": "FLYTE_AWS_ACCESS_KEY_ID",
        "secret_access_key": "FLYTE_AWS_SECRET_ACCESS_KEY",
    }

    @classmethod
    def for_sandbox(cls) -> Self:
        """Return how to reach the store of Flyte's demo cluster on this machine."""
        return cls(**{**cls.from_environment(), **SANDBOX})

    def get_fsspec_kwargs(self, anonymous: bool = False, **kwargs: Any) -> dict[str, Any]:
        said = {"endpoint_url": self.endpoint, "key": self.access_key_id, "secret": self.secret_access_key}
        return super().get_fsspec_kwargs(anonymous, **{**_given(said), **kwargs})

    def store_options(self) -> StoreOptions:
        return replace(
            super().store_options(), endpoint=self.endpoint, key=self.access_key_id, secret=self.secret_access_key
        )


@dataclass(frozen=True)
class GCS(Storage):
    """Google Cloud Storage, with the application default credentials.

    :param gsutil_parallelism: send and fetch more files of a folder at once, as ``gsutil -m`` does.
    """

    gsutil_parallelism: bool = False

    schemes: ClassVar[frozenset[str]] = frozenset({"gs", "gcs"})
    variables: ClassVar[Mapping[str, str]] = {"gsutil_parallelism": "FLYTE_GCP_GSUTIL_PARALLELISM"}

    @classmethod
    def from_environment(cls) -> dict[str, Any]:
        found = super().from_environment()
        return {name: value.strip().lower() in {"1", "true", "yes", "on"} for name, value in found.items()}

    def get_fsspec_kwargs(self, anonymous: bool = False, **kwargs: Any) -> dict[str, Any]:
        return {**({"token": "anon"} if anonymous else {}), **kwargs}

    def store_options(self) -> StoreOptions:
        usual = super().store_options()
        return replace(usual, files_at_once=MANY_AT_ONCE) if self.gsutil_parallelism else usual


@dataclass(frozen=True)
class ABFS(Storage):
    """Azure Blob Storage. What is left out comes from the AZURE_* variables.

    :param account_name: of the storage account. :param account_key: its key; or an application instead:
    :param tenant_id: where it is registered. :param client_id: its id. :param client_secret: its secret.
    :raises DeclarationError: the application is given in part only.
    """

    account_name: str | None = None
    account_key: str | None = field(default=None, repr=False)
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)

    schemes: ClassVar[frozenset[str]] = frozenset({"abfs", "abfss", "az"})
    variables: ClassVar[Mapping[str, str]] = {
        "account_name": "AZURE_STORAGE_ACCOUNT_NAME",
        "account_key": "AZURE_STORAGE_ACCOUNT_KEY",
        "tenant_id": "AZURE_TENANT_ID",
        "client_id": "AZURE_CLIENT_ID",
        "client_secret": "AZURE_CLIENT_SECRET",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        application = (self.tenant_id, self.client_id, self.client_secret)
        if self.client_secret and not all(application):
            raise DeclarationError(
                "ABFS(tenant_id, client_id, client_secret)", application[:2], "a secret needs the other two as well"
            )

    def get_fsspec_kwargs(self, anonymous: bool = False, **kwargs: Any) -> dict[str, Any]:
        names = ("account_name", "account_key", "tenant_id", "client_id", "client_secret")
        return super().get_fsspec_kwargs(
            anonymous, **{**_given({each: getattr(self, each) for each in names}), **kwargs}
        )

    def store_options(self) -> StoreOptions:
        identity = None
        if self.tenant_id and self.client_id and self.client_secret:
            identity = (self.tenant_id, self.client_id, self.client_secret)
        return replace(super().store_options(), key=self.account_name, secret=self.account_key, identity=identity)


def options_for(scheme: str, said: object | None) -> StoreOptions:
    """Return how to reach the stores with `scheme`, after what the program said in ``init(storage=…)``.

    Where it said nothing of S3, the FLYTE_AWS_* variables do, which clusters with a store of their own set.

    :raises DeclarationError: it said something that is none of the classes here.
    """
    if said is not None and not isinstance(said, Storage):
        raise DeclarationError("init(storage)", said, "give flyte.storage.S3(…), GCS(…), ABFS(…) or Storage(…)")
    fits = said is not None and (not said.schemes or scheme in said.schemes)
    options = said.store_options() if said is not None and fits else StoreOptions(about=about_action)
    if scheme not in S3.schemes or (fits and isinstance(said, S3)):
        return options
    found = S3.from_environment()
    return replace(
        options,
        endpoint=found.get("endpoint"),
        key=found.get("access_key_id"),
        secret=found.get("secret_access_key"),
    )


def about_action() -> dict[str, str]:
    """Return what the metadata of an object says of the action that wrote it; nothing outside a task."""
    context = current_context.get()
    if context is None:
        return {}
    action = context.action
    return {
        "flyte_project": action.project,
        "flyte_domain": action.domain,
        "flyte_run": action.run_name,
        "flyte_action": action.name,
        "flyte_task": context.task,
    }


def _given(said: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in said.items() if value is not None}
