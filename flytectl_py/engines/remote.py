"""The control plane that the settings name, as engines and commands use it: whose runs, and how to reach them."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import quote

from flytectl_py.config import settings as config
from flytectl_py.config.resolution import Settings
from flytectl_py.controlplane.endpoint import endpoint_of
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.controlplane.uploads import OPERATION
from flytectl_py.engines.api import Note
from flytectl_py.errors import NotReadyError
from flytectl_py.wire.run_request import Scope


class Remote(NamedTuple):
    """A control plane, and the project and domain in which one works there."""

    settings: Settings
    scope: Scope
    note: Note | None = None

    def connect(self) -> ControlPlane:
        """Return the control plane, for use in one event loop: ``async with remote.connect() as plane:``.

        :raises NotReadyError: it cannot be one, as it is configured.
        """
        return ControlPlane.connect(self.settings, note=self.note)

    async def reach(self) -> None:
        """Ask where code goes: who cannot be reached, or wants a log-in, says so before images are built.

        :raises RemoteCallError: so it is.
        """
        async with self.connect() as plane:
            await plane.cluster_for(OPERATION, self.scope.org, self.scope.project, self.scope.domain)

    def url_of(self, run: str) -> str:
        """Return where a browser shows a run."""
        shown = self.settings.console_endpoint or self.settings.endpoint or ""
        url = endpoint_of(shown, insecure=self.settings.insecure).url
        domain, project, name = (quote(each, safe="") for each in (self.scope.domain, self.scope.project, run))
        return f"{url}/v2/domain/{domain}/project/{project}/runs/{name}"


def remote_of(
    settings: Settings | None = None, *, project: str = "", domain: str = "", note: Note | None = None
) -> Remote:
    """Return the control plane of `settings`, or of the process.

    :raises NotReadyError: no endpoint is configured.
    """
    settled = settings or config.settings() or config.resolve(environ=os.environ)
    if not settled.endpoint:
        raise NotReadyError(
            "no endpoint of a cluster is configured",
            hint=config.NAME_AN_ENDPOINT,
        )
    return Remote(settled, Scope(organisation(settled), project or settled.project, domain or settled.domain), note)


def organisation(settings: Settings) -> str:
    """Return the organisation. Where none is set it is the first part of the endpoint's host.

    ``acme`` of ``acme.example.com``; without an endpoint it is empty.
    """
    if settings.org or not settings.endpoint:
        return settings.org
    host = endpoint_of(settings.endpoint, insecure=settings.insecure).host
    return host.partition(":")[0].partition(".")[0]
