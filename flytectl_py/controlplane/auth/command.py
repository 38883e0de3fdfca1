"""Tokens that a program of the user's own prints."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from flytectl_py.controlplane.api import NotLoggedInError
from flytectl_py.controlplane.auth.tokens import Token, fits_a_header

SECONDS = 120.0
ENDING_SECONDS = 5.0
"""For which the end of a program that was killed is waited for."""


class Command:
    """Runs a program; the last line of what it prints is the token. What it says on stderr the person sees.

    :param setting: where the command was said, for messages.
    """

    def __init__(self, words: Sequence[str], setting: str) -> None:
        self._words = tuple(words)
        self._setting = setting

    async def refresh(self, token: Token) -> Token | None:
        """There is no need: the program gives another one."""
        return None

    async def fetch(self) -> Token:
        """Run it. :raises NotLoggedInError: it cannot be run, fails, prints nothing, or does not end."""
        try:
            process = await asyncio.create_subprocess_exec(*self._words, stdout=asyncio.subprocess.PIPE)
        except OSError as error:
            raise self._error(f"cannot be run: {error.strerror}") from None
        try:
            async with asyncio.timeout(SECONDS):
                printed, _ = await process.communicate()
        except TimeoutError:
            raise self._error(f"has not ended after {SECONDS:.0f} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            # Else its end finds the loop closed, which the library complains of.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), ENDING_SECONDS)
        if process.returncode:
            raise self._error(f"failed with exit code {process.returncode}")
        lines = printed.decode("utf-8", "replace").split()
        if not lines:
            raise self._error("printed no token")
        if not fits_a_header(lines[-1]):
            raise self._error("printed control characters, such as colours, in its token")
        return Token(lines[-1])

    def _error(self, what: str) -> NotLoggedInError:
        # Its arguments may hold secrets; its name says enough.
        return NotLoggedInError(
            f"cannot log in: the command '{self._words[0]}' {what}",
            hint=f"try it in a shell, and correct {self._setting}",
            where=self._setting,
            rpc_code="unauthenticated",
        )
