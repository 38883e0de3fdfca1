"""Calls about data on its way to and from storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from flyteidl2.dataproxy.dataproxy_service_pb2 import (
    CreateDownloadLinkRequest,
    CreateDownloadLinkResponse,
    CreateUploadLocationRequest,
    CreateUploadLocationResponse,
    GetActionDataRequest,
    GetActionDataResponse,
    TailLogsRequest,
    TailLogsResponse,
    UploadInputsRequest,
    UploadInputsResponse,
)

from flytectl_py.controlplane.api import Calls
from flytectl_py.controlplane.resumed import lines_once


class DataProxy:
    """Uploads, downloads and what actions print, at the cluster that holds them."""

    service: Final = "flyteidl2.dataproxy.DataProxyService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def create_upload_location(self, request: CreateUploadLocationRequest) -> CreateUploadLocationResponse:
        """Return a signed URL for one upload."""
        return await self.calls.unary(self.service, "CreateUploadLocation", request, CreateUploadLocationResponse)

    async def upload_inputs(self, request: UploadInputsRequest) -> UploadInputsResponse:
        """Store the inputs of a run that is about to start."""
        return await self.calls.unary(self.service, "UploadInputs", request, UploadInputsResponse)

    async def create_download_link(self, request: CreateDownloadLinkRequest) -> CreateDownloadLinkResponse:
        """Return signed URLs for what an action or a task left."""
        return await self.calls.unary(self.service, "CreateDownloadLink", request, CreateDownloadLinkResponse)

    async def get_action_data(self, request: GetActionDataRequest) -> GetActionDataResponse:
        """Return the inputs and outputs of an action."""
        return await self.calls.unary(self.service, "GetActionData", request, GetActionDataResponse)

    def tail_logs(self, request: TailLogsRequest) -> AsyncIterator[TailLogsResponse]:
        """Yield lines from the first one on, each once, and then as they are written, until the attempt ends."""
        return lines_once(
            lambda reopened: self.calls.stream(self.service, "TailLogs", request, TailLogsResponse, reopened=reopened)
        )
