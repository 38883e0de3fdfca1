"""What BuildKit prints under ``--progress plain``, read line by line: steps, their output, and what failed where."""

from __future__ import annotations

import re

from flytectl_py.builders.build_steps import BuildSteps, Step

# "#7 [stage-0 2/5] RUN …", "#7 0.345 some output", "#7 DONE 1.2s", "#7 CACHED", "#7 ERROR: …"
_NUMBERED = re.compile(r"#(\d+) (.*)")
# Before the place: the platform where several are built, and the stage where there are several.
_STEP = re.compile(r"\[(?P<platform>\w+/\S+ )?(?:\S+ )?\s*(?P<place>\d+/\d+)\] (?P<instruction>.*)")
_TIMED = re.compile(r"\d+\.\d+(?: (.*))?$")
_DONE = re.compile(r"DONE (\d+(?:\.\d+)?)s$")
_PLACE = re.compile(r"(?P<file>\S+):(?P<line>\d+)$")
_MARKED = re.compile(r"\s*(\d+) \| >>> ")
_FINAL = re.compile(r"(?:ERROR|error): (?:failed to solve: |failed to build: )*(.*)")


class BuildKitOutput(BuildSteps):
    """Reads what ``docker buildx build --progress=plain`` prints."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: dict[str, Step] = {}

    def take(self, line: str) -> str | None:
        line = line.rstrip()
        if not line:
            return None
        numbered = _NUMBERED.match(line)
        if numbered is None:
            self._around(line)
            return None
        number, said = numbered.groups()
        step = self._steps.get(number)
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
            return "  cached"
        if done := _DONE.match(said):
            return f"  {done[1]} s" if step.place and float(done[1]) >= 1 else None
        timed = _TIMED.match(said)
        text = timed[1] if timed else said
        if not text or text == step.title:
            return None
        step.lines.append(text)
        return f"  {text}" if step.place else None

    def _begun(self, number: str, said: str) -> str | None:
        found = _STEP.match(said)
        if found:
            place = (found["platform"] or "") + found["place"]
            self._steps[number] = step = Step(found["instruction"], place)
            return step.headline
        self._steps[number] = Step(said)
        return said if said.startswith(("exporting to", "pushing")) else None

    def _around(self, line: str) -> None:
        """Take what is printed after the steps: the failing lines of the Dockerfile, and the last word."""
        marked = _MARKED.match(line)
        place = _PLACE.match(line)
        if self.line == 0 and marked:
            self.line = int(marked[1])
        elif self.line == 0 and place and self.failed is not None:
            self.line = int(place["line"])
        if final := _FINAL.match(line):
            self.reason = final[1]
