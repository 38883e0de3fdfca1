"""What files, folders and tables ask of whoever keeps their data: they read nothing themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from flytectl_py.model.files import File
    from flytectl_py.model.tables import DataFrame

R = TypeVar("R")


class DataKeeper(Protocol):
    """Reads and writes data at local paths and URIs. All of it blocks; `aside` is for callers on an event loop."""

    def aside(self, work: Callable[[], R]) -> Awaitable[R]:
        """Do `work` on a thread and give its value."""

    def opened(self, file: File[Any], mode: str, options: Mapping[str, Any]) -> Any:
        """Return the content of `file` as a file object."""

    def holds(self, path: str, *, folder: bool) -> bool:
        """Whether there is such a file, or a folder with anything in it."""

    def download_file(self, path: str, to: str | None) -> str:
        """Return a local path that holds the file's content."""

    def download_dir(self, path: str, to: str | None) -> str:
        """Return a local folder that holds the folder's files."""

    def upload_file(self, local: str, to: str | None, accumulate: Callable[[bytes], object] | None) -> str:
        """Put a local file where the run's data goes, or to `to`, and return where it is."""

    def upload_dir(self, local: str, to: str | None) -> str:
        """Put a local folder where the run's data goes, or to `to`, and return where it is."""

    def files(self, path: str, *, deep: bool, pattern: str, max_depth: int | None) -> Iterator[str]:
        """Yield the paths of the files in a folder, in order."""

    def text_of(self, path: str) -> str:
        """Return the text of a file, which is UTF-8."""

    def write_text(self, path: str, text: str) -> None:
        """Write a file anew, in UTF-8; characters that it has not, lone surrogates, are written out."""

    def new_path(self, name: str | None) -> str:
        """Return a path for new data where that of the run goes."""

    def save_table(self, table: DataFrame, folder: str | None = None) -> DataFrame:
        """Return `table` as a reference to data that is written, in `folder` or where the data of the run goes."""

    def table_literal(self, table: DataFrame, expected: Any) -> Any:
        """Return what stands for `table` in a message, having written it where it was not."""

    def load_table(self, table: DataFrame, kind: Any) -> Any:
        """Return the rows that `table` refers to, as a table of `kind`."""

    def table_batches(self, table: DataFrame, kind: Any) -> Iterator[Any]:
        """Yield the rows that `table` refers to in batches, each a table of `kind`."""
