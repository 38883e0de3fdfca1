"""The settings of a command, by its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.config.resolution import Settings


def settings_of(options: Mapping[str, Any], output: Output) -> Settings:
    """Settle the settings, as the options, the environment and the configuration say, and tell what was odd.

    :raises ConfigError, DeclarationError: as the settings do.
    """
    return settled(options, output, headless=options.get("headless"))


def settled(options: Mapping[str, Any], output: Output, **given: Any) -> Settings:
    """As `settings_of`, with further settings that options gave. What was odd is told once in a command."""
    from flytectl_py.config import settings as config

    before = config.settings()
    settings = config.set_flags(
        options.get("config"),
        endpoint=options.get("endpoint"),
        insecure=options.get("insecure"),
        org=options.get("org"),
        project=options.get("project"),
        domain=options.get("domain"),
        **given,
    )
    if before is None or before.warnings != settings.warnings:
        for warning in settings.warnings:
            output.note(warning)
    return settings
