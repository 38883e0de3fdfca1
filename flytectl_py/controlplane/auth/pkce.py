"""Logging in with a browser on this machine: authorization code with proof key (RFC 7636, RFC 8252)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import secrets
import webbrowser
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from flytectl_py.controlplane.api import Note
from flytectl_py.controlplane.auth.grants import refreshed
from flytectl_py.controlplane.auth.server import REDIRECT_URI, AuthClient, AuthServer, OAuthRefusal
from flytectl_py.controlplane.auth.tokens import Token, token_of_answer

PERSON_SECONDS = 300.0
"""How long a person has to log in."""
REQUEST_SECONDS = 10.0

_PAGE = "<!doctype html><meta charset=utf-8><title>Flyte</title><p>{}</p>"
WITHOUT_BROWSER = "without a browser here, log in with headless=True, authType: DeviceFlow, or an API key"


class Pkce:
    """Asks a person, in their browser."""

    def __init__(self, client: AuthClient, note: Note) -> None:
        self._client = client
        self._note = note

    async def refresh(self, token: Token) -> Token | None:
        """Return the successor of a token."""
        return await refreshed(self._client, token)

    async def fetch(self) -> Token:
        """Open the browser, wait for the person, and return the token.

        :raises NotLoggedInError: they did not log in, or the way back from the browser does not work.
        """
        server = await self._client.server()
        if not server.authorization_endpoint or not server.client_id:
            raise self._client.error("the control plane does not say how to log in with a browser", WITHOUT_BROWSER)
        verifier = secrets.token_urlsafe(64)
        state = secrets.token_urlsafe(32)
        async with _callback(self._client, server.redirect_uri or REDIRECT_URI, state) as (redirect_uri, answer):
            page = _page_to_open(server, redirect_uri, state, verifier)
            self._note(f"log in to {self._client.written} in the browser; if none opens, go to {page}")
            await asyncio.to_thread(webbrowser.open, page)
            try:
                async with asyncio.timeout(PERSON_SECONDS):
                    code = await answer
            except TimeoutError:
                raise self._client.error(
                    f"nobody logged in within {PERSON_SECONDS / 60:.0f} minutes", WITHOUT_BROWSER
                ) from None
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": server.client_id,
            "code_verifier": verifier,
        }
        try:
            token = token_of_answer(await self._client.post(server.token_endpoint, form))
        except OAuthRefusal as refusal:
            raise self._client.error(f"the log-in was not accepted ({refusal})", "try again") from None
        if token is None:
            raise self._client.error("the authorization server answers without a token", "ask who runs it")
        return token


def _page_to_open(server: AuthServer, redirect_uri: str, state: str, verifier: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = {
        "response_type": "code",
        "client_id": server.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if server.scopes:
        query["scope"] = " ".join(server.scopes)
    if server.audience:
        query["audience"] = server.audience
    joint = "&" if "?" in server.authorization_endpoint else "?"
    return f"{server.authorization_endpoint}{joint}{urlencode(query)}"


@contextlib.asynccontextmanager
async def _callback(
    client: AuthClient, redirect_uri: str, state: str
) -> AsyncIterator[tuple[str, asyncio.Future[str]]]:
    """Listen where the browser comes back to; yield that address and the code that it will bring."""
    parts = urlsplit(redirect_uri)
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(REQUEST_SECONDS):
                line = (await reader.readline()).decode("latin-1").split()
                while (await reader.readline()).strip():
                    pass
                status, said = _answered(line, parts.path or "/", state, answer, client)
                page = _PAGE.format(said).encode()
                head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
                writer.write(f"{head}Connection: close\r\n\r\n".encode() + page)
                await writer.drain()
        writer.close()

    try:
        listening = await asyncio.start_server(take, "127.0.0.1", parts.port or 0)
    except OSError as error:
        raise client.error(
            f"port {parts.port}, to which the browser comes back, is taken here ({error.strerror})",
            f"end the other log-in; {WITHOUT_BROWSER}",
        ) from None
    try:
        port = listening.sockets[0].getsockname()[1]
        there = urlunsplit((parts.scheme, f"{parts.hostname}:{port}", parts.path, "", ""))
        yield there, answer
    finally:
        listening.close()
        answer.cancel()


def _answered(
    line: list[str], path: str, state: str, answer: asyncio.Future[str], client: AuthClient
) -> tuple[str, str]:
    """Take one request: what to tell the browser. What is not the answer, or not to our question, changes nothing."""
    target = urlsplit(line[1]) if len(line) == 3 and line[0] == "GET" else None
    if target is None or target.path != path:
        return "404 Not Found", "There is nothing here."
    said = {name: values[0] for name, values in parse_qs(target.query).items()}
    if not hmac.compare_digest(said.get("state", "").encode(), state.encode()):
        return "400 Bad Request", "This is not the log-in that was asked for."
    if not answer.done():
        if said.get("code"):
            answer.set_result(said["code"])
        else:
            why = said.get("error_description") or said.get("error") or "no code came back"
            answer.set_exception(client.error(f"the log-in was refused: {why}", "try again, or ask for access"))
            return "200 OK", "You are not logged in. You can close this page."
    return "200 OK", "You are logged in. You can close this page and go back to the terminal."
