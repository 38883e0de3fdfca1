"""What BuildKit prints under ``--progress plain``, read line by line: steps, their output, and what failed where."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

KEPT_LINES = 60
"""Lines of a step's output that an error shows at most."""

# "#7 [stage-0 2/5] RUN …", "#7 0.345 some output", "#7 DONE 1.2s", "#7 CACHED", "#7 ERROR: …"
_NUMBERED = re.compile(r"#(\d+) (.*)")
# Before the place: the platform where several are built, and the stage where there are several.
_STEP = re.compile(r"\[(?P<platform>\w+/\S+ )?(?:\S+ )?\s*(?P<place>\d+/\d+)\] (?P<instruction>.*)")
_TIMED = re.compile(r"\d+\.\d+ (.*)")
_DONE = re.compile(r"DONE (\d+(?:\.\d+)?)s$")
_PLACE = re.compile(r"(?P<file>\S+):(?P<line>\d+)$")
_MARKED = re.compile(r"\s*(\d+) \| >>> ")
_FINAL = re.compile(r"(?:ERROR|error): (?:failed to solve: |failed to build: )*(.*)")


@dataclass
class Step:
    """One step of the build: its place, such as ``2/5`` or ``linux/arm64 2/5``, and the end of its output."""

    title: str
    place: str = ""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    error: str = ""


class BuildOutput:
    """Takes the lines of one build as they come.

    After the end, `failed` is the step that failed, `line` the line of the Dockerfile that it came from (0 where that
    is unknown), and `reason` BuildKit's last word.
    """

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.failed: Step | None = None
        self.line = 0
        self.reason = ""
        self.tail: deque[str] = deque(maxlen=KEPT_LINES)

    def take(self, line: str) -> str | None:
        """Take one line; return what a person wants to see of it, None for what is BuildKit's own business."""
        line = line.rstrip()
        if not line:
            return None
        numbered = _NUMBERED.match(line)
        if numbered is None:
            self._around(line)
            return None
        number, said = numbered.groups()
        step = self.steps.get(number)
        if step is None:
            return self._begun(number, said)
        if said.startswith("ERROR: "):
            step.error = said.removeprefix("ERROR: ")
            if step.place or self.failed is None:
                self.failed = step
            return f"  failed: {step.error}"
        if not step.place and not step.title.startswith(("exporting", "pushing")):
            return None
        if said == "CACHED":
            return f"{_headline(step)} (cached)"
        if done := _DONE.match(said):
            return f"  {done[1]} s" if step.place and float(done[1]) >= 1 else None
        timed = _TIMED.match(said)
        text = timed[1] if timed else said
        if text == step.title:
            return None
        step.lines.append(text)
        return f"  {text}" if step.place else None

    def _begun(self, number: str, said: str) -> str | None:
        found = _STEP.match(said)
        if found:
            place = (found["platform"] or "") + found["place"]
            self.steps[number] = step = Step(found["instruction"], place)
            return _headline(step)
        self.steps[number] = Step(said)
        return said if said.startswith(("exporting to", "pushing")) else None

    def _around(self, line: str) -> None:
        """Take what is printed after the steps: the failing lines of the Dockerfile, and the last word."""
        self.tail.append(line)
        marked = _MARKED.match(line)
        place = _PLACE.match(line)
        if self.line == 0 and marked:
            self.line = int(marked[1])
        elif self.line == 0 and place and self.failed is not None:
            self.line = int(place["line"])
        if final := _FINAL.match(line):
            self.reason = final[1]


def _headline(step: Step) -> str:
    return f"[{step.place}] {step.title}" if step.place else step.title
