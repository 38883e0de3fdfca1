"""A pipeline from raw data to an analysis."""
