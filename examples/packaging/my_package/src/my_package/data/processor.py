"""Cleans raw data."""


def clean_data(raw_data: dict) -> list[dict]:
    """Return one row for each value that is there."""
    return [{"value": value} for value in raw_data["values"] if value is not None]
