"""What is seen of builds under way where nothing can be drawn over."""

from __future__ import annotations

import threading
import time

from flytectl_py.cli.build_screen import BuildLines
from flytectl_py.cli.output import Output


class Slow(Output):
    """Takes a while over each line, and knows whether another came meanwhile."""

    saying = 0
    most = 0
    said: list[str]

    def note(self, text: str) -> None:
        self.saying += 1
        self.most = max(self.most, self.saying)
        time.sleep(0.002)
        self.said.append(text)
        self.saying -= 1


def test_lines_of_builds_side_by_side_are_said_one_after_another() -> None:
    output = Slow()
    output.said = []
    lines = BuildLines(output, several=True)
    threads = [
        threading.Thread(target=lambda label=label: [lines(label, str(n)) for n in range(10)]) for label in "abc"
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert output.most == 1
    assert sorted(output.said) == sorted(f"{label}: {n}" for label in "abc" for n in range(10))
