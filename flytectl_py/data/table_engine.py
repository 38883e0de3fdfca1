"""DataFrameTransformerEngine: where users register encoders and decoders, and what is done with them."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, Protocol, get_origin

from flytectl_py.data.table_handlers import (
    AnyHandler,
    DataFrameDecoder,
    DataFrameEncoder,
    StoredTable,
    built_in,
    registered,
)
from flytectl_py.errors import DeclarationError, RuntimeDataValidationError
from flytectl_py.model.tables import DataFrame


class Renderable(Protocol):
    """Shows a table in a report."""

    def to_html(self, df: Any) -> str:
        """Return `df` as HTML."""


class DataFrameTransformerEngine:
    """Turns tables into messages and back, by the encoder and the decoder of their class."""

    Handlers = AnyHandler
    renderers: ClassVar[dict[Any, Renderable]] = {}

    @property
    def name(self) -> str:
        """What it is called."""
        return "DataFrame"

    @property
    def python_type(self) -> type[DataFrame]:
        """What it turns into messages."""
        return DataFrame

    @property
    def type_assertions_enabled(self) -> bool:
        """Whether `assert_type` is asked before."""
        return True

    @classmethod
    def register(
        cls,
        h: AnyHandler,
        default_for_type: bool = False,
        override: bool = False,
        default_format_for_type: bool = False,
        default_storage_for_type: bool = False,
    ) -> None:
        """Use `h` for the class, the schemes and the format that it names.

        :param default_for_type: it is also the one where no format and no scheme is asked for; so are
            `default_format_for_type` for formats and `default_storage_for_type` for schemes.
        :param override: replace one that there is.
        :raises DeclarationError: it is no handler, or there is one.
        """
        protocols = [h.protocol, *(h.additional_protocols if isinstance(h, DataFrameDecoder) else [])]
        for protocol in protocols:
            cls.register_for_protocol(
                h, protocol or "", default_for_type, override, default_format_for_type, default_storage_for_type
            )

    @classmethod
    def register_for_protocol(
        cls,
        h: AnyHandler,
        protocol: str,
        default_for_type: bool,
        override: bool,
        default_format_for_type: bool,
        default_storage_for_type: bool,
    ) -> None:
        """As `register`, for one scheme; an empty one is all."""
        registered.add(h, protocol, override=override)
        if (default_for_type or default_format_for_type) and h.supported_format:
            registered.default_formats[h.python_type] = h.supported_format
        if (default_for_type or default_storage_for_type) and protocol:
            registered.add(h, None, override=override)

    @classmethod
    def register_renderer(cls, python_type: Any, renderer: Renderable) -> None:
        """Let `renderer` make the HTML of tables of a class."""
        cls.renderers[python_type] = renderer

    @classmethod
    def get_encoder(cls, df_type: Any, protocol: str, format: str) -> DataFrameEncoder:  # noqa: A002  the API's
        """Return who writes tables of a class to a scheme in a format.

        :raises UsageError: nobody does.
        """
        return _found(DataFrameEncoder, df_type, protocol, format)  # type: ignore[return-value]  # of that side

    @classmethod
    def get_decoder(cls, df_type: Any, protocol: str, format: str) -> DataFrameDecoder:  # noqa: A002  the API's
        """Return who reads tables of a class from a scheme in a format.

        :raises UsageError: nobody does.
        """
        return _found(DataFrameDecoder, df_type, protocol, format)  # type: ignore[return-value]  # of that side

    async def encode(
        self,
        sd: DataFrame,
        df_type: Any,
        protocol: str,
        format: str,  # noqa: A002  the API's
        structured_literal_type: Any,
    ) -> Any:
        """Write the table in memory that `sd` holds, and return what stands for it in a message."""
        from flytectl_py.wire.frames import literal_of

        stored = await self.get_encoder(df_type, protocol, format).encode(sd, structured_literal_type)
        return literal_of(stored.uri, _format(stored) or format)

    async def open_as(self, sd: Any, df_type: Any, updated_metadata: Any) -> Any:
        """Return the whole table that the message `sd` stands for, as one of `df_type`."""
        found = await self._decoded(sd, df_type, updated_metadata)
        return await _joined(found) if isinstance(found, AsyncIterator) else found

    async def iter_as(self, sd: Any, df_type: Any, updated_metadata: Any) -> AsyncIterator[Any]:
        """Yield the table that the message `sd` stands for in parts, each one of `df_type`."""
        found = await self._decoded(sd, df_type, updated_metadata)
        if isinstance(found, AsyncIterator):
            async for each in found:
                yield each
        else:
            yield found

    async def _decoded(self, sd: Any, df_type: Any, metadata: Any) -> Any:
        found = self.get_decoder(df_type, scheme_of(sd.uri), _format(sd)).decode(sd, metadata)
        return await found if inspect.isawaitable(found) else found

    def assert_type(self, t: Any, v: Any) -> None:
        """Raise RuntimeDataValidationError unless `v` is a table that may stand for `t`."""
        if isinstance(v, DataFrame) or (isinstance(t, type) and isinstance(v, t)) or registered.knows(type(v)):
            return
        raise RuntimeDataValidationError("table", f"a {type(v).__name__} is no {getattr(t, '__name__', t)}")

    def isinstance_generic(self, obj: Any, generic_alias: Any) -> bool:
        """Whether `obj` is of the class behind an alias such as ``File[str]``."""
        return isinstance(obj, get_origin(generic_alias) or generic_alias)

    async def dict_to_dataframe(self, dict_obj: Mapping[str, str], expected_python_type: Any) -> Any:
        """Return the table that `DataFrame.to_dict` gave, as a DataFrame or one of another class of tables."""
        table = DataFrame.from_dict(dict_obj)
        if issubclass(expected_python_type, DataFrame):
            return table
        return await self.open_as(StoredTable(table.uri or "", table.format), expected_python_type, None)

    async def from_binary_idl(self, binary_idl_object: Any, expected_python_type: Any) -> Any:
        """Return the table that a message of MessagePack stands for.

        :raises DeclarationError: it is of another form.
        """
        if binary_idl_object.tag != "msgpack":
            raise DeclarationError("binary", binary_idl_object.tag, "tables travel as msgpack")
        import msgpack

        return await self.dict_to_dataframe(msgpack.unpackb(binary_idl_object.value), expected_python_type)

    def get_literal_type(self, t: Any) -> Any:
        """Return the type of the message that stands for a table of class `t`."""
        from flytectl_py.wire.types import literal_type

        return literal_type(t)

    def guess_python_type(self, literal_type: Any) -> Any:
        """Return the class for a message's type.

        :raises DeclarationError: it is not the type of a table.
        """
        if not literal_type.HasField("structured_dataset_type"):
            raise DeclarationError("literal_type", literal_type, "it is not the type of a table")
        return DataFrame

    async def to_literal(self, python_val: Any, python_type: Any, expected: Any) -> Any:
        """Return the message that stands for a table, having written it where it was not."""
        from flytectl_py.wire.frames import literal_of

        self.assert_type(python_type, python_val)
        table = python_val if isinstance(python_val, DataFrame) else DataFrame.from_df(python_val)
        from flytectl_py.data.aside import aside

        done = await aside(table.saved)
        return literal_of(done.uri or "", done.format, table.hash)

    async def to_python_value(self, lv: Any, expected_python_type: Any) -> Any:
        """Return the table that the message `lv` stands for, as a DataFrame or one of another class of tables."""
        if lv.HasField("scalar") and lv.scalar.HasField("binary"):
            return await self.from_binary_idl(lv.scalar.binary, expected_python_type)
        stored = lv.scalar.structured_dataset
        if isinstance(expected_python_type, type) and issubclass(expected_python_type, DataFrame):
            return expected_python_type(uri=stored.uri, format=_format(stored))
        return await self.open_as(stored, expected_python_type, None)

    def to_html(self, python_val: Any, expected_python_type: Any) -> str:
        """Return the table as HTML for a report."""
        value = python_val.val if isinstance(python_val, DataFrame) else python_val
        renderer = self.renderers.get(type(value)) or self.renderers.get(expected_python_type)
        if renderer is not None:
            return renderer.to_html(value)
        if value is None:
            from html import escape

            return f"<p>{escape(repr(python_val))}</p>"
        from flytectl_py.data.arrow import to_arrow

        rows = to_arrow(value).slice(0, 50)
        return html_table(rows.column_names, [list(row.values()) for row in rows.to_pylist()])


def html_table(names: list[str], rows: list[list[Any]]) -> str:
    """Return rows as an HTML table; their text is escaped."""
    from html import escape

    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(each))}</td>" for each in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def scheme_of(uri: str) -> str:
    """Return the scheme of a URI; ``file`` for a path."""
    return uri.partition("://")[0].lower() if "://" in uri else "file"


def lazy_import_dataframe_handler() -> None:
    """Load the libraries for tables that are installed, so that the first table does not wait for them."""
    from contextlib import suppress
    from importlib import import_module

    from flytectl_py.data.arrow import LIBRARIES

    for library in LIBRARIES:
        with suppress(ImportError):
            import_module(library)


def _found(side: type[Any], kind: Any, protocol: str, form: str) -> AnyHandler:
    return registered.find(side, kind, protocol.removesuffix("://"), form.lower()) or built_in(side, kind, form.lower())


def _format(stored: Any) -> str:
    from flytectl_py.data.table_handlers import format_in

    return format_in(stored)


async def _joined(parts: AsyncIterator[Any]) -> Any:
    """Return the parts of a table as one."""
    from flytectl_py.data.arrow import from_arrow, pyarrow, to_arrow

    found = [each async for each in parts]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DeclarationError("decode", found, "a decoder gave no part at all of the table")
    return from_arrow(pyarrow().concat_tables([to_arrow(each) for each in found]), type(found[0]))
