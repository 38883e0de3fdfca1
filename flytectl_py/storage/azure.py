"""Objects (block blobs) in a container of Azure Blob Storage."""

from __future__ import annotations

import base64
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from flytectl_py.storage.api import ObjectInfo
from flytectl_py.storage.content import DIGEST
from flytectl_py.storage.fault import Fault, Kind, status_fault
from flytectl_py.storage.fsspec_store import Body, FsspecStore, Pulse

# https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
_CODES = {
    "ContainerNotFound": Kind.NO_BUCKET,
    "ContainerBeingDeleted": Kind.NO_BUCKET,
    "BlobNotFound": Kind.MISSING,
    "InvalidBlockList": Kind.MISSING,  # another upload of the same content was committed first
    "ResourceNotFound": Kind.MISSING,
    "InvalidResourceName": Kind.BAD_NAME,
    "ServerBusy": Kind.THROTTLED,
    "OperationTimedOut": Kind.SERVER,
    "Md5Mismatch": Kind.CORRUPTED,
    "RequestBodyTooLarge": Kind.TOO_LARGE,
}
_EXCEPTIONS = {
    "ClientAuthenticationError": Kind.DENIED,
    "CredentialUnavailableError": Kind.NO_CREDENTIALS,
}


class AzureStore(FsspecStore):
    """``az://container/prefix``, ``abfs://…`` or ``abfss://container@account.dfs.core.windows.net/prefix``.

    Account and credentials come from the options, else from AZURE_STORAGE_CONNECTION_STRING,
    AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or _SAS_TOKEN, else from the default Azure credential.
    """

    extra = "azure"
    # The library gives no sign of life inside one put, so it stays small; blocks go piece by piece.
    whole_limit: ClassVar[int] = 256 << 10
    smallest_part: ClassVar[int] = 1 << 20
    most_parts: ClassVar[int] = 50_000
    hints: ClassVar[dict[Kind, str]] = {
        Kind.DENIED: "check the account and its key; an identity needs the role Storage Blob Data Contributor",
        Kind.NO_CREDENTIALS: "set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME with "
        "AZURE_STORAGE_ACCOUNT_KEY, or run `az login`",
        Kind.UNRESOLVABLE: "check the account's name; the address may only be reachable inside the cluster",
    }

    def _split(self, address: str) -> tuple[str, str]:
        parts = urlsplit(address)
        self._account_host = ""
        if "@" in parts.netloc:
            container, _, self._account_host = parts.netloc.partition("@")
            return container, unquote(parts.path).strip("/")
        return super()._split(address)

    def _open(self) -> Any:
        import os

        from adlfs import AzureBlobFileSystem

        account = self.options.key or self._account_host.partition(".")[0] or None
        if not (
            account or os.environ.get("AZURE_STORAGE_CONNECTION_STRING") or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME")
        ):
            raise Fault(Kind.NO_CREDENTIALS, "no storage account is named")
        tenant, client, secret = self.options.identity or (None, None, None)
        return AzureBlobFileSystem(
            account_name=account,
            account_key=self.options.secret,
            tenant_id=tenant,
            client_id=client,
            client_secret=secret,
            anon=self.options.anonymous,
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    @staticmethod
    async def _closed(opened: Any) -> None:
        # adlfs itself closes at interpreter exit only.
        await opened.service_client.close()

    def _blob(self, name: str) -> Any:
        return self.fs.service_client.get_blob_client(self.container, name)

    @property
    def _limits(self) -> dict[str, Any]:
        # Attempts are counted in one place, ours.
        return {
            "retry_total": 0,
            "connection_timeout": self.options.connect_timeout,
            "read_timeout": self.options.stall_timeout,
        }

    def _stat(self, key: str) -> ObjectInfo | None:
        async def ask(_: Pulse) -> ObjectInfo:
            found = await self._blob(self._name(key)).get_blob_properties(**self._limits)
            return ObjectInfo(int(found.size), (found.metadata or {}).get(DIGEST))

        try:
            return self._run(ask)
        except Fault as fault:
            if fault.kind is Kind.MISSING:
                return None
            raise

    def _remove(self, key: str) -> None:
        async def ask(_: Pulse) -> None:
            await self._blob(self._name(key)).delete_blob(**self._limits)

        try:
            self._run(ask)
        except Fault as fault:
            if fault.kind is not Kind.MISSING:
                raise

    async def _put_whole(self, name: str, body: Body, data: bytes, sha256: str) -> None:
        await self._blob(name).upload_blob(
            data,
            length=len(data),
            overwrite=True,
            metadata=self._metadata(sha256),
            validate_content=True,
            **self._limits,
        )
        body.moved(len(data))

    async def _begin(self, name: str, size: int, sha256: str) -> str:
        # Blocks of two uploads of one blob share a name space; the digest keeps those of other content apart.
        return sha256[:16]

    async def _put_part(self, name: str, upload: str, number: int, body: Body, data: bytes) -> str:
        block = base64.b64encode(f"{upload}-{len(data):012}-{number:06}".encode()).decode()
        await self._blob(name).stage_block(block, body, length=len(data), validate_content=True, **self._limits)
        return block

    async def _finish(self, name: str, upload: str, parts: list[Any], sha256: str) -> None:
        from azure.storage.blob import BlobBlock

        await self._blob(name).commit_block_list(
            [BlobBlock(block_id=block) for block in parts], metadata=self._metadata(sha256), **self._limits
        )

    async def _abort(self, name: str, upload: str) -> None:
        """Blocks that were never committed are seen by nobody, and the service drops them after a week."""

    async def _range(self, name: str, start: int, length: int, pulse: Pulse) -> bytes:
        stream = await self._blob(name).download_blob(offset=start, length=length, **self._limits)
        pieces = []
        async for piece in stream.chunks():
            pulse.beat()
            pieces.append(piece)
        return b"".join(pieces)

    def _fault(self, error: Exception) -> Fault | None:
        status = getattr(error, "status_code", None)
        if isinstance(status, int) and status:
            code = getattr(error, "error_code", None)
            name = str(getattr(code, "value", code) or "")
            answer = getattr(error, "response", None)
            waits = answer.headers.get("Retry-After") if answer is not None else None
            text = str(getattr(error, "message", error)).partition("\n")[0]
            fault = status_fault(status, name, text, waits)
            return Fault(_CODES[name], fault.detail, retry_after=fault.retry_after) if name in _CODES else fault
        for cls in type(error).__mro__:
            if cls.__name__ in _EXCEPTIONS:
                return Fault(_EXCEPTIONS[cls.__name__], str(error))
        return None
