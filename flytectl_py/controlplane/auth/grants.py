"""Tokens without a person: for a client with a secret, and the successor of one that expires."""

from __future__ import annotations

import base64
from urllib.parse import quote_plus

from flytectl_py.controlplane.auth.server import AuthClient, OAuthRefusal
from flytectl_py.controlplane.auth.tokens import Token, token_of_answer


async def refreshed(client: AuthClient, token: Token) -> Token | None:
    """Return the successor of a token (RFC 6749, 6), or None where there is none, or it was taken back."""
    if not token.refresh:
        return None
    server = await client.server()
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh, "client_id": server.client_id}
    if server.scopes:
        form["scope"] = " ".join(server.scopes)
    try:
        return token_of_answer(await client.post(server.token_endpoint, form), token)
    except OAuthRefusal:
        return None


class ClientSecret:
    """A client that has a secret (RFC 6749, 4.4)."""

    def __init__(self, client: AuthClient, client_id: str, secret: str) -> None:
        self._client = client
        self._client_id = client_id
        self._secret = secret

    async def fetch(self) -> Token:
        """Ask for a token. :raises NotLoggedInError: id or secret are not accepted."""
        server = await self._client.server()
        form = {"grant_type": "client_credentials"}
        if server.scopes:
            form["scope"] = " ".join(server.scopes)
        if server.audience:
            form["audience"] = server.audience
        headers = {}
        if "client_secret_post" in server.auth_methods and "client_secret_basic" not in server.auth_methods:
            form |= {"client_id": self._client_id, "client_secret": self._secret}
        else:
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret)}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        try:
            token = token_of_answer(await self._client.post(server.token_endpoint, form, headers))
        except OAuthRefusal as refusal:
            raise self._client.error(
                f"client '{self._client_id}' is not accepted ({refusal})",
                "check admin.clientId and its secret (clientSecretLocation, clientSecretEnvVar), or the API key",
            ) from None
        if token is None:
            raise self._client.error("the authorization server answers without a token", "ask who runs it")
        return token

    async def refresh(self, token: Token) -> Token | None:
        """There is no need: the secret gives another one."""
        return None
