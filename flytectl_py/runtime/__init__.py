"""What runs inside a container: the program `a0`, which runs one action of a run and writes its outcome."""
