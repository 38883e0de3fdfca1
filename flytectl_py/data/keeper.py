"""Who answers what files, folders and tables ask: reads and writes at local paths and in stores."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from flytectl_py.data import transfer
from flytectl_py.data.aside import aside
from flytectl_py.data.handles import OpenedFile
from flytectl_py.data.opening import checked_options, open_streams, parsed_mode
from flytectl_py.data.places import Stores, local_path
from flytectl_py.errors import NotInTaskContextError
from flytectl_py.model.context import current_context
from flytectl_py.model.files import File, checked_below, last_part
from flytectl_py.storage.api import StoreOptions

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from flytectl_py.model.tables import DataFrame

R = TypeVar("R")


class Keeper:
    """A `flytectl_py.model.data.DataKeeper`.

    :param options: scheme of a URI -> how to reach its store.
    """

    def __init__(self, options: Callable[[str], StoreOptions]) -> None:
        self.stores = Stores(options)

    def aside(self, work: Callable[[], R]) -> Awaitable[R]:
        return aside(work)

    def opened(self, file: File[Any], mode: str, options: Mapping[str, Any]) -> OpenedFile:
        wanted = parsed_mode(mode, file.path)
        checked_options(wanted, options, file.path)
        return OpenedFile(lambda: open_streams(self.stores, file, wanted, options), file.path, mode)

    def holds(self, path: str, *, folder: bool) -> bool:
        return (transfer.folder_exists if folder else transfer.file_exists)(self.stores, path)

    def download_file(self, path: str, to: str | None) -> str:
        return transfer.download_file(self.stores, path, to)

    def download_dir(self, path: str, to: str | None) -> str:
        return transfer.download_dir(self.stores, path, to)

    def upload_file(self, local: str, to: str | None, accumulate: Callable[[bytes], object] | None) -> str:
        target = to or self._place_for(local)
        return transfer.upload_file(self.stores, local, target, accumulate)

    def upload_dir(self, local: str, to: str | None) -> str:
        return transfer.upload_dir(self.stores, local, to or self._place_for(local))

    def files(self, path: str, *, deep: bool, pattern: str, max_depth: int | None) -> Iterator[str]:
        return transfer.files_below(self.stores, path, deep=deep, pattern=pattern, max_depth=max_depth)

    def text_of(self, path: str) -> str:
        with File(path).open("r") as stream:
            return str(stream.read())

    def write_text(self, path: str, text: str) -> None:
        with File(path).open("w", errors="backslashreplace") as stream:
            stream.write(text)

    def new_path(self, name: str | None) -> str:
        context = current_context.get()
        if context is None:
            raise NotInTaskContextError(
                "NotInTaskContext",
                "new data belongs where that of the running task goes, and no task is running here: "
                'give a path or URI of your own, File("s3://bucket/x"), or call it inside a task',
            )
        return new_path(context.raw_data_path, name)

    def _place_for(self, local: str) -> str:
        """Return where a local file or folder goes so that other tasks can read it; where it is, if they can."""
        here = os.path.abspath(local_path(local) or local)
        context = current_context.get()
        if context is None:
            return here
        raw = local_path(context.raw_data_path)
        if raw is not None and (not _below(here, tempfile.gettempdir()) or _below(here, raw)):
            return here
        # What lies in the temporary folder is often gone when the task that made it has ended.
        return self.new_path(last_part(here))

    def save_table(self, table: DataFrame, folder: str | None = None) -> DataFrame:
        from flytectl_py.data.table_verbs import saved

        return saved(table, lambda: self._table_path(table, folder))

    def table_literal(self, table: DataFrame, expected: Any) -> Any:
        from flytectl_py.bridge import run_sync
        from flytectl_py.data.table_engine import DataFrameTransformerEngine

        return run_sync(lambda: DataFrameTransformerEngine().to_literal(table, type(table), expected))

    def load_table(self, table: DataFrame, kind: Any) -> Any:
        from flytectl_py.data.table_verbs import whole

        return whole(self.stores, table, kind)

    def table_batches(self, table: DataFrame, kind: Any) -> Iterator[Any]:
        from flytectl_py.data.table_verbs import parts

        return parts(self.stores, table, kind)

    def _table_path(self, table: DataFrame, folder: str | None) -> str:
        place = folder or table.raw_data_path
        return self.new_path(None) if place is None else new_path(place, None)


def _below(path: str, folder: str) -> bool:
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))


def new_path(folder: str, name: str | None) -> str:
    """Return a path in `folder` that nothing is at yet; an absolute one, so that it holds for other processes.

    :raises DeclarationError: `name` leads out of the folder.
    """
    if (local := local_path(folder)) is not None:
        folder = os.path.abspath(local)
    if name is not None:
        name = checked_below(name, "file_name")
    return "/".join((folder.rstrip("/"), secrets.token_hex(10), *([name] if name else ())))
