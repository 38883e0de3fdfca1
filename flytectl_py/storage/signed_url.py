"""Objects sent to, and fetched from, URLs that somebody else signs: a control plane, or a cloud's SDK."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar
from urllib.parse import parse_qs

from flytectl_py.errors import UsageError
from flytectl_py.storage.api import ObjectInfo, Progress, PutResult, Source, StoreOptions, check_sha256
from flytectl_py.storage.content import CHUNK, CheckedReader, ContentStore, Meter, checked
from flytectl_py.storage.fault import Fault, Kind
from flytectl_py.storage.http_exchange import Answer, Limits, exchange, parts_of

T = TypeVar("T")

SEND_STEP = 64 << 10
ASK_FROM = 1 << 20
"""Bytes from which on it is asked whether the content is there already; below that, asking takes as long as sending."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a URL is wanted for. `md5` is the 16 bytes that a signer may bind the URL to; empty for a download."""

    key: str
    size: int = 0
    sha256: str = ""
    md5: bytes = b""


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """A URL good for one request for a while. An empty one says that the content is there already.

    :param headers: to be sent as they are, for they may be part of what was signed.
    :param uri: the object's own address, e.g. ``s3://bucket/key``, which outlives the URL.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    uri: str = ""


Sign = Callable[[Wanted], SignedUrl]
"""Gives a fresh URL; asked again, once, when the first turns out to have expired."""


@dataclass(frozen=True, slots=True)
class _Provider:
    """What one kind of server wants beyond the signed headers, and how much it takes in one request."""

    signed_by: frozenset[str]
    headers: Mapping[str, str]
    largest: int


# The first whose query parameters a URL holds counts. S3: PutObject takes 5 GiB. Azure: Put Blob needs the blob's type
# and takes 5000 MiB. Google Cloud Storage: an XML API PUT takes 5 TiB.
_PROVIDERS = (
    _Provider(frozenset({"sig", "sv"}), {"x-ms-blob-type": "BlockBlob"}, 5000 << 20),
    _Provider(frozenset({"X-Goog-Signature"}), {}, 5 << 40),
    _Provider(frozenset({"X-Amz-Signature"}), {}, 5 << 30),
    _Provider(frozenset(), {}, 5 << 30),
)


class SignedUrlStore(ContentStore):
    """A store behind signed URLs. Few of them say what is there already, so most puts send.

    :param sign_put: gives URLs that take a PUT of one object.
    :param sign_get: gives URLs for a GET of one object; without it, nothing can be fetched.
    :param address: what to call the place in messages.
    :param trust: whose certificates are good, where not those that the system trusts.
    :param proxy: the URL of the proxy on the way, where it is not the one that the environment names.
    """

    hints: ClassVar[dict[Kind, str]] = {
        Kind.DENIED: "the URL's signature was refused: check this machine's clock, and any proxy that changes headers",
        Kind.EXPIRED: "a fresh URL had expired, too: check this machine's clock",
    }

    def __init__(
        self,
        sign_put: Sign,
        *,
        sign_get: Sign | None = None,
        address: str = "signed-url",
        options: StoreOptions | None = None,
        trust: ssl.SSLContext | None = None,
        proxy: str = "",
    ) -> None:
        super().__init__(address, options or StoreOptions())
        self._sign_put = sign_put
        self._sign_get = sign_get
        self._limits = Limits(self.options.connect_timeout, self.options.stall_timeout, trust, proxy)
        self._lock = threading.Lock()
        self._urls: dict[str, SignedUrl] = {}

    def head(self, key: str) -> ObjectInfo | None:
        return super().head(key) if self._sign_get else None

    def put(self, key: str, source: Source, *, size: int, sha256: str, progress: Progress | None = None) -> PutResult:
        where = self.uri(key)
        wanted = Wanted(key, size, check_sha256(sha256), _md5_of(source, size, sha256, where))
        meter = Meter(progress, size)
        meter.at(0)
        signed, sent = self._told("cannot upload", where, lambda: self._put(wanted, source, where, meter))
        meter.full()
        return PutResult(signed.uri or where, uploaded=sent)

    def delete(self, key: str) -> None:
        raise UsageError(f"{self.uri(key)} cannot be deleted: signed URLs only put and get", where=self.uri(key))

    def _put(self, wanted: Wanted, source: Source, where: str, meter: Meter) -> tuple[SignedUrl, bool]:
        """Make sure that the content is there; return where, and whether it had to be sent."""

        def send(signed: SignedUrl) -> tuple[SignedUrl, bool]:
            if not signed.url or (wanted.size >= ASK_FROM and self._is_there(signed, wanted)):
                return signed, False
            provider = _provider(signed.url)
            if wanted.size > provider.largest:
                raise Fault(Kind.TOO_LARGE, f"{wanted.size} bytes, at most {provider.largest}")
            given = {name.lower(): value for name, value in signed.headers.items()}
            headers = {name: value for name, value in provider.headers.items() if name not in given}
            headers |= dict(signed.headers)
            if "content-length" not in given:
                headers["Content-Length"] = str(wanted.size)

            def attempt() -> bool:
                try:
                    with checked(source, wanted.size, wanted.sha256, where) as reader:
                        answer = exchange("PUT", signed.url, headers, _held_back(reader, meter), self._limits)
                except Fault as fault:
                    # The signer asked for it not to be written twice (RFC 9110, 13.1.2).
                    if given.get("if-none-match") == "*" and fault.detail.startswith("HTTP 412"):
                        return False
                    raise
                if answer.content and answer.headers.get("content-type", "").startswith("text/html"):
                    # Stores answer with nothing, or in XML: something in between took the content.
                    raise Fault(Kind.OTHER, f"HTTP {answer.status} with a web page")
                stored = _stored_md5(answer)
                if stored and stored != wanted.md5:
                    raise Fault(Kind.CORRUPTED, f"md5 {stored.hex()} instead of {wanted.md5.hex()} arrived")
                return True

            return signed, self.retry.call(attempt)

        return _renewed(lambda: self._sign_put(wanted), send)

    def _is_there(self, signed: SignedUrl, wanted: Wanted) -> bool:
        """Whether the server says that it has just this content. Most let the URL be used for its PUT only."""
        try:
            answer = exchange("HEAD", signed.url, {}, None, self._limits)
        except Fault:
            return False
        same = _stored_md5(answer) == wanted.md5 or answer.headers.get("etag", "").strip('"') == wanted.md5.hex()
        return same and answer.headers.get("content-length") == str(wanted.size)

    def _get(self, key: str, start: int, length: int) -> Answer:
        if self._sign_get is None:
            raise Fault(Kind.OTHER, "no URL for a download can be had here")
        sign = self._sign_get

        def signed() -> SignedUrl:
            fresh = sign(Wanted(key))
            with self._lock:
                self._urls[key] = fresh
            return fresh

        def fetch(url: SignedUrl) -> Answer:
            headers = {"Range": f"bytes={start}-{start + length - 1}", **url.headers}
            return exchange("GET", url.url, headers, None, self._limits, most=length)

        with self._lock:
            known = self._urls.pop(key, None)
        return _renewed(signed, fetch, known)

    def _stat(self, key: str) -> ObjectInfo | None:
        try:
            answer = self._get(key, 0, 1)
        except Fault as fault:
            if fault.kind is Kind.MISSING:
                return None
            if "HTTP 416" in fault.detail:  # there is no first byte
                return ObjectInfo(0)
            raise
        whole = answer.headers.get("content-range", "").rpartition("/")[2] or answer.headers.get("content-length", "")
        if not whole.isdigit():
            raise Fault(Kind.OTHER, "the answer does not say how large the object is")
        return ObjectInfo(int(whole))

    def _read(self, key: str, start: int, length: int) -> bytes:
        answer = self._get(key, start, length)
        if answer.status != 206 and start:
            raise Fault(Kind.OTHER, "the server does not send parts of an object")
        return answer.content

    def _send(self, key: str, source: Source, size: int, sha256: str, meter: Meter) -> None:
        self._put(Wanted(key, size, sha256, _md5_of(source, size, sha256, self.uri(key))), source, self.uri(key), meter)

    def _remove(self, key: str) -> None:
        self.delete(key)


def _renewed(sign: Callable[[], SignedUrl], use: Callable[[SignedUrl], T], known: SignedUrl | None = None) -> T:
    try:
        return use(known or sign())
    except Fault as fault:
        if fault.kind is not Kind.EXPIRED:
            raise
    return use(sign())


def _md5_of(source: Source, size: int, sha256: str, where: str) -> bytes:
    """Read the content once before a URL is asked for: signers want its MD5, and wrong content is never sent."""
    digest = hashlib.md5(usedforsecurity=False)
    with checked(source, size, sha256, where) as reader:
        while data := reader.read(CHUNK):
            digest.update(data)
        reader.check()
    return digest.digest()


def _held_back(reader: CheckedReader, meter: Meter) -> Iterator[bytes]:
    """Yield the content; its last piece only when all of it proved right, so that wrong content never arrives whole."""
    done = 0
    piece = reader.read(SEND_STEP)
    while piece:
        following = reader.read(SEND_STEP)
        if not following:
            reader.check()
        yield piece
        done += len(piece)
        meter.at(done)
        piece = following


def _provider(url: str) -> _Provider:
    names = set(parse_qs(parts_of(url).query))
    return next(provider for provider in _PROVIDERS if provider.signed_by <= names)


def _stored_md5(answer: Answer) -> bytes | None:
    """Return the MD5 of what the server stored, where it says so: Content-MD5 (Azure), x-goog-hash, an S3 ETag."""
    headers = answer.headers
    google = re.search(r"md5=([A-Za-z0-9+/=]+)", headers.get("x-goog-hash", ""))
    text = headers.get("content-md5") or (google[1] if google else "")
    if text:
        return base64.b64decode(text)
    etag = headers.get("etag", "").strip('"')
    encrypted = headers.get("x-amz-server-side-encryption", "AES256") != "AES256" or (
        "x-amz-server-side-encryption-customer-algorithm" in headers
    )
    from_s3 = "x-amz-request-id" in headers
    return bytes.fromhex(etag) if from_s3 and not encrypted and re.fullmatch(r"[0-9a-f]{32}", etag) else None
