"""What runs tasks: the protocol, the registry of names, and one file per engine."""
