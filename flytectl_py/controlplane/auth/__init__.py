"""Logging in to a control plane: the ways to get a token, and where tokens are kept."""
