"""What is kept of runs on this machine: written as journals while they run, gathered in one SQLite file."""
