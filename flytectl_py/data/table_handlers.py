"""Who writes and reads which class of tables: encoders and decoders, those built in and those that users register."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from flytectl_py.data.arrow import library_of
from flytectl_py.data.tables import FORMATS
from flytectl_py.errors import DeclarationError
from flytectl_py.model.tables import DataFrame

GENERIC = ""
"""A format, or a protocol, that stands for any."""


class StoredTable(NamedTuple):
    """Where a table was written: what an encoder gives and a decoder takes, with the names that messages use."""

    uri: str
    format: str = "parquet"
    columns: tuple[str, ...] = ()


class DataFrameEncoder(ABC):
    """Writes tables of one class. A subclass implements `encode`.

    :param python_type: the class. :param protocol: scheme of the URIs that it can write to, None for all.
    :param supported_format: what it writes, ``parquet`` for one; None for any.
    """

    def __init__(self, python_type: Any, protocol: str | None = None, supported_format: str | None = None) -> None:
        self._python_type = python_type
        self._protocol = protocol.removesuffix("://") if protocol else None
        self._supported_format = supported_format or GENERIC

    @property
    def python_type(self) -> Any:
        """The class of tables."""
        return self._python_type

    @property
    def protocol(self) -> str | None:
        """The scheme, None for all."""
        return self._protocol

    @property
    def supported_format(self) -> str:
        """The format, empty for any."""
        return self._supported_format

    @abstractmethod
    async def encode(self, dataframe: DataFrame, structured_dataset_type: Any) -> Any:
        """Write ``dataframe.val`` to ``dataframe.uri`` and return what has a `uri`: a `StoredTable` or a message.

        :param structured_dataset_type: what is wanted of columns and format, None for nothing.
        """


class DataFrameDecoder(ABC):
    """Reads tables of one class. A subclass implements `decode`.

    :param python_type: the class. :param protocol: scheme of the URIs that it can read from, None for all.
    :param supported_format: what it reads; None for any. :param additional_protocols: more schemes.
    """

    def __init__(
        self,
        python_type: Any,
        protocol: str | None = None,
        supported_format: str | None = None,
        additional_protocols: list[str] | None = None,
    ) -> None:
        self._python_type = python_type
        self._protocol = protocol.removesuffix("://") if protocol else None
        self._supported_format = supported_format or GENERIC
        self.additional_protocols = [each.removesuffix("://") for each in additional_protocols or []]

    @property
    def python_type(self) -> Any:
        """The class of tables."""
        return self._python_type

    @property
    def protocol(self) -> str | None:
        """The scheme, None for all."""
        return self._protocol

    @property
    def supported_format(self) -> str:
        """The format, empty for any."""
        return self._supported_format

    @abstractmethod
    async def decode(self, flyte_value: Any, current_task_metadata: Any) -> Any:
        """Return the table at ``flyte_value.uri``, or an async iterator over parts of it.

        :param current_task_metadata: what is wanted of columns and format, None for nothing.
        """


AnyHandler = DataFrameEncoder | DataFrameDecoder


class BuiltInEncoder(DataFrameEncoder):
    """Writes a table of pandas, polars or pyarrow as Parquet or CSV."""

    async def encode(self, dataframe: DataFrame, structured_dataset_type: Any) -> StoredTable:
        from flytectl_py.data.aside import aside
        from flytectl_py.data.tables import written

        done = await aside(lambda: written(dataframe, dataframe.uri or ""))
        return StoredTable(done.uri or "", done.format)


class BuiltInDecoder(DataFrameDecoder):
    """Reads Parquet or CSV as a table of pandas, polars or pyarrow."""

    async def decode(self, flyte_value: Any, current_task_metadata: Any) -> Any:
        table = DataFrame(uri=flyte_value.uri, format=format_in(flyte_value))
        return await table.open(self.python_type).all()


def format_in(value: Any) -> str:
    """Return the format that a `StoredTable`, or a message of that form, names; empty where it names none."""
    named = getattr(value, "format", None)
    if named is None:
        named = value.metadata.structured_dataset_type.format
    return str(named).lower()


class Registry:
    """Handlers by class, scheme and format: of several that fit, the one that says most.

    Where no format is asked for, it is the class's default one, else that of the handler that was registered first.
    """

    def __init__(self) -> None:
        self._handlers: dict[tuple[type[Any], Any, str, str], AnyHandler] = {}
        self.default_formats: dict[Any, str] = {}

    def add(self, handler: AnyHandler, protocol: str | None, *, override: bool) -> None:
        """Take `handler` for a scheme, None for all.

        :raises DeclarationError: it is none, or there is one already and `override` is not set.
        """
        side = DataFrameEncoder if isinstance(handler, DataFrameEncoder) else DataFrameDecoder
        if not isinstance(handler, side):
            raise DeclarationError("register(h)", handler, "give a DataFrameEncoder or a DataFrameDecoder")
        name = (side, handler.python_type, protocol or GENERIC, handler.supported_format)
        if name in self._handlers and not override:
            raise DeclarationError("register(h)", handler, "there is one already; pass override=True to replace it")
        self._handlers[name] = handler

    def find(self, side: type[Any], kind: Any, protocol: str, form: str) -> AnyHandler | None:
        """Return the handler for a class, a scheme and a format; those built in where none was registered."""
        for scheme in (protocol, GENERIC):
            for each in (form, GENERIC):
                found = self._handlers.get((side, kind, scheme, each))
                if found is not None:
                    return found
        if not form:
            default = self.default_formats.get(kind)
            if default:
                return self.find(side, kind, protocol, default)
            fitting = (name for name in self._handlers if name[:2] == (side, kind) and name[2] in (protocol, GENERIC))
            return next((self._handlers[name] for name in fitting), None)
        return None

    def knows(self, kind: Any) -> bool:
        """Whether a handler was registered for the class."""
        return any(name[1] is kind for name in self._handlers)


def built_in(side: type[Any], kind: Any, form: str) -> AnyHandler:
    """Return the handler for a class of pandas, polars or pyarrow.

    :raises UsageError: the class is of none of them.
    """
    library_of(kind)
    if form not in (GENERIC, *FORMATS):
        raise DeclarationError("format", form, f"it is one of {', '.join(FORMATS)}")
    return BuiltInEncoder(kind) if side is DataFrameEncoder else BuiltInDecoder(kind)


registered = Registry()
