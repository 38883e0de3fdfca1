"""DataProxyService and RunLogsService: uploads, downloads, inputs and outputs, and what actions print."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.dataproxy import dataproxy_service_pb2 as messages
from flyteidl2.dataproxy.dataproxy_service_connect import DataProxyService
from flyteidl2.logs.dataplane.payload_pb2 import LogLine
from flyteidl2.workflow import run_logs_service_pb2 as of_logs
from flyteidl2.workflow.run_logs_service_connect import RunLogsService

from flytectl_py.errors import FlyteError
from flytectl_py.machine.blobs import Ticket
from flytectl_py.machine.launches import log_file
from flytectl_py.machine.phases import ENDED
from flytectl_py.machine.printed import lines_of
from flytectl_py.machine.services.runs import data_of
from flytectl_py.machine.services.serving import Service, checked, missing, unsupported
from flytectl_py.report import FILE_NAME as REPORT
from flytectl_py.runtime.outcome import OUTPUTS
from flytectl_py.wire.inputs_hash import content_hash

VALID_SECONDS = 3600
ARTIFACTS = {messages.ARTIFACT_TYPE_REPORT: REPORT}


class Printing(Service):
    """What both services do about logs."""

    async def printed(self, request: Any) -> AsyncIterator[list[LogLine]]:
        """Yield what an attempt of an action prints, until it has ended; of the latest, where none is named.

        :raises ConnectError: there is no such action, or the attempt has not begun.
        """
        row = self.action(request.action_id)
        attempts = self.plane.progress.attempts(row["id"])
        number = request.attempt or (attempts[-1]["number"] if attempts else 1)
        if not any(each["number"] == number for each in attempts):
            raise missing(f"attempt {number} of action {row['name']}")

        def has_ended() -> bool:
            mine = [each for each in self.plane.progress.attempts(row["id"]) if each["number"] == number]
            return not mine or mine[0]["ended"] is not None

        async for lines in lines_of(log_file(self.plane.logs, row, number), has_ended):
            yield lines


class DataProxy(Printing, DataProxyService):
    """Data on its way in and out. Signed URLs lead to this server."""

    async def create_upload_location(self, request: Any, ctx: Any) -> Any:
        """Return a signed URL for one upload."""
        md5 = request.content_md5.hex()
        folder = request.filename_root or md5 or hashlib.sha256(str(time.time_ns()).encode()).hexdigest()[:32]
        name = checked(f"{request.project}/{request.domain}/{folder}/{request.filename or 'data'}")
        uri = self.plane.blobs.uri("uploads", name)
        seconds = request.expires_in.ToTimedelta().total_seconds() or VALID_SECONDS
        expires = time.time() + seconds
        made = messages.CreateUploadLocationResponse(
            signed_url=f"{self.plane.url}/upload/{self.plane.tickets.sign(Ticket(uri, md5, expires))}", native_url=uri
        )
        made.expires_at.FromSeconds(int(expires))
        return made

    async def upload_inputs(self, request: Any, ctx: Any) -> Any:
        """Store the inputs of a run."""
        content = request.inputs.SerializeToString(deterministic=True)
        run = request.run_id if request.WhichOneof("id") == "run_id" else None
        project = (run.project, run.domain) if run else (request.project_id.name, request.project_id.domain)
        name = checked("/".join((*project, hashlib.sha256(content).hexdigest())))
        uri = self.plane.blobs.uri("inputs", f"{name}.pb")
        try:
            await self.plane.blobs.write(uri, content)
        except FlyteError as error:
            raise ConnectError(Code.UNAVAILABLE, f"the inputs cannot be stored: {error}") from error
        return messages.UploadInputsResponse(
            offloaded_input_data={"uri": uri, "inputs_hash": content_hash(request.inputs.literals)}
        )

    async def create_download_link(self, request: Any, ctx: Any) -> Any:
        """Return a signed URL for the report of an action's attempt, or the code of a task."""
        kind = request.WhichOneof("source")
        if kind == "action_attempt_id" and request.artifact_type in ARTIFACTS:
            uri = self._report(request.action_attempt_id)
        elif kind == "task_id" and request.artifact_type == messages.ARTIFACT_TYPE_CODE_BUNDLE:
            found = self.plane.tasks.find(request.task_id)
            uri = found.spec.task_template.metadata.code_bundle_uri if found is not None else ""
        else:
            raise unsupported("such a download")
        if not uri:
            raise missing("what the download is of")
        expires = time.time() + (request.expires_in.ToTimedelta().total_seconds() or VALID_SECONDS)
        link = f"{self.plane.url}/download/{self.plane.tickets.sign(Ticket(uri, '', expires))}"
        made = messages.CreateDownloadLinkResponse(pre_signed_urls={"signed_url": [link]})
        made.pre_signed_urls.expires_at.FromSeconds(int(expires))
        return made

    async def get_action_data(self, request: Any, ctx: Any) -> Any:
        """Return inputs and outputs of an action, and where they are."""
        row = self.action(request.action_id)
        inputs, outputs = await data_of(self, row)
        where = f"{row['output_uri']}/{OUTPUTS}" if row["output_uri"] else ""
        return messages.GetActionDataResponse(
            inputs=inputs, outputs=outputs, inputs_uri=row["input_uri"], outputs_uri=where
        )

    async def tail_logs(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell what an action prints."""
        async for lines in self.printed(request):
            yield messages.TailLogsResponse(logs=[{"lines": lines}])

    def _report(self, identifier: Any) -> str:
        row = self.action(identifier.action_id)
        if row["phase"] not in ENDED:
            raise missing(f"the report of {row['name']}, which has not ended,")
        attempts = self.plane.progress.attempts(row["id"])
        number = identifier.attempt or row["attempt"]
        return next((f"{each['output_uri']}/{REPORT}" for each in attempts if each["number"] == number), "")


class RunLogs(Printing, RunLogsService):
    """What actions print."""

    async def tail_logs(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell what an action prints."""
        async for lines in self.printed(request):
            yield of_logs.TailLogsResponse(logs=[{"lines": lines}])
