"""Signed URLs against a server that fails in every way there is."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.storage.api import ChecksumError, ObjectMissingError, PutResult, StoreOptions, StoreUnavailableError
from flytectl_py.storage.signed_url import SignedUrl, SignedUrlStore, Wanted
from tests.support.servers.faulty import Corrupt, DropAnswer, DropBody, FaultyServer, Stall, Status, faulty_server

DATA = bytes(range(256)) * 12_000
QUICK = StoreOptions(stall_timeout=0.5, connect_timeout=2.0)
EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
EXPIRED_AZURE = (
    b"<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request."
    b"</Message><AuthenticationErrorDetail>Signature not valid in the specified time frame: Start [Fri]"
    b"</AuthenticationErrorDetail></Error>"
)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with faulty_server() as server:
        yield server


class Signer:
    """Gives URLs that can be told apart, and remembers for what."""

    def __init__(self, server: FaultyServer, **headers: str) -> None:
        self.server = server
        self.headers = headers
        self.wanted: list[Wanted] = []

    def __call__(self, wanted: Wanted) -> SignedUrl:
        self.wanted.append(wanted)
        url = f"{self.server.url}/bucket/{wanted.key}?turn={len(self.wanted)}"
        return SignedUrl(url, self.headers, uri=f"s3://bucket/{wanted.key}")


def put(store: SignedUrlStore, data: bytes = DATA) -> PutResult:
    return store.put("x", lambda: io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())


def test_the_signer_is_told_what_it_signs_and_its_headers_are_sent(server: FaultyServer) -> None:
    signer = Signer(server, **{"Content-MD5": "abc=", "X-Custom": "1"})
    done = put(SignedUrlStore(signer))
    assert done == PutResult("s3://bucket/x", uploaded=True)
    assert signer.wanted == [
        Wanted("x", len(DATA), hashlib.sha256(DATA).hexdigest(), hashlib.md5(DATA).digest()),
    ]
    sent = server.requests("PUT")[0].headers
    assert sent["Content-MD5"] == "abc="
    assert sent["X-Custom"] == "1"
    assert sent["Content-Length"] == str(len(DATA))
    assert "Content-Type" not in sent
    assert server.objects["/bucket/x"] == DATA


@pytest.mark.parametrize(
    "troubles",
    [
        [Status(429, {"Retry-After": "0"})],
        [Status(500), Status(502), Status(503)],
        [Status(408)],
        [DropBody(after=100_000)],
        [DropBody()],
        [DropAnswer()],
        [Stall()],
    ],
    ids=["429", "5xx", "408", "dropped in the middle", "dropped at once", "answer lost", "stalled"],
)
def test_a_put_survives(server: FaultyServer, troubles: list[Status | DropBody | DropAnswer | Stall]) -> None:
    server.fail("PUT", *troubles)
    assert put(SignedUrlStore(Signer(server), options=QUICK)).uploaded
    assert server.objects["/bucket/x"] == DATA
    assert len(server.requests("PUT")) == len(troubles) + 1


def test_a_broken_body_is_never_stored(server: FaultyServer) -> None:
    server.fail("PUT", *[DropBody(after=100_000)] * 2)
    with pytest.raises(StoreUnavailableError, match=r"the connection broke .*, after 2 attempts"):
        put(SignedUrlStore(Signer(server), options=StoreOptions(attempts=2)))
    assert server.objects == {}


def test_a_stall_ends_and_says_so(server: FaultyServer) -> None:
    server.fail("PUT", Stall())
    with pytest.raises(StoreUnavailableError, match="no bytes moved for too long"):
        put(SignedUrlStore(Signer(server), options=StoreOptions(attempts=1, stall_timeout=0.3)))


@pytest.mark.parametrize("said", [Status(403, content=EXPIRED), Status(403, content=EXPIRED_AZURE)])
def test_an_expired_url_is_signed_anew_once(server: FaultyServer, said: Status) -> None:
    signer = Signer(server)
    server.fail("PUT", said)
    assert put(SignedUrlStore(signer)).uploaded
    assert [asked.path for asked in server.requests("PUT")] == ["/bucket/x?turn=1", "/bucket/x?turn=2"]
    server.fail("PUT", said, said)
    with pytest.raises(StoreUnavailableError, match="have expired") as caught:
        put(SignedUrlStore(signer))
    assert "clock" in caught.value.hint
    assert len(signer.wanted) == 4


def test_a_refusal_is_not_tried_again(server: FaultyServer) -> None:
    said = b"<Error><Code>SignatureDoesNotMatch</Code><Message>no match</Message></Error>"
    server.fail("PUT", Status(403, content=said))
    with pytest.raises(StoreUnavailableError, match=r"access is denied \(HTTP 403 SignatureDoesNotMatch: no match\)"):
        put(SignedUrlStore(Signer(server)))
    assert len(server.requests("PUT")) == 1


def test_an_early_refusal_is_heard_while_the_body_is_sent(server: FaultyServer) -> None:
    large = DATA * 5
    server.fail("PUT", Status(413))
    with pytest.raises(UsageError, match="larger than the store takes"):
        put(SignedUrlStore(Signer(server)), large)


def test_a_long_retry_after_is_an_error_and_no_wait(server: FaultyServer) -> None:
    server.fail("PUT", Status(429, {"Retry-After": "3600"}))
    with pytest.raises(StoreUnavailableError, match="asks to slow down") as caught:
        put(SignedUrlStore(Signer(server)))
    assert "3600 s" in str(caught.value)


def test_wrong_content_is_never_sent(server: FaultyServer) -> None:
    signer = Signer(server)
    with pytest.raises(ChecksumError):
        SignedUrlStore(signer).put("x", lambda: io.BytesIO(DATA), size=len(DATA), sha256="0" * 64)
    assert server.asked == []
    assert signer.wanted == []


def test_content_that_changes_after_it_was_signed_never_arrives_whole(server: FaultyServer) -> None:
    opened = iter([DATA, DATA[:-1] + b"!"])
    with pytest.raises(ChecksumError):
        SignedUrlStore(Signer(server)).put(
            "x", lambda: io.BytesIO(next(opened)), size=len(DATA), sha256=hashlib.sha256(DATA).hexdigest()
        )
    assert server.objects == {}


def test_what_the_server_stored_is_compared(server: FaultyServer) -> None:
    wrong = {"ETag": '"' + "0" * 32 + '"', "x-amz-request-id": "1"}
    server.fail("PUT", Status(200, wrong), Status(200, {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}))
    assert put(SignedUrlStore(Signer(server))).uploaded
    assert len(server.requests("PUT")) == 3
    server.fail("PUT", Status(200, wrong | {"x-amz-server-side-encryption": "aws:kms"}))
    put(SignedUrlStore(Signer(server)))
    assert len(server.requests("PUT")) == 4


def test_azure_is_told_the_kind_of_blob(server: FaultyServer) -> None:
    SignedUrlStore(lambda wanted: SignedUrl(f"{server.url}/c/{wanted.key}?sv=2024-11-04&sig=abc")).put(
        "x", lambda: io.BytesIO(b""), size=0, sha256=hashlib.sha256(b"").hexdigest()
    )
    assert server.requests("PUT")[0].headers["x-ms-blob-type"] == "BlockBlob"


@pytest.mark.parametrize(
    "trouble", [Status(500), DropAnswer(after=1000), DropAnswer(), Stall()], ids=["500", "part of it", "none", "stall"]
)
def test_a_get_survives(server: FaultyServer, trouble: Status | DropAnswer | Stall) -> None:
    signer = Signer(server)
    options = StoreOptions(stall_timeout=0.5, part_size=1 << 20)
    store = SignedUrlStore(signer, sign_get=signer, options=options)
    server.objects["/bucket/x"] = DATA
    server.fail("GET", trouble, Status(206, {"Content-Range": f"bytes 0-0/{len(DATA)}"}, b"\0"), trouble)
    out = io.BytesIO()
    store.get("x", out, sha256=hashlib.sha256(DATA).hexdigest())
    assert out.getvalue() == DATA
    assert not server.troubles


def test_a_damaged_get_is_noticed(server: FaultyServer) -> None:
    server.objects["/bucket/x"] = b"content"
    server.fail("GET", Status(206, {"Content-Range": "bytes 0-0/7"}, b"c"), Corrupt())
    with pytest.raises(ChecksumError, match="holds other content"):
        SignedUrlStore(Signer(server), sign_get=Signer(server)).get(
            "x", io.BytesIO(), sha256=hashlib.sha256(b"content").hexdigest()
        )


def test_an_expired_url_of_a_get_is_signed_anew(server: FaultyServer) -> None:
    server.objects["/bucket/x"] = b"content"
    server.fail("GET", Status(403, content=EXPIRED))
    out = io.BytesIO()
    SignedUrlStore(Signer(server), sign_get=Signer(server)).get("x", out)
    assert out.getvalue() == b"content"


def test_nothing_can_be_fetched_without_a_signer_for_it(server: FaultyServer) -> None:
    store = SignedUrlStore(Signer(server))
    assert store.head("x") is None
    with pytest.raises(ObjectMissingError):
        store.get("x", io.BytesIO())
    assert server.asked == []


@pytest.mark.parametrize("url", ["ftp://host/x", "no url", "http://[::1/x", "http://host:port/x"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(UsageError, match="signed URL"):
        put(SignedUrlStore(lambda _: SignedUrl(url)))


def test_secrets_of_a_url_are_in_no_error(server: FaultyServer) -> None:
    server.fail("PUT", Status(403))
    with pytest.raises(StoreUnavailableError) as caught:
        put(SignedUrlStore(lambda wanted: SignedUrl(f"{server.url}/{wanted.key}?X-Amz-Signature=SECRET")))
    assert "SECRET" not in str(caught.value) + caught.value.where + caught.value.hint


@pytest.mark.parametrize(
    "page",
    [
        "<h1>no bucket at https://me:s3cr3t@store/b/x?X-Amz-Signature=s3cr3t&a=b</h1>",
        "The requested URL /bucket/x?sig=s3cr3t was not found",
        "<a href='/x?a=1&amp;sig=s3cr3t'>\x1b[2J",
    ],
)
def test_an_answer_that_quotes_a_signed_url_is_told_without_its_query(server: FaultyServer, page: str) -> None:
    server.fail("PUT", Status(404, content=page.encode()))
    with pytest.raises(ObjectMissingError, match="HTTP 404") as raised:
        put(SignedUrlStore(Signer(server)))
    assert "s3cr3t" not in str(raised.value)
    assert "?***" in str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_a_web_page_has_stored_nothing(server: FaultyServer) -> None:
    server.fail("PUT", Status(200, {"Content-Type": "text/html; charset=utf-8"}, b"<h1>Log in</h1>"))
    with pytest.raises(StoreUnavailableError, match="HTTP 200 with a web page"):
        put(SignedUrlStore(Signer(server)))
    server.fail("PUT", Status(200, {"Content-Type": "text/html; charset=UTF-8"}))  # as Google's answers
    assert put(SignedUrlStore(Signer(server))).uploaded


def test_a_proxy_of_the_environment_is_used(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url.replace("http://", "http://user:word@"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    put(SignedUrlStore(lambda wanted: SignedUrl(f"http://storage.example/{wanted.key}")))
    asked = server.requests("PUT")[0]
    assert asked.path == "http://storage.example/x"
    assert asked.headers["Host"] == "storage.example"
    assert asked.headers["Proxy-Authorization"] == "Basic dXNlcjp3b3Jk"
