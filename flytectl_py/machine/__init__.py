"""A Flyte control plane on one machine: its state, its services, what runs the tasks, and its server."""
