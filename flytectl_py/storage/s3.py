"""Objects in a bucket of Amazon S3, or of a server that speaks its protocol."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any, ClassVar

from flytectl_py.storage.api import ObjectInfo
from flytectl_py.storage.content import DIGEST
from flytectl_py.storage.fault import Fault, Kind, status_fault
from flytectl_py.storage.fsspec_store import READ_STEP, Body, FsspecStore, Pulse

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and botocore's exceptions, by name.
_CODES = {
    "NoSuchBucket": Kind.NO_BUCKET,
    "NoSuchKey": Kind.MISSING,
    "NoSuchUpload": Kind.MISSING,
    "InvalidBucketName": Kind.BAD_NAME,
    "KeyTooLongError": Kind.BAD_NAME,
    "EntityTooLarge": Kind.TOO_LARGE,
    "AccessDenied": Kind.DENIED,
    "AllAccessDisabled": Kind.DENIED,
    "InvalidAccessKeyId": Kind.DENIED,
    "SignatureDoesNotMatch": Kind.DENIED,
    "ExpiredToken": Kind.EXPIRED,
    "TokenRefreshRequired": Kind.EXPIRED,
    "SlowDown": Kind.THROTTLED,
    "RequestLimitExceeded": Kind.THROTTLED,
    "RequestTimeout": Kind.SERVER,
    "InternalError": Kind.SERVER,
    "OperationAborted": Kind.SERVER,
    "BadDigest": Kind.CORRUPTED,
    "XAmzContentSHA256Mismatch": Kind.CORRUPTED,
    "XAmzContentChecksumMismatch": Kind.CORRUPTED,
}
_EXCEPTIONS = {
    "NoCredentialsError": Kind.NO_CREDENTIALS,
    "PartialCredentialsError": Kind.NO_CREDENTIALS,
    "CredentialRetrievalError": Kind.NO_CREDENTIALS,
    "TokenRetrievalError": Kind.EXPIRED,
    "SSOTokenLoadError": Kind.EXPIRED,
    "UnauthorizedSSOTokenError": Kind.EXPIRED,
    "ProfileNotFound": Kind.NO_CREDENTIALS,
    "ParamValidationError": Kind.BAD_NAME,
    "InvalidEndpointDiscoveryConfigurationError": Kind.BAD_NAME,
}


class S3Store(FsspecStore):
    """``s3://bucket/prefix``. Endpoint, region and credentials come from the options, else from the AWS_* environment.

    Single puts carry a SHA-256 and parts a CRC-32 that the server checks, unless
    ``AWS_REQUEST_CHECKSUM_CALCULATION=when_required`` says that it cannot; then both carry an MD5.
    """

    extra = "s3"
    hints: ClassVar[dict[Kind, str]] = {
        Kind.DENIED: "check the credentials (`aws sts get-caller-identity`); reading needs s3:GetObject, writing "
        "s3:PutObject. Without s3:ListBucket a missing object looks like this, too",
        Kind.NO_CREDENTIALS: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run `aws sso login`",
        Kind.UNRESOLVABLE: "the address may only be reachable inside the cluster; set AWS_ENDPOINT_URL to one that "
        "this machine can reach, and check the region",
        Kind.REFUSED: "check AWS_ENDPOINT_URL and that the server runs",
    }

    def _open(self) -> Any:
        import s3fs

        options = self.options
        return s3fs.S3FileSystem(
            anon=options.anonymous,
            endpoint_url=options.endpoint,
            key=options.key,
            secret=options.secret,
            token=options.session_token,
            client_kwargs={"region_name": options.region} if options.region else {},
            config_kwargs={
                "connect_timeout": options.connect_timeout,
                "read_timeout": options.stall_timeout,
                # Attempts are counted in one place, ours.
                "retries": {"total_max_attempts": 1},
            },
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    async def _client(self) -> Any:
        return await self.fs.set_session()

    def _stat(self, key: str) -> ObjectInfo | None:
        async def ask(_: Pulse) -> ObjectInfo:
            answer = await (await self._client()).head_object(Bucket=self.container, Key=self._name(key))
            return ObjectInfo(int(answer["ContentLength"]), answer.get("Metadata", {}).get(DIGEST))

        try:
            return self._run(ask)
        except Fault as fault:
            if fault.kind is Kind.MISSING:
                return None
            raise

    def _check_container(self) -> None:
        async def ask(_: Pulse) -> None:
            await (await self._client()).head_bucket(Bucket=self.container)

        try:
            self._run(ask)
        except Fault as fault:
            if fault.kind is Kind.MISSING:
                raise Fault(Kind.NO_BUCKET, self.container) from fault
            if fault.kind is not Kind.DENIED:  # whoever may not list may still put and get
                raise

    def _remove(self, key: str) -> None:
        async def ask(_: Pulse) -> None:
            await (await self._client()).delete_object(Bucket=self.container, Key=self._name(key))

        self._run(ask)

    async def _put_whole(self, name: str, body: Body, data: bytes, sha256: str) -> None:
        client = await self._client()
        await client.put_object(
            Bucket=self.container,
            Key=name,
            Body=body,
            ContentLength=len(body),
            ContentType="application/octet-stream",
            Metadata=self._metadata(sha256),
            **(_md5(data) if _only_md5(client) else {"ChecksumSHA256": _text(bytes.fromhex(sha256))}),
        )

    async def _begin(self, name: str, size: int, sha256: str) -> str:
        client = await self._client()
        answer = await client.create_multipart_upload(
            Bucket=self.container,
            Key=name,
            ContentType="application/octet-stream",
            Metadata=self._metadata(sha256),
            **({} if _only_md5(client) else {"ChecksumAlgorithm": "CRC32"}),
        )
        return str(answer["UploadId"])

    async def _put_part(self, name: str, upload: str, number: int, body: Body, data: bytes) -> dict[str, Any]:
        client = await self._client()
        check = _md5(data) if _only_md5(client) else {"ChecksumCRC32": _text(zlib.crc32(data).to_bytes(4, "big"))}
        answer = await client.upload_part(
            Bucket=self.container,
            Key=name,
            UploadId=upload,
            PartNumber=number,
            Body=body,
            ContentLength=len(body),
            **check,
        )
        part = {"PartNumber": number, "ETag": answer["ETag"]}
        return part | ({"ChecksumCRC32": check["ChecksumCRC32"]} if answer.get("ChecksumCRC32") else {})

    async def _finish(self, name: str, upload: str, parts: list[Any], sha256: str) -> None:
        await (await self._client()).complete_multipart_upload(
            Bucket=self.container, Key=name, UploadId=upload, MultipartUpload={"Parts": parts}
        )

    async def _abort(self, name: str, upload: str) -> None:
        await (await self._client()).abort_multipart_upload(Bucket=self.container, Key=name, UploadId=upload)

    async def _range(self, name: str, start: int, length: int, pulse: Pulse) -> bytes:
        answer = await (await self._client()).get_object(
            Bucket=self.container, Key=name, Range=f"bytes={start}-{start + length - 1}"
        )
        pieces = []
        async with answer["Body"]:
            async for piece in answer["Body"].iter_chunks(READ_STEP):
                pulse.beat()
                pieces.append(piece)
        return b"".join(pieces)

    def _fault(self, error: Exception) -> Fault | None:
        answer = getattr(error, "response", None)
        if isinstance(answer, dict) and "Error" in answer:
            return _answered(answer)
        for cls in type(error).__mro__:
            if cls.__name__ in _EXCEPTIONS:
                return Fault(_EXCEPTIONS[cls.__name__], str(error))
        if isinstance(error, ValueError) and "endpoint" in str(error):
            return Fault(Kind.BAD_NAME, str(error))
        return None


def _answered(answer: dict[str, Any]) -> Fault:
    said = answer["Error"]
    code, message = str(said.get("Code", "")), str(said.get("Message", ""))
    about = answer.get("ResponseMetadata", {})
    fault = status_fault(
        int(about.get("HTTPStatusCode", 0)), code, message, about.get("HTTPHeaders", {}).get("retry-after")
    )
    if code in _CODES:
        kind = Kind.EXPIRED if fault.kind is Kind.EXPIRED else _CODES[code]
        return Fault(kind, f"{code}: {message}", retry_after=fault.retry_after)
    return fault


def _only_md5(client: Any) -> bool:
    return bool(client.meta.config.request_checksum_calculation == "when_required")


def _md5(data: bytes) -> dict[str, str]:
    return {"ContentMD5": _text(hashlib.md5(data, usedforsecurity=False).digest())}


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
