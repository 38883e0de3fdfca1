"""The dict and JSON forms of settings, by dataclasses_json as in flytekit."""

import warnings
from typing import Any

from dataclasses_json import DataClassJsonMixin


class JsonForm(DataClassJsonMixin):
    """`to_dict`, `from_dict`, `to_json`, `from_json` and `schema` for a dataclass."""

    @classmethod
    def schema(cls, **options: Any) -> Any:
        """Return the schema of marshmallow; `options` are its constructor's."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dataclasses_json speaks to marshmallow 3 as to marshmallow 2
            return super().schema(**options)
