"""``python -m flytectl_py`` is ``flyte``."""

from flytectl_py.cli.start import main

if __name__ == "__main__":
    main()
