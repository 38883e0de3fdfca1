"""Where an upload goes: the control plane's signed URL for it."""

from __future__ import annotations

from typing import NamedTuple

from flyteidl2.dataproxy.dataproxy_service_pb2 import CreateUploadLocationRequest, CreateUploadLocationResponse

from flytectl_py.controlplane.services import ControlPlane

VALID_SECONDS = 900
OPERATION = "OPERATION_CREATE_UPLOAD_LOCATION"


class Destination(NamedTuple):
    """Whose data it is, and what it is called there.

    :param folder: the uploads of one folder share it; without it the control plane may choose.
    """

    org: str
    project: str
    domain: str
    filename: str
    folder: str = ""


async def upload_location(plane: ControlPlane, to: Destination, md5: bytes) -> CreateUploadLocationResponse:
    """Return a signed URL for one upload, good for a quarter of an hour.

    :param md5: 16 bytes; the URL takes no other content.
    :raises AlreadyExistsError: something else has that name there.
    """
    request = CreateUploadLocationRequest(
        project=to.project,
        domain=to.domain,
        org=to.org,
        filename=to.filename,
        filename_root=to.folder,
        content_md5=md5,
        add_content_md5_metadata=True,
    )
    request.expires_in.seconds = VALID_SECONDS
    cluster = await plane.cluster_for(OPERATION, to.org, to.project, to.domain)
    return await cluster.data.create_upload_location(request)
