"""What is different where the control plane is this project's own, on this machine: images need not travel."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flytectl_py.controlplane.endpoint import endpoint_of

if TYPE_CHECKING:
    from flytectl_py.config.resolution import Settings
    from flytectl_py.engines.image_building import BuildOptions

HEALTH = "/healthz"
PROCESS = "process"
ENVIRONMENT = "environment"
_PATIENCE_SECONDS = 2.0


def is_here(settings: Settings) -> bool:
    """Whether the endpoint, if there is one, is of this machine."""
    return bool(settings.endpoint) and endpoint_of(settings.endpoint or "", insecure=settings.insecure).on_this_machine


def executor_of(settings: Settings) -> str:
    """Return what runs tasks at the endpoint, ``docker`` or ``process``; empty where that is no such control plane.

    Only an endpoint of this machine is asked.
    """
    endpoint = endpoint_of(settings.endpoint or "", insecure=settings.insecure)
    if not endpoint.on_this_machine or endpoint.encrypted:
        return ""
    import http.client

    connection = http.client.HTTPConnection(urlsplit(endpoint.url).netloc, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", HEALTH)
        answer = connection.getresponse()
        said = json.loads(answer.read()) if answer.status == 200 else {}
    except (OSError, http.client.HTTPException, ValueError):
        return ""  # Who talks to it next says what is wrong.
    finally:
        connection.close()
    return str(said.get("executor", "")) if isinstance(said, dict) else ""


def building_for(executor: str, building: BuildOptions) -> BuildOptions:
    """Return how images are built for an executor of this machine: nothing is pushed unless that was asked for.

    For processes an environment is made of each image, unless a builder was chosen; an environment is no image.
    """
    if not executor:
        return building
    other = {"local": ENVIRONMENT} if executor == PROCESS else {ENVIRONMENT: "local"}
    return replace(building, builder=other.get(building.builder, building.builder), push=bool(building.push))
