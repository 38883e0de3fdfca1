"""`Options`: what a launch plan of Flyte 1 is given besides its workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flytectl_py.errors import DeclarationError


@dataclass
class Options:
    """Settings of a launch plan. The fields are flytekit's.

    :param labels, annotations: of every pod of an execution. :param raw_output_data_config: a URI, where data goes.
    :param security_context: the name of a service account. :param max_parallelism: nodes at one time, 0 for no bound.
    :param notifications, disable_notifications: by whom executions of Flyte 1 are announced: set them in the console.
    :param overwrite_cache: run although there is a cached result.
    :raises DeclarationError: a value that cannot be honoured.
    """

    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    raw_output_data_config: str | None = None
    security_context: str | None = None
    max_parallelism: int | None = None
    notifications: list[Any] | None = None
    disable_notifications: bool | None = None
    overwrite_cache: bool | None = None

    def __post_init__(self) -> None:
        if self.notifications or self.disable_notifications is not None:
            raise DeclarationError(
                "Options(notifications=…)",
                self.notifications or self.disable_notifications,
                "a launch plan that is serialized here announces nothing; set notifications in the console",
            )

    @classmethod
    def default_from(cls, k8s_service_account: str | None = None, raw_data_prefix: str | None = None) -> Options:
        """Return options for a service account and a place for data."""
        return cls(raw_output_data_config=raw_data_prefix, security_context=k8s_service_account)

    def apply(self, spec: Any) -> None:
        """Put the options into a ``flyteidl.admin.LaunchPlanSpec``."""
        spec.labels.values.update(_values(self.labels))
        spec.annotations.values.update(_values(self.annotations))
        spec.raw_output_data_config.output_location_prefix = str(
            getattr(self.raw_output_data_config, "output_location_prefix", self.raw_output_data_config or "")
        )
        account = _account(self.security_context)
        if account:
            spec.security_context.run_as.k8s_service_account = account
        spec.max_parallelism = self.max_parallelism or 0
        spec.overwrite_cache = bool(self.overwrite_cache)


def _values(given: Any) -> Mapping[str, str]:
    """Return labels or annotations, as a mapping or as the object of flytekit's models that holds one."""
    found: Mapping[str, str] = getattr(given, "values", {}) if not isinstance(given, Mapping) else given
    return found if isinstance(found, Mapping) else {}


def _account(given: Any) -> str:
    run_as = getattr(given, "run_as", None)
    return str(getattr(run_as, "k8s_service_account", "") or "") if run_as is not None else str(given or "")
