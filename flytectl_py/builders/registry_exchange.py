"""Conversations with registries over HTTP: requests, logins by Basic or Bearer token, retries."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from flytectl_py import __version__
from flytectl_py.builders.logins import Login, login_for
from flytectl_py.builders.reference import Reference, is_loopback

TIMEOUT_SECONDS = 10.0
ATTEMPTS = 3
MOST_BYTES = 8 << 20
TRANSIENT = frozenset({429, 500, 502, 503, 504})

Actions = str
"""What a token is asked for: ``pull`` or ``pull,push``."""


class UnreachableError(Exception):
    """The registry did not answer; the message says what happened instead."""


class Reply(NamedTuple):
    """What came back: any status, names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> dict[str, Any]:
        """Return the content as a JSON object, an empty one where it is something else."""
        try:
            document = json.loads(self.content)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def errors(self) -> list[tuple[str, str]]:
        """Return code and message of each error, in the form of the distribution specification."""
        errors = self.json().get("errors")
        found = errors if isinstance(errors, list) else []
        return [
            (str(each.get("code") or ""), str(each.get("message") or "")) for each in found if isinstance(each, dict)
        ]


@dataclass
class Challenge:
    """What a registry wants of whoever asks: the scheme, and for tokens who gives them out."""

    scheme: str
    parameters: dict[str, str]


class Exchange:
    """Talks to registries. Keeps tokens for its own life; safe to use from several threads.

    :param insecure: says of a host, when TLS with it failed, whether plain HTTP may be spoken to it.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        insecure: Callable[[str], bool] | None = None,
        timeout: float = TIMEOUT_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._environ = environ
        self._insecure = insecure
        self._timeout = timeout
        self._sleep = sleep
        self._lock = threading.Lock()
        self._schemes: dict[str, str] = {}
        self._authorizations: dict[tuple[str, str, Actions], str] = {}
        self._logins: dict[str, Login | None] = {}
        self._openers: dict[tuple[str, bool], urllib.request.OpenerDirector] = {}

    def ask(
        self,
        method: str,
        reference: Reference,
        path: str,
        *,
        actions: Actions = "pull",
        accept: str = "*/*",
    ) -> Reply:
        """Send one request to ``/v2/NAME/…`` and return the answer, after logging in if the registry wants it.

        :param path: below the repository, such as ``/manifests/v1``; or a full URL that the registry gave.
        :raises UnreachableError: no answer.
        :raises LoginUnreadableError: the login for this registry cannot be read.
        """
        url = path if "://" in path else f"/v2/{reference.repository}{path}"
        key = (reference.registry, reference.repository, actions)
        headers = {"Accept": accept}
        if key in self._authorizations:
            headers["Authorization"] = self._authorizations[key]
        reply = self._sent(method, reference.host, url, headers)
        if reply.status != 401:
            return reply
        challenge = _challenge(reply.headers.get("www-authenticate", ""))
        authorization = None if challenge is None else self._authorization(challenge, reference, actions)
        if authorization is None:
            return reply
        self._authorizations[key] = authorization
        return self._sent(method, reference.host, url, {**headers, "Authorization": authorization})

    def has_login(self, registry: str) -> bool:
        """Return whether there is a login for this registry."""
        return self._login(registry) is not None

    def _login(self, registry: str) -> Login | None:
        with self._lock:  # a helper may ask the person: once
            if registry not in self._logins:
                self._logins[registry] = login_for(registry, self._environ)
            return self._logins[registry]

    def _authorization(self, challenge: Challenge, reference: Reference, actions: Actions) -> str | None:
        login = self._login(reference.registry)
        if challenge.scheme == "basic":
            return None if login is None or not login.username else _basic(login)
        realm = challenge.parameters.get("realm", "")
        if challenge.scheme != "bearer" or not self._is_safe(realm, reference.host):
            return None
        wanted = {
            "service": challenge.parameters.get("service", ""),
            "scope": f"repository:{reference.repository}:{actions}",
        }
        reply = self._token(realm, wanted, login)
        if reply.status != 200:
            return None
        document = reply.json()
        token = document.get("token") or document.get("access_token")
        return f"Bearer {token}" if token else None

    def _is_safe(self, realm: str, host: str) -> bool:
        """Whether a password may go there: not in plain text, unless the registry itself is spoken to like that."""
        parts = urlsplit(realm)
        plain = parts.scheme == "http" and (is_loopback(parts.netloc) or self._schemes.get(host) == "http")
        return parts.scheme == "https" or plain

    def _token(self, realm: str, wanted: dict[str, str], login: Login | None) -> Reply:
        # https://distribution.github.io/distribution/spec/auth/token/ and …/auth/oauth/
        if login is not None and login.identity_token:
            form = {
                **wanted,
                "grant_type": "refresh_token",
                "client_id": "flyte",
                "refresh_token": login.identity_token,
            }
            content = urlencode(form).encode()
            return self._opened("POST", realm, {"Content-Type": "application/x-www-form-urlencoded"}, content)
        headers = {} if login is None else {"Authorization": _basic(login)}
        query = urlencode({name: value for name, value in wanted.items() if value})
        return self._opened("GET", f"{realm}{'&' if '?' in realm else '?'}{query}", headers)

    def _sent(self, method: str, host: str, url: str, headers: dict[str, str]) -> Reply:
        if "://" in url:
            return self._opened(method, url, headers)
        scheme = self._schemes.get(host)
        if scheme is not None:
            return self._opened(method, f"{scheme}://{host}{url}", headers)
        first = "http" if is_loopback(host) else "https"
        try:
            reply = self._opened(method, f"{first}://{host}{url}", headers)
        except UnreachableError as error:
            if first == "http" or not isinstance(error.__cause__, ssl.SSLError | ConnectionError):
                raise
            if self._insecure is None or not self._insecure(host):
                raise
            reply, first = self._opened(method, f"http://{host}{url}", headers), "http"
        if first == "http" and reply.status == 400 and b"HTTPS" in reply.content:
            reply, first = self._opened(method, f"https://{host}{url}", headers), "https"
        self._schemes[host] = first
        return reply

    def _opened(self, method: str, url: str, headers: dict[str, str], content: bytes | None = None) -> Reply:
        """Send a request as often as it fails for a moment; follow what the registry redirects to without the login."""
        headers = {"User-Agent": f"flytectl-py/{__version__}", **headers}
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                reply = self._once(method, url, headers, content)
            except (OSError, http.client.HTTPException) as error:
                reason = error.reason if isinstance(error, urllib.error.URLError) else error
                cause = reason if isinstance(reason, Exception) else error
                if last or not _may_pass(cause):
                    raise UnreachableError(f"{urlsplit(url).netloc}: {_words(cause)}") from cause
                self._sleep(0.3 * attempt)
                continue
            if reply.status in {301, 302, 303, 307, 308} and "location" in reply.headers and method in {"GET", "HEAD"}:
                elsewhere = urljoin(url, reply.headers["location"])
                same = urlsplit(elsewhere).netloc == urlsplit(url).netloc
                kept = headers if same else {k: v for k, v in headers.items() if k != "Authorization"}
                return self._once(method, elsewhere, kept, None)
            if last or reply.status not in TRANSIENT:
                return reply
            self._sleep(_wait(reply, attempt))
        raise AssertionError("unreachable")

    def _once(self, method: str, url: str, headers: dict[str, str], content: bytes | None) -> Reply:
        request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310  http and https only
        try:
            with self._opener(url).open(request, timeout=self._timeout) as response:
                return _reply(response.status, response.headers, response)
        except urllib.error.HTTPError as error:
            with error:
                return _reply(error.code, error.headers, error)

    def _opener(self, url: str) -> urllib.request.OpenerDirector:
        """Return what opens `url`; redirects are followed by hand, since the login must not go to where they lead."""
        parts = urlsplit(url)
        here = is_loopback(parts.netloc)
        with self._lock:
            if (parts.scheme, here) not in self._openers:
                opener = urllib.request.OpenerDirector()
                # Reading the certificates that are trusted takes a while, and plain HTTP needs none.
                opener.add_handler(
                    urllib.request.HTTPSHandler() if parts.scheme == "https" else urllib.request.HTTPHandler()
                )
                opener.add_handler(urllib.request.ProxyHandler({} if here else None))
                opener.add_handler(urllib.request.HTTPErrorProcessor())
                opener.add_handler(urllib.request.HTTPDefaultErrorHandler())
                self._openers[parts.scheme, here] = opener
            return self._openers[parts.scheme, here]


def _reply(status: int, headers: Any, stream: IO[bytes]) -> Reply:
    return Reply(status, {name.lower(): value for name, value in headers.items()}, stream.read(MOST_BYTES))


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _challenge(header: str) -> Challenge | None:
    """Return what WWW-Authenticate asks for (RFC 9110, 11.6.1)."""
    scheme, _, rest = header.strip().partition(" ")
    if not scheme:
        return None
    return Challenge(scheme.lower(), dict(re.findall(r'(\w+)="([^"]*)"', rest)))


def _may_pass(error: BaseException) -> bool:
    # A name that does not resolve, a refused connection or a wrong certificate stays so.
    return isinstance(error, http.client.HTTPException | ConnectionResetError | BrokenPipeError) and not isinstance(
        error, http.client.InvalidURL
    )


def _wait(reply: Reply, attempt: int) -> float:
    asked = reply.headers.get("retry-after", "")
    return min(float(asked), 10.0) if asked.isdigit() else 0.3 * attempt


def _words(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "its name does not resolve"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    return str(error) or type(error).__name__
