"""What a registry is asked: does an image exist, for which platforms, and may we push; by its own HTTP API.

The API is that of the distribution specification of the Open Container Initiative.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

from flytectl_py.builders.api import Answer, Existence
from flytectl_py.builders.reference import Reference, parse

if TYPE_CHECKING:
    from flytectl_py.builders.registry_exchange import Exchange, Reply

INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
ACCEPT = ", ".join((*INDEXES, *MANIFESTS))


class Offered(NamedTuple):
    """The platforms of an image, such as ``linux/arm64``; None where nobody could say, and why."""

    platforms: tuple[str, ...] | None
    message: str = ""


class Runs(NamedTuple):
    """As whom the programs of an image run: a name or number, empty for root; None where nobody could say, and why."""

    user: str | None
    message: str = ""


class RegistryApi:
    """Asks registries. Answers are never kept: the registry is the truth. Safe to use from several threads."""

    def __init__(self, exchange: Exchange | None = None) -> None:
        from flytectl_py.builders.registry_exchange import Exchange

        self._exchange = exchange or Exchange()

    def exists(self, uri: str) -> Answer:
        """Ask whether an image exists. Every failure of the registry or the network is an answer."""
        reference = parse(uri)
        return self._answered(uri, reference, lambda: self._exists(uri, reference))

    def may_push(self, uri: str) -> Answer:
        """Ask whether we may push: begin an upload and take it back. `EXISTS` is yes; `ABSENT` is never the answer.

        A repository that does not exist yet and that the registry makes by itself is a yes.
        """
        reference = parse(uri)
        return self._answered(uri, reference, lambda: self._may_push(uri, reference))

    def user(self, uri: str) -> Runs:
        """Ask as whom the programs of an image run; where it is there for several platforms, on the first of them."""
        reference = parse(uri)
        found: list[str] = []

        def ask() -> Answer:
            reply = self._manifest(reference)
            document = reply.json()
            if reply.status == 200 and document.get("manifests"):
                reply = self._manifest(reference._replace(digest=str(document["manifests"][0].get("digest"))))
            digest = (reply.json().get("config") or {}).get("digest")
            config = self._exchange.ask("GET", reference, f"/blobs/{digest}") if digest else reply
            if digest and config.status == 200:
                found.append(str((config.json().get("config") or {}).get("User") or ""))
            return self._answer(uri, reference, config, "pull")

        answer = self._answered(uri, reference, ask)
        return Runs(found[0]) if found else Runs(None, answer.message)

    def platforms(self, uri: str) -> Offered:
        """Ask for which platforms an image is there."""
        reference = parse(uri)
        found: list[tuple[str, ...]] = []

        def ask() -> Answer:
            reply = self._manifest(reference)
            if reply.status == 200:
                found.append(self._platforms(reference, reply))
            return self._answer(uri, reference, reply, "pull")

        answer = self._answered(uri, reference, ask)
        return Offered(found[0]) if found and found[0] else Offered(None, answer.message)

    def _answered(self, uri: str, reference: Reference, ask: _Ask) -> Answer:
        from flytectl_py.builders.logins import LoginUnreadableError
        from flytectl_py.builders.registry_exchange import UnreachableError

        try:
            return ask()
        except UnreachableError as error:
            return Answer(
                uri,
                Existence.UNREACHABLE,
                f"the registry {reference.registry} cannot be reached: {error}",
                "check the name, the network and the proxy",
            )
        except LoginUnreadableError as error:
            return Answer(
                uri,
                Existence.NOT_ALLOWED,
                f"the login for {reference.registry} cannot be read: {error}",
                f"docker login {reference.registry}",
            )

    def _exists(self, uri: str, reference: Reference) -> Answer:
        reply = self._manifest(reference)
        if reply.status == 404 and not _says(reply, "NAME_UNKNOWN"):
            # Some registries answer the same for a tag that is not there and for a repository that is not.
            listed = self._exchange.ask("GET", reference, "/tags/list?n=1")
            if listed.status == 404:
                reply = listed._replace(content=b'{"errors": [{"code": "NAME_UNKNOWN"}]}')
        return self._answer(uri, reference, reply, "pull")

    def _may_push(self, uri: str, reference: Reference) -> Answer:
        reply = self._exchange.ask("POST", reference, "/blobs/uploads/", actions="pull,push")
        if reply.status in {201, 202}:
            place = reply.headers.get("location", "")
            if place:
                self._cancel(reference, place)
            return Answer(uri, Existence.EXISTS, f"{reference.registry}/{reference.repository} takes pushes")
        return self._answer(uri, reference, reply, "push")

    def _cancel(self, reference: Reference, place: str) -> None:
        from flytectl_py.builders.registry_exchange import UnreachableError

        path = place if "://" in place else urljoin(f"/v2/{reference.repository}/blobs/uploads/", place)
        path = path.removeprefix(f"/v2/{reference.repository}")
        try:
            self._exchange.ask("DELETE", reference, path, actions="pull,push")
        except UnreachableError:
            return  # The registry drops uploads that nobody goes on with.

    def _manifest(self, reference: Reference) -> Reply:
        return self._exchange.ask("GET", reference, f"/manifests/{reference.version}", accept=ACCEPT)

    def _platforms(self, reference: Reference, reply: Reply) -> tuple[str, ...]:
        document = reply.json()
        kind = document.get("mediaType") or reply.headers.get("content-type", "").partition(";")[0]
        if kind in INDEXES or "manifests" in document:
            entries = [each.get("platform") or {} for each in document.get("manifests") or () if isinstance(each, dict)]
            # What is for no platform is an attestation of one of the others.
            named = [_platform(each) for each in entries if each.get("os") not in {None, "unknown"}]
            return tuple(sorted(set(named)))  # The order in an index is that in which its builds ended.
        digest = (document.get("config") or {}).get("digest")
        if not digest:
            return ()
        config = self._exchange.ask("GET", reference, f"/blobs/{digest}")
        written = config.json() if config.status == 200 else {}
        return (_platform(written),) if written.get("os") else ()

    def _answer(self, uri: str, reference: Reference, reply: Reply, wanted: str) -> Answer:
        where = f"{reference.registry}/{reference.repository}"
        status = reply.status
        said = "; ".join(message for _, message in reply.errors() if message)
        because = f" ({said})" if said else ""
        if status == 200:
            digest = reply.headers.get("docker-content-digest") or "sha256:" + hashlib.sha256(reply.content).hexdigest()
            return Answer(uri, Existence.EXISTS, f"{uri} exists", digest=digest)
        if status == 404 and _says(reply, "NAME_UNKNOWN"):
            hint = "the first push makes it, or create it in the registry" if wanted == "pull" else "create it there"
            return Answer(
                uri, Existence.NO_REPOSITORY, f"{reference.registry} has no repository {reference.repository}", hint
            )
        if status == 404 and wanted == "pull":
            return Answer(uri, Existence.ABSENT, f"{where} has no image {reference.version}")
        if status in {401, 403} or _says(reply, "DENIED", "UNAUTHORIZED"):
            return Answer(uri, Existence.NOT_ALLOWED, *self._refused(reference, where, wanted, because))
        if status == 405 and wanted == "push":
            return Answer(
                uri,
                Existence.NOT_ALLOWED,
                f"{reference.registry} takes no pushes{because}",
                "it is read-only, as a mirror is: name another with --registry",
            )
        return Answer(
            uri,
            Existence.UNREACHABLE,
            f"{reference.registry} answered with status {status}{because}",
            "it may be out of order; try again later",
        )

    def _refused(self, reference: Reference, where: str, wanted: str, because: str) -> tuple[str, str]:
        login = f"docker login {reference.registry}"
        if self._exchange.has_login(reference.registry):
            doing = "to push to" if wanted == "push" else "to look into"
            hint = f"check that the repository exists and that this login may {wanted}; or log in anew: {login}"
            return f"the login for {reference.registry} is not allowed {doing} {where}{because}", hint
        return f"{reference.registry} wants a login for {where}{because}", login


def _says(reply: Reply, *codes: str) -> bool:
    return any(code in codes for code, _ in reply.errors())


def _platform(entry: Mapping[str, object]) -> str:
    parts = [str(entry.get("os") or ""), str(entry.get("architecture") or "")]
    variant = str(entry.get("variant") or "")
    # arm64's only variant is its default; those of arm differ.
    if variant and not (parts[1] == "arm64" and variant == "v8"):
        parts.append(variant)
    return "/".join(parts)


if TYPE_CHECKING:
    from collections.abc import Callable

    _Ask = Callable[[], Answer]
