"""What runs an attempt of an action on this machine: a protocol, and one file for each way."""
