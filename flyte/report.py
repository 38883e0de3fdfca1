"""What a task shows of itself in a page of HTML: text, tables and plots, in tabs."""

from __future__ import annotations

from flytectl_py.model.report import HTML, Report, Tab
from flytectl_py.report import current_report, flush, get_tab, log, replace

__all__ = ["HTML", "Report", "Tab", "current_report", "flush", "get_tab", "log", "replace"]
