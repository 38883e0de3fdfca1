"""Asks the control plane what `flyte doctor` wants to know: whether it answers, how, and who it thinks asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from flyteidl2.auth.identity_pb2 import UserInfoRequest

from flytectl_py.controlplane.api import NotLoggedInError
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.errors import FlyteError, NotReadyError
from flytectl_py.plan.diagnosis import Finding

if TYPE_CHECKING:
    from flytectl_py.config.api import Settings

SECONDS: Final = 10.0
LOG_IN: Final = "flyte whoami"


async def endpoint_finding(settings: Settings) -> Finding:
    """Ask who asks. Nobody is asked to log in; a token that is kept is used."""
    # Without a browser, the way to log in begins with a line for the person, which is where this stops.
    quick = settings._replace(rpc_retries=0, headless=True)
    shown = settings.endpoint or ""
    try:
        async with asyncio.timeout(SECONDS), ControlPlane.connect(quick, note=_refuse) as plane:
            said = await plane.identity.user_info(UserInfoRequest())
            encrypted = plane.endpoint.encrypted
    except TimeoutError:
        return Finding("endpoint", "missing", f"{shown} does not answer within {SECONDS:.0f} s", _ask_again(shown))
    except NotLoggedInError as error:
        return Finding("endpoint", "missing", f"{shown} answers, and wants a log-in: {error.message}", LOG_IN)
    except NotReadyError as error:
        return Finding("endpoint", "missing", error.message, error.hint or _ask_again(shown))
    except FlyteError as error:
        return Finding("endpoint", "warning", error.message, error.hint or LOG_IN)
    name = said.name or said.preferred_username or said.subject or "nobody in particular"
    mail = f" <{said.email}>" if said.email else ""
    how = "encrypted" if encrypted else "not encrypted"
    return Finding("endpoint", "ok", f"{shown} answers ({how}); it knows you as {name}{mail}")


def _refuse(line: str) -> None:
    raise NotLoggedInError(line.partition("\n")[0] if "log in" in line else "there is no token")


def _ask_again(endpoint: str) -> str:
    return f"flyte config get endpoint; is {endpoint} right?"
