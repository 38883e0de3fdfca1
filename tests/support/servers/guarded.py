"""Runs a command for as long as standard input stays open: a server ends with the tests, however they end."""

from __future__ import annotations

import subprocess
import sys


def main() -> int:
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    try:
        sys.stdin.buffer.read()
    finally:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
