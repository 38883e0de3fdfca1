"""What Buildah, which builds for Podman, prints: steps, their output, and what failed where."""

from __future__ import annotations

import re

from flytectl_py.builders.build_steps import BuildSteps, Step

# "STEP 2/5: RUN …"; with several stages, or several platforms, "[2/3] STEP 2/5: RUN …" or "[linux/arm64] …"
_STEP = re.compile(r"(?:\[(?P<stage>[^\]]+)\] )*STEP (?P<number>\d+)/(?P<of>\d+): (?P<instruction>.*)")
_FAILED = re.compile(r"Error: (?:building at STEP \".*\": )?(?P<why>.*)")
_OWN = (
    "--> ",
    "COMMIT ",
    "Copying blob ",
    "Copying config ",
    "Getting image source signatures",
    "Storing signatures",
    "Successfully tagged ",
    "Trying to pull ",
    "Writing manifest to image destination",
)


class BuildahOutput(BuildSteps):
    """Reads what ``podman build`` prints.

    :param dockerfile: its text, since Buildah says of a step which one it is, and not on which line it stands.
    """

    def __init__(self, dockerfile: str) -> None:
        super().__init__()
        self._stages = instruction_lines(dockerfile)
        self._step: Step | None = None
        self._line = 0

    def take(self, line: str) -> str | None:
        line = line.rstrip()
        if not line:
            return None
        if found := _STEP.match(line):
            place = f"{found['number']}/{found['of']}"
            self._step = Step(found["instruction"], place)
            self._line = self._line_of(found["stage"] or "", int(found["number"]))
            return self._step.headline
        if failed := _FAILED.match(line):
            # Steps may print such lines as well; the last one is Buildah's.
            self.reason = failed["why"]
            if self._step is not None and "building at STEP" in line:
                self._step.error = self.reason.rpartition("while running runtime: ")[2]
                self.failed, self.line = self._step, self._line
                return f"  failed: {self._step.error}"
        if line.startswith("--> Using cache"):
            return "  cached"
        if line.startswith(_OWN) or re.fullmatch(r"\[\S+\] COMMIT .*|[0-9a-f]{64}", line):
            return None
        if self._step is not None:
            self._step.lines.append(line)
        return f"  {line}"

    def _line_of(self, stage: str, number: int) -> int:
        """Return the line of a step; a stage is named by its place among those that are built, such as ``2/2``."""
        place = int(stage.partition("/")[0]) if re.fullmatch(r"\d+/\d+", stage) else len(self._stages)
        lines = self._stages[place - 1] if 0 < place <= len(self._stages) else []
        return lines[number - 1] if 0 < number <= len(lines) else 0


def instruction_lines(dockerfile: str) -> list[list[int]]:
    """Return for each stage the lines (from 1) on which its instructions begin, that of FROM first."""
    stages: list[list[int]] = []
    continued = False
    for number, line in enumerate(dockerfile.splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not continued:
            if text[:5].upper() == "FROM ":
                stages.append([])
            if stages:
                stages[-1].append(number)
        continued = text.endswith("\\")
    return stages
