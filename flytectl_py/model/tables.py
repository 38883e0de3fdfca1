"""DataFrame: a value that is a table, in memory or written somewhere, of whichever library reads it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Self

from flytectl_py.errors import DeclarationError
from flytectl_py.model.context import current_context
from flytectl_py.model.world import the_data


class DataFrame:
    """A table as an input or output: one of pandas, polars or pyarrow in memory, or the URI of one that is written.

    ``DataFrame.from_df(df)`` holds `df` itself. It is written, as Parquet where the data of the run goes, when it has
    to leave this process. A subclass with annotations, ``day: str``, names the columns that are read.

    :param val: a table in memory. :param uri: a file, or a folder of files, that hold it; or where it is to be written.
    :param metadata: whatever goes with it.
    :param format: ``parquet`` or ``csv``; that of the URI's ending unless given.
    :param hash: stands for the content, in cache keys for instance.
    :raises DeclarationError: a URI that is no text.
    """

    def __init__(
        self,
        val: Any = None,
        uri: str | None = None,
        metadata: Any = None,
        *,
        format: str = "",  # noqa: A002  the API's
        hash: str | None = None,  # noqa: A002  the API's
        **kwargs: Any,
    ) -> None:
        if uri is not None and (not isinstance(uri, str) or not uri):
            raise DeclarationError(f"{type(self).__name__}(uri)", uri, "give the URI or path of a table")
        # `file_format` is what Flyte 1 calls it.
        format = format or kwargs.pop("file_format", "")  # noqa: A001
        if kwargs:
            raise DeclarationError(type(self).__name__, kwargs, "it takes val, uri, metadata, format and hash")
        self._val = val
        self._metadata = metadata
        self._kind: Any = None
        self._literal: Any = None
        self.uri = uri
        self.format = format
        self.hash = hash
        # A table that leaves the process after its task has ended still goes where the data of the task went.
        context = current_context.get()
        self.raw_data_path = None if context is None else context.raw_data_path
        self.written = val is None and uri is not None

    @classmethod
    def from_df(cls, val: Any = None, uri: str | None = None) -> Self:
        """Return `val`, a table in memory, as a value that other tasks can read.

        :param uri: where it is to be written, instead of where the data of the run goes.
        """
        return cls(val, uri)

    wrap_df = from_df

    @classmethod
    def from_existing_remote(cls, remote_path: str, format: str | None = None, **kwargs: Any) -> Self:  # noqa: A002
        """Return the table at a URI or path; it is not looked at. `kwargs` are those of the class."""
        return cls(uri=remote_path, format=format or "", **kwargs)

    @classmethod
    def columns(cls) -> dict[str, Any]:
        """Return the columns that the class names, with their types; none are all that there are."""
        import inspect

        found: dict[str, Any] = {}
        for each in reversed(cls.__mro__):
            if issubclass(each, DataFrame) and each is not DataFrame:
                found.update(inspect.get_annotations(each))
        return found

    @classmethod
    def column_names(cls) -> list[str]:
        """Return the names of `columns`."""
        return list(cls.columns())

    @property
    def val(self) -> Any:
        """The table in memory, or None."""
        return self._val

    @property
    def metadata(self) -> Any:
        """What was given."""
        return self._metadata

    @property
    def literal(self) -> Any:
        """What stands for it in a message, once `set_literal` has made it."""
        return self._literal

    async def set_literal(self, expected: Any) -> None:
        """Write the table where it is not, and keep what stands for it in a message of type `expected`."""
        self._literal = await the_data().aside(lambda: the_data().table_literal(self, expected))

    def open(self, dataframe_type: Any) -> Self:
        """Say whose tables `all` and `iter` give: ``df.open(pd.DataFrame)``. Returns a value beside this one."""
        opened = type(self).__new__(type(self))
        opened.__dict__.update(self.__dict__)
        opened._kind = dataframe_type
        return opened

    async def all(self) -> Any:
        """As `all_sync`, for async code: ``await df.open(pd.DataFrame).all()``."""
        return await the_data().aside(self.all_sync)

    def all_sync(self) -> Any:
        """Return the whole table. One that is in memory, of the type that was asked for, is returned itself.

        :raises UsageError: `open` did not say which type, and it is not in memory.
        :raises NotReadyError: the library for it is not installed, or the store cannot be used.
        """
        return the_data().load_table(self, self._kind)

    async def iter(self) -> AsyncIterator[Any]:
        """As `iter_sync`, for ``async for``."""
        batches = self.iter_sync()
        missing = object()
        while (batch := await the_data().aside(lambda: next(batches, missing))) is not missing:
            yield batch

    def iter_sync(self) -> Iterator[Any]:
        """Yield the table in batches of rows, so that memory need not hold all of it."""
        return the_data().table_batches(self, self._kind)

    def saved(self, folder: str | None = None) -> DataFrame:
        """Return this table as one that is written; this one, if it is.

        :param folder: where it goes, instead of where the data of the run does.
        """
        return the_data().save_table(self, folder)

    def to_dict(self) -> dict[str, Any]:
        """Return the URI and the format as a dict, having written the table where it was not."""
        written = self.saved()
        return {"uri": written.uri, "format": written.format}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any], *, dialect: Any = None) -> Self:
        """Return the table that `to_dict` gave.

        :raises DeclarationError: it is no such dict, or a dialect is given: there is but one form.
        """
        if dialect is not None:
            raise DeclarationError("from_dict(dialect)", dialect, "there is one form only: leave it out")
        if not isinstance(d, Mapping) or not isinstance(d.get("uri"), str):
            raise DeclarationError("from_dict(d)", d, 'give {"uri": …, "format": …}')
        return cls(uri=d["uri"], format=str(d.get("format") or ""))

    def to_json(
        self, encoder: Callable[[Any], str | bytes | bytearray] = json.dumps, **to_dict_kwargs: Any
    ) -> str | bytes | bytearray:
        """Return `to_dict` as JSON."""
        return encoder(self.to_dict(**to_dict_kwargs))

    @classmethod
    def from_json(
        cls,
        data: str | bytes | bytearray,
        decoder: Callable[[str | bytes | bytearray], dict[Any, Any]] = json.loads,
        **from_dict_kwargs: Any,
    ) -> Self:
        """Return the table that `to_json` gave."""
        return cls.from_dict(decoder(data), **from_dict_kwargs)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from flytectl_py.model.references import reference_schema

        def fields(value: DataFrame) -> dict[str, Any]:
            return {**value.to_dict(), "hash": value.hash}

        return reference_schema(cls, {"uri": ..., "format": "", "hash": None}, "uri", fields)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        from flytectl_py.model.references import json_schema

        return json_schema("DataFrame")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DataFrame):
            return NotImplemented
        if self is other or (self._val is not None and self._val is other._val):
            return True
        return self.written and other.written and (self.uri, self.format) == (other.uri, other.format)

    __hash__ = None  # type: ignore[assignment]  # as tables themselves; it may be written later

    def __repr__(self) -> str:
        what = f"uri={self.uri!r}" if self.written else f"a {type(self._val).__module__.partition('.')[0]} table"
        return f"{type(self).__name__}({what}{f', format={self.format!r}' if self.format else ''})"
