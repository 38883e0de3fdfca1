"""In front of a server of the tests: encryption with a certificate of one's own, and a proxy that tells who asked."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path


def make_certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Write a certificate authority's certificate, and one signed by it for `name` with its key; return both paths."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def build(subject: str, issuer: str, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )

    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = (
        build("tests", "tests", authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority, hashes.SHA256())
    )
    leaf = (
        build(name, "tests", own.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    key = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(leaf.public_bytes(pem) + key)
    return folder / "ca.pem", folder / "server.pem"


@contextlib.contextmanager
def encrypted(port: int, certificate: Path) -> Iterator[int]:
    """Yield a port that speaks TLS and passes on to `port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            _pass_on(inside, port)

    with _listening(serve) as own:
        yield own


@dataclass
class Proxied:
    """A proxy's address, what was asked of it, and what was said to it of who asks."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)


@contextlib.contextmanager
def proxy() -> Iterator[Proxied]:
    """Yield an HTTP proxy, for plain requests and for tunnels."""
    seen = Proxied()

    def serve(connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return
            head += piece
        lines, _, rest = head.partition(b"\r\n\r\n")
        first, *headers = lines.decode().split("\r\n")
        method, target, _ = first.split()
        seen.asked.append(f"{method} {target}")
        for line in headers:
            name, _, value = line.partition(": ")
            if name.lower() == "proxy-authorization":
                seen.known.append(base64.b64decode(value.removeprefix("Basic ")).decode())
        if method == "CONNECT":
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            _pass_on(connection, int(target.rpartition(":")[2]), rest)
        else:
            address, _, path = target.removeprefix("http://").partition("/")
            # One request for each connection: what follows on it would be passed on as it is, with its whole address.
            kept = [line for line in headers if not line.lower().startswith("connection:")]
            again = (
                "\r\n".join([f"{method} /{path} HTTP/1.1", *kept, "Connection: close"]).encode() + b"\r\n\r\n" + rest
            )
            _pass_on(connection, int(address.rpartition(":")[2]), again)

    with _listening(serve) as own:
        seen.port = own
        yield seen


@contextlib.contextmanager
def _listening(serve: object) -> Iterator[int]:
    opened = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            serve(connection)  # type: ignore[operator]  # one of the functions above

    def accept() -> None:
        while not stopping.is_set():
            if select.select([opened], [], [], 0.05)[0]:
                threading.Thread(target=one, args=(opened.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield opened.getsockname()[1]
    finally:
        stopping.set()
        thread.join(5)
        opened.close()


def _pass_on(near: socket.socket, port: int, first: bytes = b"") -> None:
    with socket.create_connection(("127.0.0.1", port)) as far:
        far.sendall(first)
        done = threading.Event()

        def back() -> None:
            with contextlib.suppress(OSError):
                while piece := far.recv(65536):
                    near.sendall(piece)
                near.shutdown(socket.SHUT_WR)
            done.set()

        threading.Thread(target=back, daemon=True).start()
        with contextlib.suppress(OSError):
            while piece := near.recv(65536):
                far.sendall(piece)
            far.shutdown(socket.SHUT_WR)
        done.wait(5)
