"""Who asks: the way to log in that the settings choose, and the token that goes with each call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from flytectl_py.config.api import in_ci, read_api_key
from flytectl_py.controlplane.api import Note, NotLoggedInError
from flytectl_py.controlplane.auth.server import AuthClient, AuthServer
from flytectl_py.controlplane.auth.tokens import Token, TokenSource
from flytectl_py.controlplane.channel import Channel, Login, Nobody

if TYPE_CHECKING:
    from flytectl_py.config.api import Settings
    from flytectl_py.controlplane.auth.keeping import Keeper


class FixedToken:
    """A token that is there from the start and has no successor."""

    def __init__(self, text: str) -> None:
        self._token = Token(text)

    async def fetch(self) -> Token:
        """Return it."""
        return self._token

    async def refresh(self, token: Token) -> Token | None:
        """There is none."""
        return None


class NobodyToAsk:
    """Stands for a person where CI is set: what they logged in with earlier is renewed, nothing waits for them."""

    def __init__(self, client: AuthClient) -> None:
        self._client = client

    async def fetch(self) -> Token:
        """Refuse.

        :raises NotLoggedInError: always.
        """
        raise self._client.error(
            "it wants a log-in, and CI is set, so nobody is asked",
            "set FLYTE_API_KEY, or FLYTE_CLIENT_ID and FLYTE_CLIENT_CREDENTIALS_SECRET (authType: ClientSecret)",
        )

    async def refresh(self, token: Token) -> Token | None:
        """Return the successor of a token."""
        from flytectl_py.controlplane.auth.grants import refreshed

        return await refreshed(self._client, token)


@dataclass
class Way:
    """One way to log in.

    :param client: tells the header that the token goes into; None where that is the usual one.
    :param keeper: keeps tokens between commands; None where a new one costs nobody anything.
    :param asks_person: then nothing is done before the control plane insists.
    """

    source: TokenSource
    client: AuthClient | None = None
    keeper: Keeper | None = None
    asks_person: bool = False
    header: str = "authorization"


class TokenLogin:
    """Puts a token into the head of each call; gets it, renews it and keeps it."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._token: Token | None = None
        self._looked = False
        self._lock = asyncio.Lock()

    async def headers(self) -> dict[str, str]:
        """As `Login.headers`."""
        async with self._lock:
            await self._look()
            if self._token is not None and self._token.expired:
                self._take(await self._way.source.refresh(self._token) or await self._way.source.fetch())
            elif self._token is None and not self._way.asks_person:
                self._take(await self._way.source.fetch())
            return await self._said()

    async def refused(self, headers: dict[str, str]) -> bool:
        """As `Login.refused`: renews the token, at most once for each one that was refused."""
        async with self._lock:
            now = await self._said()
            if now and not now.items() <= headers.items():
                return True  # another call has renewed it meanwhile
            old = self._token
            new = await self._way.source.refresh(old) if old is not None else None
            new = new or await self._way.source.fetch()
            if old is not None and new.access == old.access:
                return False
            self._take(new)
            return True

    async def _look(self) -> None:
        if not self._looked and self._way.keeper is not None:
            self._token = await asyncio.to_thread(self._way.keeper.load)
        self._looked = True

    def _take(self, token: Token) -> None:
        self._token = token
        if self._way.keeper is not None:
            self._way.keeper.save(token)

    async def _said(self) -> dict[str, str]:
        if self._token is None:
            return {}
        client = self._way.client
        header = (await client.server()).header if client is not None else self._way.header
        return {header: f"Bearer {self._token.access}"}


class Both:
    """Says who asks to a proxy in between and to the control plane behind it."""

    def __init__(self, proxy: Login, login: Login) -> None:
        self._proxy = proxy
        self._login = login

    async def headers(self) -> dict[str, str]:
        """As `Login.headers`."""
        return await self._proxy.headers() | await self._login.headers()

    async def refused(self, headers: dict[str, str]) -> bool:
        """As `Login.refused`; which of the two it was, the answer does not tell."""
        return await self._proxy.refused(headers) | await self._login.refused(headers)


def login_for(settings: Settings, channel: Channel, ask: Note | None) -> Login:
    """Return who asks, as the settings say.

    :param channel: calls to the control plane that say nothing of who asks.
    :param ask: tells a person where to log in; None where there is no person.
    :raises NotLoggedInError: the settings choose a way to log in but lack what it needs.
    """
    endpoint = channel.endpoint
    # A token in the clear is anybody's.
    if settings.insecure or not (endpoint.encrypted or endpoint.on_this_machine):
        return Nobody()
    way = _way(settings, channel, ask)
    login: Login = Nobody() if way is None else TokenLogin(way)
    if settings.proxy_command:
        proxy = Way(_command(settings.proxy_command, "admin.proxyCommand"), header="proxy-authorization")
        login = Both(TokenLogin(proxy), login)
    return login


def _way(settings: Settings, channel: Channel, ask: Note | None) -> Way | None:
    known = _known(settings)
    client = AuthClient(channel, known)
    if settings.api_key:
        key = read_api_key(settings.api_key)
        if key is None:
            return Way(FixedToken(settings.api_key))
        return _with_secret(client, key.client_id, key.client_secret)
    kind = _kind(settings)
    if kind == "ExternalCommand":
        if not settings.command:
            raise _lacking(channel, "authType: ExternalCommand needs a command", "set admin.command")
        return Way(_command(settings.command, "admin.command"))
    if kind == "ClientSecret":
        if not settings.client_id or not settings.client_credentials_secret:
            raise _lacking(
                channel,
                "authType: ClientSecret needs an id and a secret",
                "set admin.clientId, and clientSecretLocation or clientSecretEnvVar",
            )
        return _with_secret(client, settings.client_id, settings.client_credentials_secret)
    return None if ask is None else _of_person(settings, channel, client, kind, ask)


def _of_person(settings: Settings, channel: Channel, client: AuthClient, kind: str, ask: Note) -> Way:
    from flytectl_py.controlplane.auth.keeping import keeper_for

    source: TokenSource
    if in_ci():
        source = NobodyToAsk(client)
    elif kind == "DeviceFlow" or settings.headless:
        from flytectl_py.controlplane.auth.device import DeviceFlow

        source = DeviceFlow(client, ask)
    else:
        from flytectl_py.controlplane.auth.pkce import Pkce

        source = Pkce(client, ask)
    keeper = keeper_for(channel.endpoint.host, settings.client_id or "person", in_file=settings.disable_keyring)
    return Way(source, client, keeper, asks_person=True)


def _kind(settings: Settings) -> str:
    """Return how to log in: what was said, else what the other settings are good for."""
    if not any(name == "auth_type" for name, _ in settings.origins):
        if settings.client_credentials_secret:
            return "ClientSecret"
        if settings.command:
            return "ExternalCommand"
    return settings.auth_type


def _with_secret(client: AuthClient, client_id: str, secret: str) -> Way:
    from flytectl_py.controlplane.auth.grants import ClientSecret

    return Way(ClientSecret(client, client_id, secret), client)


def _command(words: tuple[str, ...], setting: str) -> TokenSource:
    from flytectl_py.controlplane.auth.command import Command

    return Command(words, setting)


def _known(settings: Settings) -> AuthServer:
    """Return what the settings say of the authorization server and of us there."""
    given: Any = settings.auth_client_config
    said: dict[str, Any] = {}
    for each in fields(AuthServer):
        value = given.get(each.name) if isinstance(given, Mapping) else getattr(given, each.name, None)
        if value:
            said[each.name] = tuple(value) if isinstance(value, list | tuple) else str(value)
    if settings.client_id:
        said["client_id"] = settings.client_id
    if settings.scopes:
        said["scopes"] = settings.scopes
    return AuthServer(**said)


def _lacking(channel: Channel, what: str, hint: str) -> NotLoggedInError:
    written = channel.endpoint.written
    return NotLoggedInError(f"cannot log in to {written}: {what}", hint=hint, where=written, rpc_code="unauthenticated")
