"""Objects in a bucket of Google Cloud Storage, over its JSON API."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import Any, ClassVar
from urllib.parse import quote

from flytectl_py.storage.api import ObjectInfo
from flytectl_py.storage.content import DIGEST, CheckedReader, Meter
from flytectl_py.storage.fault import Fault, Kind, status_fault
from flytectl_py.storage.fsspec_store import READ_STEP, Body, FsspecStore, Pulse

RESUME = 308
"""Status of a resumable upload that is not complete (https://cloud.google.com/storage/docs/performing-resumable-uploads)."""

_EXCEPTIONS = {
    "DefaultCredentialsError": Kind.NO_CREDENTIALS,
    "RefreshError": Kind.EXPIRED,
}


class GCSStore(FsspecStore):
    """``gs://bucket/prefix``. Credentials are Google's application default ones; STORAGE_EMULATOR_HOST is honoured."""

    extra = "gcs"
    whole_limit: ClassVar[int] = 8 << 20
    smallest_part: ClassVar[int] = 256 << 10
    hints: ClassVar[dict[Kind, str]] = {
        Kind.DENIED: "check the account (`gcloud auth list`); it needs the role Storage Object User on the bucket",
        Kind.NO_CREDENTIALS: "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
        Kind.EXPIRED: "run `gcloud auth application-default login` again, and check this machine's clock",
    }

    def _open(self) -> Any:
        import os

        # The class of gcsfs.core speaks plain HTTP; the one that `gcsfs` exports first asks for the kind of the bucket
        # over gRPC, which takes a minute where that is not answered.
        from gcsfs.core import GCSFileSystem

        emulated = self.options.endpoint or os.environ.get("STORAGE_EMULATOR_HOST")
        return GCSFileSystem(
            project=os.environ.get("GOOGLE_CLOUD_PROJECT", "-"),
            token="anon" if self.options.anonymous or emulated else "google_default",
            endpoint_url=self.options.endpoint,
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    @staticmethod
    async def _closed(opened: Any) -> None:
        if opened.session is not None:
            await opened.session.close()

    def _stat(self, key: str) -> ObjectInfo | None:
        async def ask(pulse: Pulse) -> ObjectInfo:
            _, _, text = await self._call("GET", self._object(self._name(key)), pulse)
            found = json.loads(text)
            return ObjectInfo(int(found["size"]), (found.get("metadata") or {}).get(DIGEST))

        try:
            return self._run(ask)
        except Fault as fault:
            if fault.kind is Kind.MISSING:
                return None
            raise

    def _check_container(self) -> None:
        try:
            self._run(lambda pulse: self._call("GET", f"{self.fs.base}b/{quote(self.container, safe='')}", pulse))
        except Fault as fault:
            if fault.kind is Kind.MISSING:
                raise Fault(Kind.NO_BUCKET, self.container) from fault
            if fault.kind is not Kind.DENIED:  # reading objects does not need the right to read the bucket
                raise

    def _remove(self, key: str) -> None:
        try:
            self._run(lambda pulse: self._call("DELETE", self._object(self._name(key)), pulse))
        except Fault as fault:
            if fault.kind is not Kind.MISSING:
                raise

    async def _put_whole(self, name: str, body: Body, data: bytes, sha256: str) -> None:
        about = json.dumps({"name": name, "metadata": self._metadata(sha256), "md5Hash": _md5(data)})
        edge = f"==={sha256}==="
        head = f"--{edge}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{about}\r\n--{edge}\r\n"
        content = f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + data + f"\r\n--{edge}--".encode()
        _, _, text = await self._call(
            "POST",
            f"{self._upload_url}?uploadType=multipart",
            body.pulse,
            headers={"Content-Type": f'multipart/related; boundary="{edge}"'},
            data=Body(content, body.pulse, body.moved),
        )
        await self._checked(name, json.loads(text), _md5(data), body.pulse)

    def _sent_parts(self, name: str, upload: Any, reader: CheckedReader, size: int, meter: Meter) -> list[Any]:
        """Send the chunks of one resumable upload in order; the last only when all content proved to be right."""
        digest = hashlib.md5(usedforsecurity=False)
        start = 0
        for data in self._pieces(reader, size):
            digest.update(data)
            if start + len(data) >= size:
                reader.check()
            self._send_chunk(upload, data, start, size, meter)
            start += len(data)
        return [base64.b64encode(digest.digest()).decode()]

    def _send_chunk(self, upload: str, data: bytes, start: int, size: int, meter: Meter) -> None:
        end = start + len(data)
        at = start

        async def send(pulse: Pulse) -> int:
            part = data[at - start :]
            # Not a PUT: aiohttp sends that again by itself, whatever the server holds by then.
            status, headers, _ = await self._call(
                "POST",
                upload,
                pulse,
                headers={"Content-Range": f"bytes {at}-{end - 1}/{size}"},
                data=Body(part, pulse, lambda done: meter.at(at + done)),
            )
            return size if status != RESUME else _stored(headers)

        async def ask(pulse: Pulse) -> int:
            status, headers, _ = await self._call("PUT", upload, pulse, headers={"Content-Range": f"bytes */{size}"})
            return size if status != RESUME else _stored(headers)

        def attempt() -> None:
            nonlocal at
            if at < 0:
                at = self._run(ask)
            while at < end:
                try:
                    at = self._run(send)
                except Fault:
                    at = -1  # only the server knows how much of it arrived
                    raise
                if at < start:
                    raise Fault(Kind.OTHER, f"the upload went back to byte {at}")

        self.retry.call(attempt)

    async def _begin(self, name: str, size: int, sha256: str) -> str:
        _, headers, _ = await self._call(
            "POST",
            f"{self._upload_url}?uploadType=resumable&name={quote(name, safe='')}",
            Pulse(),
            headers={
                "Content-Type": "application/json; charset=UTF-8",
                "X-Upload-Content-Type": "application/octet-stream",
                "X-Upload-Content-Length": str(size),
            },
            data=json.dumps({"name": name, "metadata": self._metadata(sha256)}).encode(),
        )
        return str(headers["Location"])

    async def _put_part(self, name: str, upload: Any, number: int, body: Body, data: bytes) -> Any:
        raise NotImplementedError("the chunks of a resumable upload go in order, see _sent_parts")

    async def _finish(self, name: str, upload: Any, parts: list[Any], sha256: str) -> None:
        pulse = Pulse()
        _, _, text = await self._call("GET", self._object(name), pulse)
        await self._checked(name, json.loads(text), parts[0], pulse)

    async def _abort(self, name: str, upload: Any) -> None:
        await self._call("DELETE", upload, Pulse())

    async def _range(self, name: str, start: int, length: int, pulse: Pulse) -> bytes:
        headers = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
        _, _, data = await self._call("GET", f"{self._object(name)}?alt=media", pulse, headers=headers)
        return data

    async def _checked(self, name: str, found: dict[str, Any], md5: str, pulse: Pulse) -> None:
        stored = found.get("md5Hash")
        if stored and stored != md5:
            await self._call("DELETE", self._object(name), pulse)
            raise Fault(Kind.CORRUPTED, f"md5 {stored} instead of {md5} arrived")

    def _object(self, name: str) -> str:
        return f"{self.fs.base}b/{quote(self.container, safe='')}/o/{quote(name, safe='')}"

    @property
    def _upload_url(self) -> str:
        root = str(self.fs.base).removesuffix("/storage/v1/")
        return f"{root}/upload/storage/v1/b/{quote(self.container, safe='')}/o"

    async def _call(
        self, method: str, url: str, pulse: Pulse, *, headers: dict[str, str] | None = None, data: Any = None
    ) -> tuple[int, dict[str, str], bytes]:
        import aiohttp
        from yarl import URL

        session = await self.fs._set_session()
        # A token that has to be fetched anew is fetched with blocking calls.
        signed = await asyncio.to_thread(self.fs._get_headers, headers or {})
        pulse.beat()
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self.options.connect_timeout, sock_read=self.options.stall_timeout
        )
        async with session.request(
            method, URL(url, encoded=True), headers=signed, data=data, timeout=timeout, allow_redirects=False
        ) as answer:
            pieces = []
            async for piece in answer.content.iter_chunked(READ_STEP):
                pulse.beat()
                pieces.append(piece)
            text = b"".join(pieces)
            if answer.status >= 400:
                raise _refused(answer.status, text, answer.headers.get("Retry-After"))
            return answer.status, dict(answer.headers), text

    def _fault(self, error: Exception) -> Fault | None:
        for cls in type(error).__mro__:
            if cls.__name__ in _EXCEPTIONS:
                return Fault(_EXCEPTIONS[cls.__name__], str(error))
        return None


def _refused(status: int, text: bytes, retry_after: str | None) -> Fault:
    try:
        said = json.loads(text)["error"]
        message = str(said["message"] if isinstance(said, dict) else said)
    except (ValueError, KeyError, TypeError):
        message = text[:200].decode("utf-8", "replace")
    fault = status_fault(status, "", message, retry_after)
    if fault.kind is Kind.MISSING and "bucket does not exist" in message:
        return Fault(Kind.NO_BUCKET, message)
    return fault


def _stored(headers: dict[str, str]) -> int:
    """Return how many bytes a resumable upload holds: ``Range: bytes=0-LAST``, or no such header for none."""
    held = {name.lower(): value for name, value in headers.items()}.get("range", "")
    last = int(held.rpartition("-")[2] or 0)
    # What is held is a multiple of 256 KiB, never one byte; emulators say 0-0 for none.
    return last + 1 if last else 0


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
