"""The edge to a Flyte 2 control plane: calls over the Connect protocol, log-in, uploads."""
