"""How large a bundle may be before it is taken for a mistake or an attack; the same for packing and unpacking."""

from __future__ import annotations

from dataclasses import dataclass

from flytectl_py.errors import BundleError

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold.

    :param files: entries, folders counted.
    :param total_bytes: the unpacked size.
    :param ratio: unpacked bytes for each packed one, looked at once more than `ratio_from` bytes are unpacked.
    """

    files: int = 500_000
    total_bytes: int = 16 * GIB
    ratio: int = 200
    ratio_from: int = GIB

    def check_size(self, files: int, total_bytes: int, *, where: str = "") -> None:
        """Check what is known from a list.

        :raises BundleError: it is too much.
        """
        if files > self.files:
            raise BundleError(
                f"more than {self.files:,} files in one bundle", hint="leave some out, with .flyteignore", where=where
            )
        if total_bytes > self.total_bytes:
            raise BundleError(
                f"more than {self.total_bytes / GIB:.3g} GiB in one bundle",
                hint="leave out what is not code: data belongs into a flyte.io.File or Dir",
                where=where,
            )

    def check_ratio(self, packed: int, unpacked: int, where: str = "") -> None:
        """Check the bytes so far on either side of the compressor; what passes while packing passes while unpacking.

        :raises BundleError: it came out too many times larger.
        """
        if unpacked > self.ratio_from and unpacked > packed * self.ratio:
            raise BundleError(
                f"the archive unpacks to more than {self.ratio} times its size ({unpacked:,} bytes so far)",
                hint="if that is what it should hold, keep large empty files out of the bundle",
                where=where,
            )


DEFAULT_LIMITS = Limits()
