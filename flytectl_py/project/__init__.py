"""The user's project on disk: its root, its modules, its files."""
