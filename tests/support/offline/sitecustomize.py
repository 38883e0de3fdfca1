"""Python imports this at start-up of every process a test starts, because its folder is on their PYTHONPATH."""

import refuse_network  # type: ignore[import-not-found]  # on the PYTHONPATH of those processes only

refuse_network.install()
