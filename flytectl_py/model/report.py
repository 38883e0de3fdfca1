"""Report and Tab: what a task shows of itself besides its outputs, and the HTML page that it becomes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAIN = "main"
"""The tab that every report has, and that comes first."""

PAGE = Path("report.html")
"""Stands for the page below."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: #1c1c28; background: #fff; }
header { padding: 1rem 1.5rem 0; border-bottom: 1px solid #d8d8e0; }
h1 { margin: 0 0 .75rem; font-size: 1.1rem; font-weight: 600; }
input.tab { position: absolute; opacity: 0; }
label { display: inline-block; padding: .4rem .9rem; cursor: pointer; border-bottom: 3px solid transparent; }
section { display: none; padding: 1.25rem 1.5rem; overflow-x: auto; }
p.text { margin: 0 0 .5rem; white-space: pre-wrap; }
table { border-collapse: collapse; } td, th { border: 1px solid #d8d8e0; padding: .2rem .6rem; text-align: left; }
@media (prefers-color-scheme: dark) { body { color: #e8e8f0; background: #17171f; } }
$rules
</style>
</head>
<body>
$inputs
<header><h1>$title</h1><nav>$labels</nav></header>
$sections
</body>
</html>
"""


class HTML(str):
    """Text that is HTML already, and goes into a report as it is: ``log(HTML("<b>x</b>"))``."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def as_html(content: object) -> str:
    """Return `content` as HTML: what says that it is HTML as it is, any other as text, escaped.

    That is what has a method ``__html__`` (`HTML`, markupsafe) or ``_repr_html_`` (tables and plots, as in notebooks).
    """
    for name in ("__html__", "_repr_html_"):
        method: Callable[[], str | None] | None = getattr(content, name, None)
        found = None if method is None or isinstance(content, type) else method()
        if found is not None:
            return str(found)
    from html import escape

    return f'<p class="text">{escape(str(content))}</p>'


@dataclasses.dataclass
class Tab:
    """One tab of a report. `content` holds its parts as HTML, in order."""

    name: str
    content: list[str] = dataclasses.field(default_factory=list)

    def log(self, content: Any) -> None:
        """Add `content`: text, or what is HTML (see `HTML`)."""
        self.content.append(as_html(content))

    def replace(self, content: Any) -> None:
        """Show nothing but `content`."""
        self.content = [as_html(content)]

    def get_html(self) -> str:
        """Return what the tab shows."""
        return "\n".join(self.content)


@dataclasses.dataclass
class Report:
    """What one action reports, in tabs.

    :param name: the title of the page.
    :param template_path: an HTML file to use instead of the built-in page, with ``$title``, ``$labels`` and
        ``$sections`` (``$inputs`` and ``$rules`` make the tabs switch without scripts).
    """

    name: str
    tabs: dict[str, Tab] = dataclasses.field(default_factory=dict)
    template_path: Path = dataclasses.field(default_factory=lambda: PAGE)

    def __post_init__(self) -> None:
        self.tabs = {MAIN: Tab(MAIN), **self.tabs}

    def get_tab(self, name: str, create_if_missing: bool = True) -> Tab:
        """Return the tab of that name.

        :raises ValueError: there is none, and none is to be made.
        """
        if name not in self.tabs:
            if not create_if_missing:
                raise ValueError(f"the report has no tab '{name}'; it has: {', '.join(self.tabs)}")
            self.tabs[name] = Tab(name)
        return self.tabs[name]

    def get_final_report(self) -> str:
        """Return the page, with everything that it needs inside."""
        if self.template_path == PAGE:
            return self.page(_PAGE)
        from flytectl_py.model.world import the_data

        return self.page(the_data().text_of(str(self.template_path)))

    def page(self, template: str) -> str:
        """Return `template` filled in. A tab that shows nothing is left out, unless all do."""
        from html import escape
        from string import Template

        shown = [tab for tab in self.tabs.values() if tab.content] or [self.tabs[MAIN]]
        rules, inputs, labels, sections = [], [], [], []
        for number, tab in enumerate(shown):
            mark = f"tab{number}"
            checked = " checked" if number == 0 else ""
            inputs.append(f'<input class="tab" type="radio" name="tabs" id="{mark}"{checked}>')
            labels.append(f'<label for="{mark}">{escape(tab.name)}</label>')
            sections.append(f'<section class="{mark}">\n{tab.get_html()}\n</section>')
            rules.append(
                f"#{mark}:checked ~ section.{mark} {{ display: block; }}\n"
                f'#{mark}:checked ~ header label[for="{mark}"] {{ border-color: #5b5bd6; font-weight: 600; }}'
            )
        return Template(template).safe_substitute(
            title=escape(self.name),
            rules="\n".join(rules),
            inputs="\n".join(inputs),
            labels="".join(labels),
            sections="\n".join(sections),
        )
