"""Files, folders and tables: where their data is, and how it is read, written and sent."""
