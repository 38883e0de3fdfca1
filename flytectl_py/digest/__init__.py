"""Values and bytes to names: the encoding under every hash, and the name of a code bundle."""
