"""The archive of a bundle on its way to a control plane's storage, unless it was put there a short while ago."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.controlplane.uploads import Destination
from flytectl_py.engines.api import Note
from flytectl_py.engines.bundle_delivery import packed_file
from flytectl_py.engines.uploading import upload
from flytectl_py.plan.bundle import BundlePlan
from flytectl_py.project.state import state_folder
from flytectl_py.wire.run_request import Scope

BELIEVED_SECONDS: Final = 24 * 3600
"""How long it is believed that what was uploaded is still there: stores may be told to forget."""
REMEMBERED: Final = 50


async def upload_bundle(
    plane: ControlPlane, bundle: BundlePlan, scope: Scope, root: Path, *, note: Note, again: bool = False
) -> str:
    """Put the archive of `bundle` where the control plane keeps data, and return its URI there.

    :param root: of the project, whose state remembers what was uploaded. :param again: believe no memory.
    :raises RemoteCallError, StoreUnavailableError: the control plane, or its storage, cannot be used now.
    :raises FileChangedError: a file is no longer what the plan says.
    """
    to = Destination(scope.org, scope.project, scope.domain, f"{bundle.digest}.tar.gz")
    memory = UploadMemory(root, plane, to)
    known = "" if again else memory.uri()
    if known:
        note(f"{bundle.summary}; it was uploaded before")
        return known
    with packed_file(bundle) as (file, _):
        put = await upload(plane, Path(file), to)
    note(f"{bundle.summary}; {'uploaded' if put.uploaded else 'it is there already'}")
    memory.keep(put.uri)
    return put.uri


def _may_be_there(uri: str) -> bool:
    """Whether there is no reason to doubt a memory: a folder of this machine, and its control plane, come and go."""
    parts = urlsplit(uri)
    return parts.scheme != "file" or Path(unquote(parts.path)).exists()


class UploadMemory:
    """Where the bundle that belongs at `to` was put. What is remembered may be lost at any time."""

    def __init__(self, root: Path, plane: ControlPlane, to: Destination) -> None:
        digest = to.filename.partition(".")[0]
        self._file = state_folder(root) / "uploaded.json"
        self._key = f"{plane.endpoint.url} {to.org}/{to.project}/{to.domain} {digest}"

    def uri(self) -> str:
        """Return where the bundle is, or nothing where that is not known, too long ago, or open to doubt."""
        known = self._known()
        return known if _may_be_there(known) else ""

    def _known(self) -> str:
        found = self._read().get(self._key)
        try:
            uri, when = found or ("", 0)
            return str(uri) if 0 <= time.time() - float(when) < BELIEVED_SECONDS else ""
        except (TypeError, ValueError):
            return ""

    def keep(self, uri: str) -> None:
        """Remember that the bundle is at `uri` now."""
        known = [(key, value) for key, value in self._read().items() if key != self._key]
        content = json.dumps(dict([*known, (self._key, [uri, int(time.time())])][-REMEMBERED:]))
        growing = self._file.with_name(f"{self._file.name}.{os.urandom(8).hex()}")
        with contextlib.suppress(OSError):
            try:
                growing.write_text(content, encoding="utf-8")
                growing.replace(self._file)
            finally:
                growing.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            read = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}
