"""Types, values and plans to and from the messages of a Flyte 2 cluster; no input or output of its own."""
