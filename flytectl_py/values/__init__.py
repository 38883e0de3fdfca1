"""Python values to and from command-line text and JSON; no input or output of its own."""
