"""The local cache on disk: entries by key, and locks that let one process at a time work on a key."""
