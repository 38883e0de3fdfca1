"""Fetches raw data."""


async def fetch_data(url: str) -> dict:
    """Return raw data as if it had come from the address."""
    return {"url": url, "values": [1, None, 3]}
