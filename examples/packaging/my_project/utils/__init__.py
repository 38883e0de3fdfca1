"""The logic, which knows nothing of tasks."""
