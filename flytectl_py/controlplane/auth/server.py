"""The authorization server of a control plane: where it is, what it wants to know of a client, and how it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from flyteidl2.auth.auth_service_pb2 import GetOAuth2MetadataRequest, GetPublicClientConfigRequest
from pyqwest import Client

from flytectl_py.controlplane.api import NotLoggedInError, NotReachedError, RemoteCallError
from flytectl_py.controlplane.channel import Channel
from flytectl_py.controlplane.endpoint import endpoint_of
from flytectl_py.controlplane.places import AuthMetadata
from flytectl_py.controlplane.redaction import without_secrets

# RFC 8414, 3, and OpenID Connect Discovery 1.0, 4.
WELL_KNOWN = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
# What the ecosystem's clients listen on, where the control plane does not say.
REDIRECT_URI = "http://localhost:53593/callback"
SECONDS = 30.0


@dataclass(frozen=True)
class AuthServer:
    """What is known of an authorization server, and of us there; empty where it is not.

    :param header: the name of the header that a token goes into.
    """

    token_endpoint: str = ""
    authorization_endpoint: str = ""
    device_authorization_endpoint: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    scopes: tuple[str, ...] = ()
    audience: str = ""
    header: str = "authorization"
    auth_methods: tuple[str, ...] = ()


class OAuthRefusal(Exception):  # never leaves auth/; becomes a NotLoggedInError
    """An authorization server said no (RFC 6749, 5.2): `code`, e.g. ``invalid_grant``, and its words."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(f"{code}: {said}" if said else code)
        self.code = code


class AuthClient:
    """Asks the authorization server of one control plane; finds it first.

    :param channel: calls to the control plane that say nothing of who asks.
    :param known: what the settings say of the server and of us; it wins over what the control plane says.
    """

    def __init__(self, channel: Channel, known: AuthServer) -> None:
        self._channel = channel
        self._known = known
        self._found: AuthServer | None = None

    @property
    def written(self) -> str:
        """The endpoint, for messages."""
        return self._channel.endpoint.written

    async def server(self) -> AuthServer:
        """Return what is known of the server; asked once.

        :raises NotLoggedInError: nobody says where it is.
        """
        if self._found is None:
            found = self._known
            if not found.token_endpoint or not found.client_id:
                found = _merged(found, await self._ask_control_plane())
            if not found.token_endpoint:
                found = _merged(found, await self._ask_well_known())
            if not found.token_endpoint:
                raise self.error(
                    "it wants to know who asks, but does not say where to log in",
                    "set an API key (FLYTE_API_KEY), or admin.command with authType: ExternalCommand",
                )
            for url in (found.token_endpoint, found.device_authorization_endpoint, found.authorization_endpoint):
                self._check(url)
            self._found = found
        return self._found

    async def _ask_control_plane(self) -> AuthServer:
        service = AuthMetadata(self._channel)
        found = AuthServer()
        try:
            said = await service.get_oauth2_metadata(GetOAuth2MetadataRequest())
            found = AuthServer(
                said.token_endpoint,
                said.authorization_endpoint,
                said.device_authorization_endpoint,
                auth_methods=tuple(said.token_endpoint_auth_methods_supported),
            )
            client = await service.get_public_client_config(GetPublicClientConfigRequest())
        except RemoteCallError as error:
            if isinstance(error, NotReachedError):
                raise
            return found
        return replace(
            found,
            client_id=client.client_id,
            redirect_uri=client.redirect_uri,
            scopes=tuple(client.scopes),
            audience=client.audience,
            header=client.authorization_metadata_key or "authorization",
        )

    async def _ask_well_known(self) -> AuthServer:
        for path in WELL_KNOWN:
            status, said = await self._exchange("GET", self._channel.endpoint.url + path)
            if status == 200 and isinstance(said.get("token_endpoint"), str):
                return AuthServer(
                    said["token_endpoint"],
                    str(said.get("authorization_endpoint") or ""),
                    str(said.get("device_authorization_endpoint") or ""),
                    auth_methods=tuple(map(str, said.get("token_endpoint_auth_methods_supported") or ())),
                )
        return AuthServer()

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Send a form and return the answer's JSON.

        :raises OAuthRefusal: the server says no. :raises NotReachedError: it does not answer, or not sensibly.
        """
        status, said = await self._exchange("POST", url, form, headers)
        if status == 200:
            return said
        if isinstance(said.get("error"), str) and 400 <= status < 500:
            raise OAuthRefusal(said["error"], without_secrets(str(said.get("error_description") or "")))
        raise NotReachedError(
            f"the authorization server failed: HTTP {status}",
            hint="try again; if it goes on, ask who runs the control plane",
            where=url.partition("?")[0],
        )

    async def _exchange(
        self, method: str, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        given = {"accept": "application/json", **(headers or {})}
        if form is not None:
            given["content-type"] = "application/x-www-form-urlencoded"
        content = None if form is None else urlencode(form).encode()
        try:
            async with asyncio.timeout(SECONDS):
                answer = await Client(self._channel.wire).execute(method, url, headers=given, content=content)
        except Exception as error:  # noqa: BLE001  the library has no common base; each of them means the same here
            raise NotReachedError(
                f"the authorization server cannot be reached: {without_secrets(str(error)) or 'no answer in time'}",
                hint="check that this machine reaches it",
                where=url.partition("?")[0],
            ) from None
        try:
            said = json.loads(answer.content)
        except ValueError:
            said = {}
        return answer.status, said if isinstance(said, dict) else {}

    def _check(self, url: str) -> None:
        if url:
            place = endpoint_of(url)
            if not place.encrypted and not place.on_this_machine:
                raise self.error(
                    f"its authorization server {url.partition('?')[0]} would get secrets without encryption",
                    "it must be https",
                )

    def error(self, what: str, hint: str) -> NotLoggedInError:
        """Return the error that says why there is no token."""
        return NotLoggedInError(
            f"cannot log in to {self.written}: {what}", hint=hint, where=self.written, rpc_code="unauthenticated"
        )


def _merged(first: AuthServer, second: AuthServer) -> AuthServer:
    """Return what `first` says, and what `second` says where that says nothing."""
    nothing = AuthServer()
    chosen = {
        each.name: getattr(first, each.name)
        if getattr(first, each.name) != getattr(nothing, each.name)
        else getattr(second, each.name)
        for each in fields(AuthServer)
    }
    return AuthServer(**chosen)
