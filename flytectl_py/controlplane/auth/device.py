"""Logging in with a browser on another machine: the person types a code there (RFC 8628). Opens no browser."""

from __future__ import annotations

import asyncio
import time

from flytectl_py.controlplane.api import Note
from flytectl_py.controlplane.auth.grants import refreshed
from flytectl_py.controlplane.auth.server import AuthClient, AuthServer, OAuthRefusal
from flytectl_py.controlplane.auth.tokens import Token, token_of_answer

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL_SECONDS = 5.0
PERSON_SECONDS = 600.0
WITHOUT_PERSON = "where nobody can log in, use an API key (FLYTE_API_KEY) or authType: ClientSecret"


class DeviceFlow:
    """Asks a person, who has a browser somewhere."""

    def __init__(self, client: AuthClient, note: Note) -> None:
        self._client = client
        self._note = note

    async def refresh(self, token: Token) -> Token | None:
        """Return the successor of a token."""
        return await refreshed(self._client, token)

    async def fetch(self) -> Token:
        """Tell the person where to go and what to type there, wait for them, and return the token.

        :raises NotLoggedInError: they did not, or the control plane knows no such way.
        """
        server = await self._client.server()
        if not server.device_authorization_endpoint or not server.client_id:
            raise self._client.error("the control plane knows no log-in without a browser", WITHOUT_PERSON)
        form = {"client_id": server.client_id}
        if server.scopes:
            form["scope"] = " ".join(server.scopes)
        if server.audience:
            form["audience"] = server.audience
        try:
            said = await self._client.post(server.device_authorization_endpoint, form)
        except OAuthRefusal as refusal:
            raise self._client.error(f"the log-in was not accepted ({refusal})", WITHOUT_PERSON) from None
        # Google spells it "verification_url".
        page = said.get("verification_uri") or said.get("verification_url")
        if not page or not said.get("device_code"):
            raise self._client.error("the authorization server does not say where to log in", "ask who runs it")
        complete = said.get("verification_uri_complete")
        whole = f", or to {complete}" if complete else ""
        self._note(
            f"log in to {self._client.written}: go to {page} and enter the code {said.get('user_code', '')}{whole}"
        )
        return await self._wait(server, str(said["device_code"]), said.get("interval"), said.get("expires_in"))

    async def _wait(self, server: AuthServer, device_code: str, interval: object, expires_in: object) -> Token:
        pause = float(interval) if isinstance(interval, int | float) and interval >= 0 else INTERVAL_SECONDS
        lasts = float(expires_in) if isinstance(expires_in, int | float) and expires_in > 0 else PERSON_SECONDS
        end = time.monotonic() + lasts
        form = {"grant_type": GRANT, "device_code": device_code, "client_id": server.client_id}
        while time.monotonic() < end:
            await asyncio.sleep(pause)
            try:
                token = token_of_answer(await self._client.post(server.token_endpoint, form))
            except OAuthRefusal as refusal:
                if refusal.code == "slow_down":
                    pause += INTERVAL_SECONDS
                elif refusal.code == "expired_token":
                    break
                elif refusal.code != "authorization_pending":
                    raise self._client.error(f"the log-in was refused ({refusal})", "try again") from None
                continue
            if token is None:
                raise self._client.error("the authorization server answers without a token", "ask who runs it")
            return token
        raise self._client.error("nobody logged in before the code expired", WITHOUT_PERSON)
